"""A draft's story as Markdown: rendered from the ledger alone, the same each time. Pure.

It carries sizes, hashes and metadata, never the text of the draft.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slugify import slugify

from blogmetad import matter
from blogmetad.journal import outlook
from blogmetad.offered import offered_post


@dataclass(frozen=True, slots=True)
class Happened:
    """One step of the story: when, which, and its facts as plain JSON values."""

    at: dt.datetime
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """What an entry is rendered from. ``outcome`` is the state's name; times carry their zone."""

    id: str
    name: str
    outcome: str
    sha256: str
    size: int
    arrived: dt.datetime
    settled: dt.datetime
    target: str | None
    until: dt.datetime | None
    steps: tuple[Happened, ...]


ENDS = ("done", "waiting", "parked", "held", "duplicate", "superseded")
"""The steps with which the work on a draft ends; what is done to it later, as an undo, is none of that work."""

MARK = "blogmetad"
"""The front-matter key that tells our entries from everybody else's files."""


def filename(story: Story, zone: dt.tzinfo) -> str:
    """``YYYY-MM-DD-blogmetad-DRAFT-ID.md``: sorts by day beside the author's own entries, never collides with them."""
    day = story.arrived.astimezone(zone).strftime("%Y-%m-%d")
    stem = slugify(story.name.rsplit(".", 1)[0], max_length=40, word_boundary=True) or "draft"
    return f"{day}-blogmetad-{stem}-{story.id.split('-', 1)[1]}.md"


def render(story: Story, zone: dt.tzinfo) -> bytes:
    """The whole entry, UTF-8, times in ``zone``. What is no text in a file's name is a question mark."""
    head = [
        matter.render(MARK, story.id),
        matter.render("outcome", story.outcome),
        matter.render("draft", story.name.encode("utf-8", "replace").decode("utf-8")),
    ]
    if story.target:
        head.append(matter.render("post", story.target))
    lines = [
        "---\n",
        *head,
        "---\n\n",
        f"# {inline(story.name)}: {outlook.outcome(story.name, story.outcome)}\n\n",
        _summary(story, zone),
        "\n",
    ]
    for step in story.steps:
        section = _SECTIONS.get(step.name, _other)
        lines += [f"## {_clock(step.at, zone)} {step.name}\n\n", section(step.data), "\n"]
    lines += ["## What you can do\n\n", outlook.advice(story.name, story.outcome, story.id)]
    return "".join(lines).encode("utf-8", "replace")


def owner(content: bytes) -> str | None:
    """The job an existing journal file tells of; None if blogmetad did not write it."""
    try:
        head = matter.split(content).head
        fields = matter.parse(head) if head else None
    except matter.MatterError:
        return None
    mark = fields.get(MARK) if fields else None
    return mark if isinstance(mark, str) else None


def _summary(story: Story, zone: dt.tzinfo) -> str:
    rows = [
        ("arrived", _moment(story.arrived, zone)),
        ("settled", _moment(story.settled, zone)),
        (
            "draft" if offered_post(story.name) is None else "published post",
            f"{inline(story.name)}, {story.size} bytes, SHA-256 `{story.sha256[:16]}…`",
        ),
    ]
    if story.target:
        rows.append(("post", f"`{story.target}`"))
    if story.until:
        rows.append(("held until", _moment(story.until, zone)))
    if story.settled and story.steps:
        worked = [step for step in story.steps if step.name in ENDS] or story.steps
        seconds = (worked[-1].at - story.settled).total_seconds()
        rows.append(("took", f"{seconds:.1f} s after it had settled"))
    return "".join(f"- **{key}:** {value}\n" for key, value in rows)


def _read(data: Mapping[str, Any]) -> str:
    fields = ", ".join(f"`{name}`" for name in data.get("fields", ())) or "none"
    tags = ", ".join(f"`{name}`" for name in data.get("tags", ()))
    return (
        f"- {data['bytes']} bytes, of which {data['body_bytes']} are the body ({data['chars']} characters)\n"
        f"- SHA-256 of the file `{data['sha256']}`, of the body `{data['body_sha256']}`\n"
        f"- fields written by the author: {fields}\n"
        + (f"- Liquid tags that Jekyll knows only with a plugin, and stops at without: {tags}\n" if tags else "")
    )


def _rules(data: Mapping[str, Any]) -> str:
    which = f"**{inline(data['name'])}**, version {data['version']}, SHA-256 `{data['sha256'][:16]}…`"
    return f"- rules document {which} ({inline(data['source'])})\n"


def _recalled(data: Mapping[str, Any]) -> str:
    near = ", ".join(f"{inline(post['post'])} ({post['share']:.0%})" for post in data["posts"])
    return f"- similar posts: {f'{near},' if near else 'none'} of {data['of']} published\n"


