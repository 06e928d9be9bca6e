"""What the index keeps of a published post, read the way Jekyll reads it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from blogmetad import matter
from blogmetad.matter import DESCRIPTIONS, SINGULAR, MatterError, Split
from blogmetad.prose import words
from blogmetad.values import EMPTY, YamlValue, body_sha256


@dataclass(frozen=True, slots=True)
class Facts:
    """One post in short.

    ``body`` is the hash that recognises its body. ``terms`` are pairs of field and term. ``head`` and ``words`` are the
    words of title and description, and of the body, with spaces between them. ``problem`` says why the post cannot be
    read in full.
    """

    body: str | None = None
    title: str = ""
    description: str = ""
    head: str = ""
    words: str = ""
    terms: tuple[tuple[str, str], ...] = ()
    problem: str | None = None


def facts(raw: bytes) -> Facts:
    """What is in a post. Front matter that cannot be trusted leaves the hashes and a problem."""
    problem, fields = None, None
    parts = Split(None, raw.removeprefix(matter.BOM))
    try:
        parts = matter.split(raw)
        fields = matter.parse(parts.head) if parts.head is not None else None
    except MatterError as error:
        problem = f"{error.reason} (line {error.line})" if error.line is not None else error.reason
    else:
        if fields is None:
            parts = Split(None, raw.removeprefix(matter.BOM))
        problem = _bad_encoding(raw)
    title, description = _line(fields or EMPTY, ("title",)), _line(fields or EMPTY, DESCRIPTIONS)
    return Facts(
        body=body_sha256(parts.body),
        title=title,
        description=description,
        head=" ".join(words(f"{title}\n{description}")),
        words=" ".join(words(parts.body.decode("utf-8", "replace"))),
        terms=tuple(dict.fromkeys(_terms(fields or EMPTY))),
        problem=problem,
    )


def _line(fields: Mapping[str, YamlValue], names: tuple[str, ...]) -> str:
    """The first of these fields that says something."""
    return next((str(value).strip() for name in names if (value := fields.get(name)) not in (None, "")), "")


def _bad_encoding(raw: bytes) -> str | None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"it is not valid UTF-8 at byte offset {error.start}"
    return None


def terms(fields: Mapping[str, YamlValue]) -> dict[str, tuple[str, ...]]:
    """The terms of a post by field, none of them twice, as Jekyll reads them."""
    found: dict[str, dict[str, None]] = {}
    for field, term in _terms(fields):
        found.setdefault(field, {})[term] = None
    return {field: tuple(each) for field, each in found.items()}


def _terms(fields: Mapping[str, YamlValue]) -> Iterator[tuple[str, str]]:
    """The terms of every field that holds a list, and of tags and categories in all the ways Jekyll allows:
    ``tag`` holds a single one whatever it contains and goes before ``tags``, where text is split at white space."""
    for field, value in fields.items():
        if field not in SINGULAR and isinstance(value, list):
            yield from ((field, term) for item in value if (term := _term(item)))
    for plural, singular in SINGULAR.items():
        one, many = fields.get(singular), fields.get(plural)
        values = [one] if one is not None else many.split() if isinstance(many, str) else many
        if isinstance(values, list):
            yield from ((plural, term) for item in values if (term := _term(item)))


def _term(value: YamlValue) -> str:
    """A term as text; empty for what is none."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or isinstance(value, list | dict) else str(value).strip()
