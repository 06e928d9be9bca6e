"""The key of a server: read when it is needed, from where it is kept, and never shown."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

from blogmetad.config import Server
from blogmetad.model.proposal import ModelUnavailable

LONGEST = 16 * 1024


def read(server: Server) -> SecretStr | None:
    """The key from the credential or the environment variable the configuration names; None if it names neither.

    Raises ModelUnavailable if there is no key where one should be. No message has any of the key in it.
    """
    if server.key_credential:
        where = f"the credential '{server.key_credential}'"
        key = _credential(server.key_credential)
    elif server.key_variable:
        where = f"the environment variable {server.key_variable}"
        key = SecretStr(os.environ.get(server.key_variable, "").strip())
    else:
        return None
    if not key.get_secret_value():
        raise ModelUnavailable(f"{where}, which should hold the key of {server.url}, is empty or not set")
    if not _is_sendable(key):
        raise ModelUnavailable(f"{where} does not hold a key: it has spaces, line breaks or non-ASCII characters in it")
    return key


def _credential(name: str) -> SecretStr:
    """What systemd (LoadCredential=, LoadCredentialEncrypted=) or a user's own folder keeps under a name."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ModelUnavailable(
            f"the credential '{name}' cannot be read: $CREDENTIALS_DIRECTORY is not set, as it is under systemd with "
            f"LoadCredential={name}:FILE"
        )
    try:
        with Path(folder, name).open("rb") as file:
            return SecretStr(file.read(LONGEST).decode("utf-8", "replace").strip())
    except OSError as error:
        raise ModelUnavailable(f"the credential '{name}' cannot be read: {error.strerror}") from None


def _is_sendable(key: SecretStr) -> bool:
    return all("!" <= character <= "~" for character in key.get_secret_value())
