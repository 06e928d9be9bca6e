"""Hugging Face, or a mirror of it that HF_ENDPOINT names. A key is taken from HF_TOKEN or from ``hf auth login``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blogmetad.model.store import access
from blogmetad.model.store.hub import READ, HubError, HubFile, refusal, unreachable

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

TITLE, ADDRESS, KEY = "Hugging Face", "HF_ENDPOINT", "HF_TOKEN"
OFFICIAL = "https://huggingface.co"


@dataclass(frozen=True, slots=True)
class HuggingFace:
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
        """The files of a repository; the hub knows the SHA-256 of every large one."""
        access.check(self)
        _be_quiet()
        import httpx2
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError

        try:
            api = HfApi(endpoint=self.endpoint, library_name="blogmetad")
            info = api.model_info(repository, files_metadata=True, timeout=timeout)
            return tuple(_file(sibling) for sibling in info.siblings or ())
        except HfHubHTTPError as error:
            headers = error.response.headers
            said = headers.get("X-Error-Message", "")
            raise refusal(self, error.response.status_code, said, headers.get("Retry-After")) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise unreachable(self, self.endpoint, str(error) or type(error).__name__) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            cause = f"what answers at {self.endpoint} is no hub ({type(error).__name__}: {error})"
            raise HubError(cause[:300], "Check HF_ENDPOINT, and whether this network wants a login first.") from error

    def address(self, repository: str, file: str) -> str:
        """Where a file is fetched."""
        _be_quiet()
        from huggingface_hub import hf_hub_url

        return hf_hub_url(repository, file, endpoint=self.endpoint)

    def headers(self) -> Mapping[str, str]:
        """Who asks, and the user's key."""
        _be_quiet()
        from huggingface_hub import get_token

        key = get_token()
        return {"User-Agent": "blogmetad"} | ({"Authorization": f"Bearer {key}"} if key else {})


def configured() -> HuggingFace:
    """The hub as the environment says."""
    return HuggingFace(os.environ.get(ADDRESS, "").strip().rstrip("/") or OFFICIAL)


def _be_quiet() -> None:
    """Have the library tell the hub nothing about this machine, and ask it nothing we did not ask.

    It reads this when it is imported, which is done late: most commands need no hub.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def _file(sibling: RepoSibling) -> HubFile:
    if sibling.lfs is not None:
        return HubFile(sibling.rfilename, int(sibling.lfs.size), str(sibling.lfs.sha256).lower())
    return HubFile(sibling.rfilename, int(sibling.size or 0), None)
