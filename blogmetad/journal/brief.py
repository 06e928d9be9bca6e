"""A step in a few words, for a line of its own. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Facts = Mapping[str, Any]


def words(name: str, data: Facts) -> str:
    """What a step did; empty where its name says it all."""
    try:
        return _WORDS.get(name, _note)(data)
    except (KeyError, TypeError, ValueError, AttributeError):
        return ""  # from another version of blogmetad


def _note(data: Facts) -> str:
    told = (data.get(key) for key in ("note", "reason", "because", "post", "filename"))
    return next((str(value) for value in told if value), "")


def _nothing(data: Facts) -> str:  # noqa: ARG001
    return ""


def _read(data: Facts) -> str:
    return f"{data['chars']} characters, {_counted(len(data['fields']), 'field')} of the author's"


def _rules(data: Facts) -> str:
    return f"{data['name']} v{data['version']}"


def _recalled(data: Facts) -> str:
    near = next((str(post["post"]) for post in data["posts"]), "no post")
    return f"nearest of {data['of']}: {near}"


def _digest(data: Facts) -> str:
    return f"asked for {', '.join(data['asked']) or 'nothing'}"


def _proposed(data: Facts) -> str:
    values, seconds = data["values"], data["usage"]["seconds"]
    return f"{values.get('title') or ', '.join(values) or 'nothing'} ({data['model']}, {seconds:.1f} s)"


def _checked(data: Facts) -> str:
    changed = [str(row["field"]) for row in data["decisions"] if row["proposed"] and row["changes"]]
    fields = _counted(len(data["decisions"]), "field")
    return f"{fields}, {', '.join(changed)} changed" if changed else fields


def _problems(data: Facts) -> str:
    return " ".join(str(problem["message"]) for problem in data["problems"])


def _revised(data: Facts) -> str:
    return f"{data['words']}: {', '.join(change['field'] for change in data['changes'])}"


def _backfill(data: Facts) -> str:
    return f"{data['post']}: {', '.join(data['fields'])}"


def _held(data: Facts) -> str:
    return f"until {data['until']}"


def _done(data: Facts) -> str:
    return f"{data['post']} ({data['seconds']:.1f} s)"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'s'[: number != 1]}"


_WORDS: Mapping[str, Callable[[Facts], str]] = {
    "read": _read,
    "rules": _rules,
    "recalled": _recalled,
    "digest": _digest,
    "proposed": _proposed,
    "checked": _checked,
    "parked": _problems,
    "refused": _problems,
    "held": _held,
    "revised": _revised,
    "backfill": _backfill,
    "staged": _nothing,
    "published": _nothing,
    "retired": _nothing,
    "done": _done,
}
