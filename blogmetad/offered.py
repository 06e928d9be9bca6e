"""How a job is named that offers its author missing fields for a published post. Pure.

The ledger knows jobs by the names of their drafts. A published post has none; its job bears a name that no draft can
have, since drafts lie in their folder itself.
"""

from __future__ import annotations

_POSTS = "_posts/"


def offer_for(path: str) -> str:
    """The name of the job; ``path`` is the post's below the posts folder."""
    return _POSTS + path


def offered_post(name: str) -> str | None:
    """The path of the published post for which a job of this name offers fields; None for a draft's."""
    return name.removeprefix(_POSTS) if name.startswith(_POSTS) else None
