"""Whether a hub can be asked at all with the settings there are: its address, the user's key, a proxy, certificates.

Looked at before anything is sent, so that a slip in a setting is told as that, and at once.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from blogmetad.model.store.hub import Hub, HubError


def check(hub: Hub) -> None:
    """Raise HubError for a setting with which no request could be made; the network is not used."""
    _check_address(hub)
    _check_key(hub)
    try:
        httpx.Client().close()
    except (ValueError, httpx.InvalidURL) as error:
        cause = f"{hub.title} cannot be asked through the proxy that is set ({error})"
        hint = "Correct or unset ALL_PROXY, HTTPS_PROXY and HTTP_PROXY: a proxy is http://, https:// or socks5://."
        raise HubError(cause, hint) from error
    except OSError as error:
        cause = f"{hub.title} cannot be asked: the certificates that are set cannot be read ({error.strerror or error})"
        raise HubError(cause, "Correct or unset SSL_CERT_FILE and SSL_CERT_DIR.") from error


def _check_address(hub: Hub) -> None:
    try:
        parts = urlsplit(hub.endpoint)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not hub.endpoint.isprintable() or " " in hub.endpoint:
        hint = f"Write {hub.address_variable} whole, as in https://hf-mirror.com, or unset it."
        raise HubError(f"'{hub.endpoint}' is no address of a hub", hint)


def _check_key(hub: Hub) -> None:
    """Nothing of the key itself is told."""
    try:
        sent = hub.headers().values()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else type(error).__name__
        where = f": {error.filename}" if isinstance(error, OSError) and error.filename else ""
        cause = f"your key for {hub.title} cannot be read ({why}{where})"
        raise HubError(cause, f"Mend or remove that file, or set {hub.key_variable}.") from error
    if not all(value.isascii() and value.isprintable() for value in sent):
        hint = f"Copy it again into {hub.key_variable}, or unset that."
        raise HubError(f"your key for {hub.title} has characters that no key has", hint)
