"""What holds for any draft whatever: its body and its author's lines come through to the byte, its name is safe and
its own, and what was put between the lines means the same to Jekyll as to us."""

from __future__ import annotations

import datetime as dt
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from blogmetad import matter
from blogmetad.intake.draft import read
from blogmetad.publish.compose import ComposeError, compose
from blogmetad.rules.check import check
from blogmetad.rules.document import parse
from blogmetad.rules.naming import filename, post_slug, read_date
from blogmetad.rules.schema import SlugRule
from blogmetad.values import Draft, Metadata, Neighbours, Opinion, Post, Proposal, YamlValue
from tests.jekyll import Reader, as_ruby, reader
from tests.unit.placing import Desk

ARRIVED = dt.datetime(2025, 4, 29, 10, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
RULES = parse(
    b"""---
rules: any
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: any, min_length: 1, max_length: 200, need: optional}
  date: {type: date, time: true}
  description: {type: text, language: any, max_length: 400, need: optional}
  tags: {type: terms, language: any, min: 0, max: 6}
  categories: {type: terms, language: any, min: 0, max: 3, form: lines}
  toc: {type: constant, value: {beginning: true}, when: {headings: 1}}
---
Be exact.
""",
    "rules.md",
)

MEAN = [
    *(
        "no",
        "oN",
        "null",
        "~",
        "1,000",
        "0:30",
        "12:30:45",
        "010",
        "0x1F",
        "1e5",
        ".inf",
        ":name",
        ": ",
        "a: b",
        "a #b",
    ),
    *(
        "- a",
        "? a",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a`",
        "[a]",
        "{a}",
        "a,b",
        "'",
        '"',
        "\\",
        "|",
        ">",
        "=",
        "<<",
        "---",
    ),
    *("...", "\u2028", "\x85", "\ufeff", "\u202e", "\u200b", "\t", "\n", "\r", "人工智能", "C++", "é", "e\u0301", "😀"),
    *("{{ x }}", "{% x %}", "<b>", "2025-04-29", "2025-04-29 10:00:00 +0800", " ", "", "标题：", "…", "\x00", "\x1b"),
]
ANY_TEXT = st.text(max_size=40) | st.sampled_from(MEAN) | st.lists(st.sampled_from(MEAN), max_size=5).map("".join)
WORDS = st.sampled_from(["春天", "sqlite", "C++", "a b", "数据库 与 SQL", "it's", "x-y", "第一"])
PLAIN = st.one_of(WORDS, st.sampled_from(["true", "42", "-3.5", "2025-04-29", "2025-04-29 10:00:00", "", "~"]))
NAMES = (
    "mood",
    "心情",
    "image",
    "_x",
    "x.y",
    "key with spaces",
    "title",
    "tags",
    "description",
    "lang",
    "layout",
    "toc",
)
END = st.sampled_from(["\n", "\r\n"])


@st.composite
def spelled(draw: st.DrawFn, name: str) -> str:
    """A key and its value, spelt in one of the many ways YAML has."""
    text = draw(WORDS)
    comment = draw(st.sampled_from(["", "   # 注释: 'x'", " #"]))
    if name in ("title", "description", "lang", "layout"):
        value = draw(st.sampled_from([f"'{text.replace(chr(39), chr(39) * 2)}'", f'"{text}\\u4e2d"', text]))
        return f"{name}: {value}{comment}\n"
    if name == "tags":
        return draw(
            st.sampled_from([f"tags: [{text}, 'no']{comment}\n", f"tags:\n  - {text}\n  # 中间\n  - b\n", "tags:\n"])
        )
    lists = [f"{name}:\n- {text}\n-   second{comment}\n", f"{name}: [ {draw(WORDS)},\n   x ]\n"]
    maps = [f"{name}:\n    a: {text}\n    b: [1, 2]\n", f"{name}: {{a: x, b: '{{'}}{comment}\n"]
    long = [f"{name}: |\n  {text}\n\n  # 不是注释\n", f"{name}: >-\n    {text}\n    {text}\n\n"]
    return draw(st.sampled_from([f"{name}: {draw(PLAIN)}{comment}\n", *lists, *maps, *long]))


@st.composite
def heads(draw: st.DrawFn) -> str:
    """Front matter as people write it: with comments, blank lines and every way to spell a value."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    gaps = st.sampled_from(["", "", "# 一行注释\n", "\n", "#\n\n"])
    return "".join(draw(gaps) + draw(spelled(name)) for name in names) + draw(gaps)


BODIES = st.lists(
    ANY_TEXT | st.sampled_from(["\n", "\r\n", "# 标题\n", "---\n", "```\n", "正文。\n"]), max_size=12
).map("".join) | st.text(max_size=300)


@st.composite
def drafts(draw: st.DrawFn) -> bytes:
    """A file as it may lie in the folder."""
    body, end = draw(BODIES), draw(END)
    if draw(st.booleans()):
        return (draw(st.sampled_from(["", "\ufeff"])) + body).encode("utf-8", "surrogatepass")
    head = f"---\n{draw(heads())}---\n".replace("\n", end)
    return (head + body).encode("utf-8", "surrogatepass")


PROPOSALS = st.builds(
    Proposal,
    texts=st.fixed_dictionaries({}, optional={"title": ANY_TEXT, "description": ANY_TEXT, "slug": ANY_TEXT}),
    terms=st.fixed_dictionaries(
        {
            name: st.lists(st.builds(Opinion, ANY_TEXT, st.floats(-1, 3), st.just(True)), max_size=6).map(tuple)
            for name in ("tags", "categories")
        }
    ),
)


def finished(raw: bytes, proposal: Proposal) -> tuple[Draft, Metadata, bytes] | None:
    """The draft, what was decided, and the post; None if it is refused with reasons."""
    draft = read("随笔.md", raw)
    if not isinstance(draft, Draft):
        event("refused by the reader")
        assert draft
        return None
    metadata = check(proposal, draft, RULES, Neighbours(), arrived=ARRIVED)
    if not isinstance(metadata, Metadata):
        event("refused by the rules")
        assert metadata
        return None
    try:
        return draft, metadata, compose(draft, metadata)
    except ComposeError as error:
        event(f"not composed: {error.reason[:40]}")
        return None


@given(drafts(), PROPOSALS)
def test_the_body_comes_out_as_it_went_in(raw: bytes, proposal: Proposal) -> None:
    made = finished(raw, proposal)
    assume(made is not None)
    assert made is not None
    draft, _, post = made
    gap = b"" if draft.head or draft.body.startswith((b"\n", b"\r\n")) else draft.newline.encode()
    assert raw.endswith(draft.body)
    assert matter.split(post).body == gap + draft.body
    assert not post.startswith(matter.BOM)


@given(drafts(), PROPOSALS)
def test_the_authors_lines_are_all_there_in_their_order_and_nothing_but_ours_is_between(
    raw: bytes, proposal: Proposal
) -> None:
    made = finished(raw, proposal)
    assume(made is not None)
    assert made is not None
    draft, metadata, post = made
    head = matter.split(post).head
    assert head is not None
    ours = [matter.render(name, value).replace("\n", draft.newline) for name, value in metadata.added.items()]
    lines = iter(head.splitlines(keepends=True))
    assert all(line in lines for line in draft.head.splitlines(keepends=True))
    assert len(head) >= len(draft.head) + sum(len(text.encode()) for text in ours)
    fields = matter.parse(head)
    assert fields is not None
    assert {name: fields[name] for name in draft.fields} == dict(draft.fields)
    assert set(fields) == set(draft.fields) | set(metadata.added)


@given(ANY_TEXT | st.text(max_size=2000), st.text(max_size=80), st.sampled_from(["lower", "keep"]))
def test_any_title_gives_a_safe_name(title: str, name: str, case: str) -> None:
    draft = Draft(f"{name}.md", b"x", b"", {}, b"x")
    slug = post_slug(draft, (title,), SlugRule.model_validate({"case": case}))
    assert re.fullmatch("[A-Za-z0-9]([A-Za-z0-9-]{0,78}[A-Za-z0-9])?", slug)
    assert re.fullmatch(r"2025-04-29-[A-Za-z0-9-]{1,80}\.md", filename("{date}-{slug}.md", ARRIVED, slug))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANY_TEXT, min_size=2, max_size=6))
