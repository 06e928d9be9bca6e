"""A notification on the desktop, through whichever program is there to send it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from html import escape

from blogmetad.announce import process
from blogmetad.announce.facts import Facts
from blogmetad.announce.process import Ran

_SECONDS = 5.0
_LONGEST = 300
_ICON = "text-x-generic"
_GDBUS = (
    *("gdbus", "call", "--session", "--timeout=4", "--dest=org.freedesktop.Notifications"),
    *("--object-path=/org/freedesktop/Notifications", "--method=org.freedesktop.Notifications.Notify", "--"),
)


def send(facts: Facts, environment: Mapping[str, str], keep_going: Callable[[], bool]) -> Ran:
    """Tell whoever sits at the desktop."""
    head, body = words(facts)
    return process.run(
        _command(program(environment), head, body),
        folder=facts.site,
        environment=environment,
        timeout=_SECONDS,
        keep_going=keep_going,
    )


def program(environment: Mapping[str, str]) -> str | None:
    """What notifications can be sent with here: notify-send or gdbus."""
    names = ("notify-send", "gdbus")
    return next((name for name in names if shutil.which(name, path=environment.get("PATH"))), None)


def words(facts: Facts) -> tuple[str, str]:
    """What became of the draft, in few words and in a few more. Plain text."""
    match facts.outcome:
        case "published":
            return f"Published: {_short(facts.title)}", facts.post.name if facts.post else facts.draft
        case "waiting":
            return f"Waits for you: {_short(facts.title)}", facts.post.name if facts.post else facts.draft
        case "held":
            return f"Held: {_short(facts.draft)}", f"until {facts.until:%Y-%m-%d %H:%M}" if facts.until else ""
        case "parked":
            return f"Needs you: {_short(facts.draft)}", _short(" ".join(each.message for each in facts.problems))
        case "duplicate":
            return f"Already published: {_short(facts.draft)}", _short(facts.of or "")
        case "revised":
            return f"Revised: {_short(facts.title)}", facts.post.name if facts.post else facts.draft
        case "undone":
            return f"Taken back: {_short(facts.draft)}", ""


def _command(sender: str | None, head: str, body: str) -> tuple[str, ...]:
    """The body is markup for whoever shows it; notify-send takes a backslash in it for the beginning of an escape, and
    gdbus wants every value as GVariant writes it."""
    marked = escape(body, quote=False)
    if sender == "gdbus":
        values = ('"blogmetad"', "uint32 0", f'"{_ICON}"', _variant(head), _variant(marked))
        return (*_GDBUS, *values, "@as []", "@a{sv} {}", "int32 -1")
    marked = marked.replace("\\", "\\\\")
    return ("notify-send", "--app-name=blogmetad", f"--icon={_ICON}", "--", head, marked)


def _variant(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _short(text: str) -> str:
    """One line that fits, of characters that a program can be told."""
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split())
    line = "".join(character if character.isprintable() else "\ufffd" for character in line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
