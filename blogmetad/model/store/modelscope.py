"""ModelScope, for those who cannot reach Hugging Face. Its owners publish Qwen there under the same names.

MODELSCOPE_ENDPOINT names another address, MODELSCOPE_API_TOKEN a key.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from blogmetad.model.store import access
from blogmetad.model.store.hub import CONNECT, READ, HubError, HubFile, refusal, unreachable

TITLE, ADDRESS, KEY = "ModelScope", "MODELSCOPE_ENDPOINT", "MODELSCOPE_API_TOKEN"
OFFICIAL = "https://www.modelscope.cn"
REVISION = "master"


@dataclass(frozen=True, slots=True)
class ModelScope:
    """A Hub. ``endpoint`` is its address, without a slash at its end."""

    endpoint: str = OFFICIAL

    @property
    def title(self) -> str:
        """What people call it, and which mirror is asked."""
        return TITLE if self.endpoint == OFFICIAL else f"{TITLE} ({self.endpoint})"

    @property
    def address_variable(self) -> str:
        """The environment variable that names another address."""
        return ADDRESS

    @property
    def key_variable(self) -> str:
        """The environment variable from which it takes the user's key."""
        return KEY

    def listing(self, repository: str, timeout: float = READ) -> tuple[HubFile, ...]:
        """The files of a repository."""
        access.check(self)
        query = urlencode({"Revision": REVISION, "Recursive": "True"})
        address = f"{self.endpoint}/api/v1/models/{quote(repository)}/repo/files?{query}"
        try:
            limits = httpx.Timeout(timeout, connect=min(timeout, CONNECT))
            response = httpx.get(address, headers=self.headers(), timeout=limits, follow_redirects=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise unreachable(self, self.endpoint, str(error) or type(error).__name__) from error
        if not response.is_success:
            raise refusal(self, response.status_code, _said(response), response.headers.get("Retry-After"))
        try:
            answer = response.json()
            if answer.get("Code", 200) != 200:
                raise refusal(self, int(answer["Code"]), str(answer.get("Message", "")))
            return tuple(_file(entry) for entry in answer["Data"]["Files"] if entry.get("Type") != "tree")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            cause = f"what answers at {self.endpoint} is no hub ({type(error).__name__}: {error})"
            hint = "Check MODELSCOPE_ENDPOINT, and whether this network wants a login first."
            raise HubError(cause[:300], hint) from error

    def address(self, repository: str, file: str) -> str:
        """Where a file is fetched."""
        query = urlencode({"Revision": REVISION, "FilePath": file})
        return f"{self.endpoint}/api/v1/models/{quote(repository)}/repo?{query}"

    def headers(self) -> Mapping[str, str]:
        """Who asks, and the user's key."""
        key = os.environ.get(KEY, "").strip()
        return {"User-Agent": "blogmetad"} | ({"Authorization": f"Bearer {key}"} if key else {})


def configured() -> ModelScope:
    """The hub as the environment says."""
    return ModelScope(os.environ.get(ADDRESS, "").strip().rstrip("/") or OFFICIAL)


def _file(entry: Mapping[str, Any]) -> HubFile:
    hash_ = str(entry.get("Sha256") or "").lower()
    return HubFile(str(entry["Path"]), int(entry["Size"]), hash_ or None)


def _said(response: httpx.Response) -> str:
    try:
        return str(response.json()["Message"])
    except (ValueError, KeyError, TypeError):
        return ""
