"""From the configuration to a server's options, and what there is to say about them."""

from __future__ import annotations

from blogmetad.config import Config
from blogmetad.model.remote import key
from blogmetad.model.remote.connection import is_here
from blogmetad.model.remote.session import RemoteOptions


def remote_options(config: Config) -> RemoteOptions:
    """The options, with the key. Raises ModelUnavailable if there is none where one should be."""
    model, server = config.model, config.server
    return RemoteOptions(
        url=server.url,
        model=server.model,
        key=key.read(server),
        parallel=model.drafts_at_once,
        timeout=model.job_timeout,
        retries=server.retries,
        thinking=model.thinking_tokens if model.thinking == "on" else 0,
    )


def advice(config: Config) -> tuple[str, ...]:
    """What works and is unwise, a sentence each."""
    server = config.server
    has_key = bool(server.key_variable or server.key_credential)
    if not has_key or server.url.startswith("https:") or is_here(server.url):
        return ()
    return (f"The key goes to {server.url} unencrypted, where others on the way can read it: use https.",)
