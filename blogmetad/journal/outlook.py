"""What an entry calls an outcome, and what its reader can do about it: of a draft, or of fields offered for a published
post. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from blogmetad.offered import offered_post

_OF_DRAFTS: Mapping[str, str] = {
    "done": "published",
    "published": "published",
    "waiting": "waits for your approval",
    "parked": "needs you",
    "held": "held until its date",
    "duplicate": "already published",
    "superseded": "replaced by a newer version",
    "undone": "published, then undone",
}
_OF_OFFERS: Mapping[str, str] = {
    "done": "fields filled in",
    "waiting": "fields wait for your approval",
    "superseded": "fields declined",
    "undone": "fields taken back",
}


def outcome(name: str, state: str) -> str:
    """The outcome of a job of this name, in words."""
    words = _OF_DRAFTS if offered_post(name) is None else _OF_OFFERS
    return words.get(state, "in progress")


def advice(name: str, state: str, job_id: str) -> str:
    """What can be done, a line of Markdown each."""
    see = f"- See it again: `blogmetad journal {job_id}`\n"
    undo = f"- Undo: `blogmetad undo {job_id}` {_undoing(name, state)}\n"
    if state in ("done", "published"):
        return undo + see
    if state == "waiting":
        return (
            f"- Publish it: `blogmetad approve {job_id}`, or write `approve: true` into its front matter.\n"
            f'- Have it changed: `blogmetad revise {job_id} "make the title shorter"`, or change it yourself.\n{undo}'
        )
    if state in ("parked", "held"):
        return "- The draft is where you left it. Edit and save it, and it is taken up again.\n"
    if offered_post(name) is not None:
        return f"- Have fields proposed anew: `blogmetad backfill --again {offered_post(name)}`\n{see}"
    if state == "undone":
        return "- The draft is back in the drafts folder and left alone until you save it again.\n"
    return see


def _undoing(name: str, state: str) -> str:
    if offered_post(name) is None:
        withdrawn = "" if state == "waiting" else " and withdraws the post"
        return f"gives the draft back byte for byte{withdrawn}."
    return "takes the file away; the post is as it was." if state == "waiting" else "gives the post its former bytes."