def _digested(data: Mapping[str, Any]) -> str:
    return (
        f"- the model is shown {data['chars']} of {data['source_chars']} characters, about {data['tokens']} tokens\n"
        f"- and asked for: {', '.join(data['asked']) or 'nothing, the author wrote everything'}\n"
    )


def _proposed(data: Mapping[str, Any]) -> str:
    lines = [f"- model **{inline(data['model'])}**, mode {data['mode']}\n", _cost(data["usage"])]
    lines += [f"- {field}: {inline(value)}\n" for field, value in data["values"].items()]
    return "".join(lines)


def _cost(usage: Mapping[str, Any]) -> str:
    """Tokens and seconds. Steps and their times are known of a model here; of one on a server, not of each."""
    thinking, steps = usage.get("thinking_tokens", 0), usage["steps"]
    written = f"{usage['output_tokens']} written" + (f" in {steps} steps" if steps else "")
    written += f", {thinking} of them in thought" if thinking else ""
    reading, writing = usage["prefill_seconds"], usage["decode_seconds"]
    took = f"{reading:.2f} s reading, {writing:.2f} s writing" if reading or writing else f"{usage['seconds']:.2f} s"
    return f"- {usage['prompt_tokens']} tokens read ({usage['reused_tokens']} more reused), {written}\n- {took}\n"


def _checked(data: Mapping[str, Any]) -> str:
    lines = ["| field | value | from | rule | evidence | changes |\n|---|---|---|---|---|---|\n"]
    for row in data["decisions"]:
        evidence, changes = "; ".join(row["evidence"]), " ".join(row["changes"])
        if row["proposed"] is not None and changes:
            changes = f"proposed {row['proposed']}; {changes}"
        cells = (row["field"], _value(row["value"]), row["source"], row["rule"], evidence, changes)
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |\n")
    if data.get("queued"):
        queued = ", ".join(f"{field}: {term}" for field, term in data["queued"])
        lines.append(f"\nNew terms the rules want you to decide on: {inline(queued)}\n")
    return "".join(lines)


def _composed(data: Mapping[str, Any]) -> str:
    what = f"`{data['filename']}`, {data['bytes']} bytes, SHA-256 `{data['sha256'][:16]}…`"
    return f"- {what}; the body is the author's, byte for byte\n"


def _revised(data: Mapping[str, Any]) -> str:
    lines = [f"- in your words: {inline(data['words'])}\n"]
    for change in data["changes"]:
        before, after = (
            inline(_value(change[side])) if change[side] is not None else "-" for side in ("before", "after")
        )
        lines.append(f"- {change['field']}: {before} → {after}\n")
    return "".join(lines)


def _backfill(data: Mapping[str, Any]) -> str:
    fields = ", ".join(f"`{inline(name)}`" for name in data["fields"])
    return (
        f"- fields for the published post {inline(data['post'])}: {fields}\n"
        "- the post is as it was until you approve them; all other bytes of it stay as they are\n"
    )


def _exchanged(data: Mapping[str, Any]) -> str:
    return f"- {inline(data['post'])} is the new version, SHA-256 `{data['sha256'][:16]}…`; the former one is kept\n"


def _problems(data: Mapping[str, Any]) -> str:
    return "".join(f"- {inline(p['message'])} (`{p['rule']}`)\n" for p in data["problems"])


def _other(data: Mapping[str, Any]) -> str:
    return "".join(f"- {key}: {inline(_value(value))}\n" for key, value in data.items()) or "- done\n"


_SECTIONS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "read": _read,
    "rules": _rules,
    "recalled": _recalled,
    "digest": _digested,
    "proposed": _proposed,
    "checked": _checked,
    "composed": _composed,
    "parked": _problems,
    "refused": _problems,
    "revised": _revised,
    "backfill": _backfill,
    "exchanged": _exchanged,
}


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def inline(value: Any) -> str:
    """A value as one line of Markdown text: line feeds and markup that could break the entry are neutralised."""
    text = " ".join(str(value).split())
    for mark in "\\`*_[]<>#|":
        text = text.replace(mark, "\\" + mark)
    return text


def _cell(value: Any) -> str:
    return inline(value) if value else " "


def _moment(at: dt.datetime, zone: dt.tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %z")


def _clock(at: dt.datetime, zone: dt.tzinfo) -> str:
    return at.astimezone(zone).strftime("%H:%M:%S")


def texts(values: Mapping[str, str], terms: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """A proposal's values as text, a line each."""
    return {**values, **{field: ", ".join(names) for field, names in terms.items()}}
