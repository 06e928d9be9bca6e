"""Prose about how posts are written, read for what is clear in it: fields, how much they are needed, an example.

Other people's documents look different. What is not understood is named and left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from blogmetad.matter import SINGULAR
from blogmetad.rules.learn import example_block, phrases
from blogmetad.rules.learn.phrases import Need
from blogmetad.values import YamlValue

SHORT = 600
"""Characters up to which the author's prose goes to the model as it stands; small models copy longer prose."""

MOST_LINES, LONGEST_LINE = 5000, 1000

KNOWN = frozenset(
    [
        "layout",
        "title",
        "subtitle",
        "date",
        "description",
        "excerpt",
        "summary",
        "abstract",
        "tags",
        "tag",
        "categories",
        "category",
        "keywords",
        "topics",
        "author",
        "authors",
        "toc",
        "math",
        "mermaid",
        "comments",
        "giscus_comments",
        "disqus_comments",
        "featured",
        "pinned",
        "sticky",
        "related_posts",
        "thumbnail",
        "image",
        "cover",
        "citation",
        "bibliography",
        "permalink",
        "published",
        "lang",
        "pretty_table",
    ]
)
_CHINESE: Mapping[str, str] = {
    "标题": "title",
    "副标题": "subtitle",
    "日期": "date",
    "描述": "description",
    "摘要": "description",
    "简介": "description",
    "标签": "tags",
    "分类": "categories",
    "类别": "categories",
    "布局": "layout",
    "作者": "author",
    "目录": "toc",
}
_PLURAL = {singular: plural for plural, singular in SINGULAR.items()}
_NAME = r"[A-Za-z_][\w-]{0,40}"
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_BULLET = re.compile(r"(\s{0,20})(?:[-*+•]|\d{1,3}[.)、])\s{1,8}(\S.*)")
_ROW = re.compile(r"\s{0,8}\|\s*[`*]{0,3}([^|`*]{1,42}?)[`*]{0,3}\s*\|(.*)")
_CODE = re.compile(rf"[*_]{{0,2}}`({_NAME})\s*(?::\s*([^`]{{0,200}}))?`")
_WORD = re.compile(
    rf"([*_]{{0,2}})(?:\"?({_NAME})\"?|([一-鿿]{{2,4}}))\s?(?:[(（][^()（）]{{0,40}}[)）])?\s?[:：]?\1\s*(?:[:：(（]|[-–—]\s|\Z)"
)
_TITLED = re.compile(rf"(?:[\d.]+\s+)?[`*]{{0,3}}(?:({_NAME})|([一-鿿]{{2,4}}))[`*]{{0,3}}(?:\s*[(（:：].*)?\Z")
_FILE = re.compile(r"YYYY-MM-DD-[A-Za-z{}\[\]<>_-]{1,40}\.(md|markdown)\b")
_ABOUT_ALL = re.compile(r"元数据|所有字段|front[ -]?matter|\bmetadata\b|\ball fields\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a document says about one field. ``value`` is the one it is declared with, ``shown`` the one in the example;
    ``text`` is all that stands about it."""

    name: str
    need: Need | None = None
    value: YamlValue = None
    shown: YamlValue = None
    text: str = ""
    language: Literal["en", "zh"] | None = None


@dataclass(frozen=True, slots=True)
class Guidance:
    """A prose document, as far as it is clear. ``head`` is its example's front matter; ``suffix`` that of files, empty
    if it says nothing; ``passed_over`` are the headings of parts that nothing was taken from."""

    name: str
    demands: tuple[Demand, ...] = ()
    example: Mapping[str, YamlValue] = field(default_factory=dict)
    head: bytes = b""
    suffix: str = ""
    lower_slug: bool = False
    prose: str = ""
    passed_over: tuple[str, ...] = ()

    def demand(self, name: str) -> Demand | None:
        """What the document says about a field."""
        return next((each for each in self.demands if each.name == name), None)


@dataclass(slots=True)
class _Reading:
    """Where the reader is: the needs of the headings above, the field whose lines are being read, and at what indent.

    An indent of -1 means that a heading named the field: all lines down to the next heading are about it.
    """

    needs: list[tuple[int, Need | None]] = field(default_factory=list)
    demands: dict[str, Demand] = field(default_factory=dict)
    current: str | None = None
    indent: int = 0
    headings: list[tuple[int, str]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    general: list[str] = field(default_factory=list)

    @property
    def need(self) -> Need | None:
        """What the nearest heading says that says anything."""
        return next((need for _, need in reversed(self.needs) if need is not None), None)

    def use(self) -> None:
        """Something was taken from the part being read."""
        self.used.update(title for _, title in self.headings)

    def declare(self, name: str, value: str | None, rest: str, indent: int) -> None:
        """A field begins here."""
        name = _PLURAL.get(name, name)
        self.current, self.indent = name, indent
        self.use()
        need = phrases.need_of_field(rest) or self.need
        known = self.demands.get(name)
        if known is None:
            given = example_block.value(value) if value else None
            self.demands[name] = Demand(name, need, given, text=f"{rest}\n")
        else:
            self.demands[name] = replace(known, need=known.need or need, text=f"{known.text}{rest}\n")

    def add(self, line: str) -> None:
        """A line about the current field."""
        if self.current is not None:
            known = self.demands[self.current]
            self.demands[self.current] = replace(known, text=f"{known.text}{line.strip()}\n")


def read_guidance(text: str, name: str) -> Guidance:
    """Read a prose document; ``name`` is what comments cite it by. Never fails: what is not clear is passed over."""
    lines = [line[:LONGEST_LINE] for line in text.splitlines()[:MOST_LINES]]
    block = example_block.find(lines, KNOWN)
    inside = range(block.start, block.start + len(block.lines)) if block else range(0)
    reading = _Reading()
    titles: list[str] = []
    for at, line in enumerate(lines):
        if at in inside:
            reading.use()
            reading.current = None
        elif (heading := _HEADING.match(line)) and "```" not in line.replace("\\", ""):
            titles += _enter(reading, len(heading[1]), heading[2].strip())
        elif line.strip():
            _read_line(reading, line)
    shown = example_block.values(block, KNOWN | set(reading.demands)) if block else {}
    files = _file_names(lines)
    if files[0]:
        reading.used.update(title for title in titles if any(title in line for line in files[2]))
    return Guidance(
        name=name,
        demands=_completed(reading, shown),
        example=shown,
        head=block.head if block else b"",
        suffix=files[0],
        lower_slug=files[1],
        prose=text.strip() if len(text.strip()) <= SHORT else "",
        passed_over=tuple(title for title in titles if title not in reading.used),
    )


def _enter(reading: _Reading, level: int, title: str) -> Iterator[str]:
    """A heading: what it says holds down to the next one of its level."""
    reading.needs = [pair for pair in reading.needs if pair[0] < level]
    reading.headings = [pair for pair in reading.headings if pair[0] < level]
    reading.needs.append((level, phrases.need_of_heading(title)))
    reading.headings.append((level, title))
    reading.current = None
    found = _TITLED.match(title)
    name = _known(found[1], found[2]) if found else None
    if name is not None:
        reading.declare(name, None, title, -1)
    if level > 1:
        yield title


def _read_line(reading: _Reading, line: str) -> None:
    indent = len(line) - len(line.lstrip())
    bullet, row = _BULLET.match(line), _ROW.match(line)
    content = bullet[2] if bullet else line.strip()
    inner = reading.current is not None and (reading.indent < 0 or indent > reading.indent)
    declared = _declared(content) if bullet else None
    if row is not None and (name := _known(row[1].strip(), row[1].strip())) is not None:
        reading.declare(name, None, row[2], indent)
        reading.indent = indent + 1000  # nothing below a table's row is about its field
    elif declared is not None and not inner:
        reading.declare(*declared, indent)
    elif inner:
        reading.add(content)
    else:
        reading.current = None
        reading.general.append(content)
        if not bullet and len(content) <= 60 and content.rstrip("*_ ").endswith((":", "：")):
            need = phrases.need_of_heading(content)
            reading.needs = [pair for pair in reading.needs if pair[0] < 7] + ([(7, need)] if need else [])


def _declared(content: str) -> tuple[str, str | None, str] | None:
    """Name, value and the rest of a line that begins with a field: `` `title: "..."` ``, ``**title** (required)``."""
    code = _CODE.match(content)
    if code is not None and (code[2] is not None or code[1] in KNOWN or ":" in code[0]):
        return code[1], code[2], content[code.end() :]
    word = _WORD.match(content)
    name = _known(word[2], word[3]) if word else None
    return (name, None, content) if name is not None else None


def _known(latin: str | None, chinese: str | None) -> str | None:
    if latin and latin.lower() in KNOWN:
        return latin.lower()
    return _CHINESE.get(chinese or "")


def _completed(reading: _Reading, shown: Mapping[str, YamlValue]) -> tuple[Demand, ...]:
    """The demands with their language and their value in the example; fields that stand in the example alone come
    behind their predecessors there."""
    overall = next(
        (found for line in reading.general if _ABOUT_ALL.search(line) and (found := phrases.language(line))), None
    )
    order = [name for name in reading.demands if name != "slug"]
    before: str | None = None
    for raw in shown:
        name = _PLURAL.get(raw, raw)
        if name not in order and name != "slug" and len(name) <= 60:
            order.insert(order.index(before) + 1 if before in order else len(order), name)
        before = name
    values = {_PLURAL.get(raw, raw): value for raw, value in shown.items()}
    return tuple(
        replace(
            each := reading.demands.get(name, Demand(name)),
            shown=values.get(name),
            language=phrases.language(each.text) or overall,
        )
        for name in order
    )


def _file_names(lines: Sequence[str]) -> tuple[str, bool, list[str]]:
    """The suffix a pattern like ``YYYY-MM-DD-title.md`` has, whether slugs are in lower case, and the lines that led
    there."""
    for at, line in enumerate(lines):
        found = _FILE.search(line)
        if found is not None:
            near = "\n".join(lines[at : at + 4])
            above = [each for each in lines[:at] if _HEADING.match(each)][-1:]
            return f".{found[1]}", phrases.lower(near) or "kebab" in near.lower(), above
    return "", False, []