def test_any_titles_give_names_of_their_own(titles: list[str]) -> None:
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        desk = Desk(Path(folder))
        for number, title in enumerate(titles):
            raw = f"第 {number} 篇".encode()
            slug = post_slug(Draft("x.md", raw, b"", {}, b"x"), (title,), SlugRule())
            desk.publish(f"{number}.md", raw, Post(filename("{date}-{slug}.md", ARRIVED, slug), raw))
        posts = desk.posts()
        desk.ledger.close()
    assert len({unicodedata.normalize("NFC", name).casefold() for name in posts}) == len(titles)
    assert sorted(posts.values()) == sorted(f"第 {number} 篇".encode() for number in range(len(titles)))
    assert all(re.fullmatch(r"2025-04-29-[a-z0-9-]{1,90}\.md", name) for name in posts)


@pytest.fixture(scope="module")
def jekyll() -> Iterator[Reader]:
    with reader() as process:
        yield process


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=drafts(), proposal=PROPOSALS)
def test_jekyll_reads_of_any_post_what_we_read_of_it(jekyll: Reader, raw: bytes, proposal: Proposal) -> None:
    made = finished(raw, proposal)
    assume(made is not None)
    assert made is not None
    _, _, post = made
    parts = matter.split(post)
    fields = matter.parse(parts.head or b"")
    assert fields is not None
    moment = read_date(fields["date"], None)
    reading = jekyll.read(post)
    assert reading.fields == as_ruby({**fields, "date": moment})
    assert reading.body.lstrip() == parts.body.lstrip()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | ANY_TEXT | st.dates(dt.date(1000, 1, 1)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT.filter(lambda key: key != "<<"), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
def test_jekyll_reads_any_value_that_we_write_as_it_was_meant(jekyll: Reader, value: YamlValue) -> None:
    styles = [value, *([matter.Quoted(value)] if isinstance(value, str) else [])]
    styles += [matter.Lines(value)] if isinstance(value, list) else []
    for styled in styles:
        reading = jekyll.read(f"---\n{matter.render('x', styled)}---\n".encode("utf-8", "replace"))
        assert reading.fields == as_ruby({"x": value})
