"""Learning: whatever the posts are like, the document is sound, of bounded size, and its comments stay comments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad import matter
from blogmetad.rules import document
from blogmetad.rules.learn import learn, read_guidance, render
from blogmetad.rules.learn.glosses import glosses
from blogmetad.values import PublishedPost
from tests.unit.learning import CHINESE, ENGLISH, blog, learned, post, rules_of

NAMES = st.sampled_from(
    ["title", "date", "tags", "tag", "categories", "description", "excerpt", "layout", "toc", "permalink", "published",
     "keywords", "slug", "math", "标签", "a b", "x: y", "<<", "true", "#", "", "e\u0301"]
)  # fmt: skip
ODD = st.sampled_from(
    ["", " ", "中文", "- a", "a: b", "# c", "'", '"', "{{ x }}", "---", "...", "\u2028", "\x85", "\ufeff", "a,b", "İ",
     "ẞ", "x" * 70, "İ" * 60, "2020-01-01", "yes", "1e3", "null", "~", "K", "カナ", "a\nb", "&a", "*a", "!t"]
)  # fmt: skip
SCALARS = st.one_of(
    ODD, st.text(max_size=20), st.booleans(), st.none(), st.integers(-(2**40), 2**40), st.dates(),
    st.floats(allow_nan=False, allow_infinity=False), st.datetimes(),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | NAMES, inner, max_size=3),
    max_leaves=6,
)
BODIES = st.sampled_from(
    ["", ENGLISH, CHINESE, "$x^2$\n", "```mermaid\n```\n", "# A\n# B\n# C\n", "カナ" * 20, "机器学习（ML）"]
)


@st.composite
def posts(draw: st.DrawFn) -> list[PublishedPost]:
    """Posts with any fields that can stand in front matter at all."""
    found = []
    for n in range(draw(st.integers(0, 12))):
        fields = draw(st.dictionaries(NAMES | st.text(max_size=6), VALUES, max_size=7))
        head = "".join(matter.render(name, value) for name, value in fields.items() if name)
        try:
            found.append(
                post(
                    f"2024-01-{n + 1:02}-{draw(st.sampled_from(['a', 'B-c', '中文', 'x' * 90]))}.md", head, draw(BODIES)
                )
            )
        except matter.MatterError:
            continue
    return found


@given(posts(), st.text(max_size=30), st.booleans())
def test_a_learned_document_is_always_sound(found: list[PublishedPost], name: str, known: bool) -> None:
    text = render(learn(found, name=name, timezone_known=known))
    rules = document.parse(text.encode("utf-8"), "learned.md")
    assert {"title", "date"} <= set(rules.fields)


LINES = st.sampled_from(
    ["# 必须的字段", "## Optional", "- `title: x`", "- **tags** (required)", "| date | yes |", "```yaml", "---", "toc:",
     "title: a", "tags: [a, b]", "beginning: true", "  - 必须使用英文，小写", "categories: c", "slug: x", "描述：",
     "- `layout: [`", "- `a-b: {c: d}`", "    - 最多 3 个", "date: 2020-01-01", "YYYY-MM-DD-title.md",
     "published: true", "- `tags: [1, 2]`"]
)  # fmt: skip
PROSE = st.text(max_size=400) | st.lists(LINES, max_size=20).map("\n".join)


@given(posts(), PROSE)
def test_so_is_one_with_any_guidance(found: list[PublishedPost], prose: str) -> None:
    guidance = read_guidance(prose, "规则.md")
    text = render(learn(found, name="x", timezone_known=False, guidance=guidance))
    document.parse(text.encode("utf-8"), "learned.md")


def test_comments_cannot_break_out_of_their_line() -> None:
    head = 'title: T {n}\ndate: {date}\ntags: ["a\\nversion: 9", "b\\u2028version: 9"]\n'
    rules = rules_of(learned(blog([head] * 10)))
    assert rules.version == 1


def test_thousands_of_terms_leave_the_document_small_enough() -> None:
    heads = [
        f"title: T {{n}}\ndate: {{date}}\ntags: [{', '.join(f'词{n}之{i}' for i in range(40))}]\n" for n in range(200)
    ]
    text = render(learned(blog(heads, [CHINESE])))
    assert len(text.encode("utf-8")) < document.MAX_HEAD / 2
    rules_of(learned(blog(heads, [CHINESE])))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", ["（", "中", "a ", "a(", "中（a", "a-", "中文（a b c d e ", "**中**（"])
def test_no_text_holds_up_the_glosses(unit: str) -> None:
    assert len(glosses([unit * 60_000], ["a", "b"])) <= 6


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "unit", ["`a: ", "- `", "- **a", "| a ", "title: ", "1 到 ", "# ", "YYYY-MM-DD-", "必须", "> - "]
)
def test_no_guidance_holds_up_its_reader(unit: str) -> None:
    read_guidance(unit * 50_000, "long.md")
    read_guidance(f"{unit}\n" * 50_000, "many.md")
