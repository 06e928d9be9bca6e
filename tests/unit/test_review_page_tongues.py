"""The review page in Chinese: what comes out of the ledger, the rules and the errands is not left in English there."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from blogmetad.cli.review.page.errands import Errand
from blogmetad.cli.review.page.inputs import Input
from blogmetad.cli.review.page.render import Frame, render
from blogmetad.cli.review.page.view import Card, Field, File, Overview, Post
from blogmetad.journal import account
from blogmetad.journal.page import view as journal
from blogmetad.journal.page.words import Tongue
from blogmetad.progress import WORDS
from blogmetad.values import Finding
from tests.stories import NOON, TITLE, ZONE, tell

HOSTILE = '<img src=x onerror="alert(1)">{{ 7*7 }}'
EMPTY = f"{HOSTILE}.md has no text. Write the post below its front matter, if it has one, and save it again."
LONG = f"'title' contains HTML, which pages show or run: '{HOSTILE}'. Write it as plain text."
LOST = f"{WORDS['waiting']} (the model's process was killed by SIGSEGV while it worked on this draft)"
LATE = "the running blogmetad has not come to it yet; it will ('blogmetad status' says what it is doing)"
FAILED = Errand(1, "1-a", "approve", state="failed", reason=LATE)


def one(tongue: Tongue, file: File, errand: Errand | None = None) -> str:
    """The page of a post that waits."""
    parts = ("1-a", TITLE, "日志.md", "waiting", "approval", "_review/日志.md", file, (), errand, 1, 1, None, None, "v")
    post = Post(*parts)  # type: ignore[arg-type]
    return render("post.html", Frame("博客", tongue, "/x/", "seal"), post=post, rules=True).decode("utf-8")


def whole(tongue: Tongue) -> str:
    """The page of a post of which there is something to say wherever something can be said."""
    story = tell(
        "日志.md",
        {"title": "预写日志"},
        {"title": TITLE, "description": "SQLite keeps a log. It is written before the pages are, so nobody waits."},
        own=("预写日志", "sqlite"),
    )
    rows = {row.field.name: row for row in journal.draft(story, account.read(story), ZONE).rows}
    finding = Finding("title.html", "warning", LONG, ("日志.md",), "title")
    fields = tuple(
        Field(Input(name, "line", row.field.text), row, wrong=f"'{name}' is either true or false.", findings=(finding,))
        for name, row in rows.items()
    )
    return one(tongue, File("0" * 64, fields, "正文", findings=(replace(finding, field=None),)), FAILED)


def listed(tongue: Tongue) -> str:
    """The list of all there is to see to."""
    card = Card("1-a", "日志", "日志.md", NOON)
    overview = Overview(
        waiting=(replace(card, wrong=EMPTY, errand=FAILED), replace(card, note="used in 3 posts")),
        working=(replace(card, note=LOST),),
        parked=(replace(card, file="correct it and save it; it is tried again by itself", note=f"{EMPTY} {EMPTY}"),),
        held=(replace(card, note="the draft says so"),),
        published=(card,),
        version="v",
    )
    return render("list.html", Frame("博客", tongue, "/x/", "seal"), overview=overview).decode("utf-8")


def in_english(html: str) -> list[str]:
    """What is marked as English, but for the button that leads there."""
    return [text for text in re.findall(r'<[^>]* lang="en"[^>]*>([^<]*)', html) if text != "English"]


@pytest.mark.parametrize(
    "html",
    [whole("zh"), listed("zh"), one("zh", File("", problems=(EMPTY, "日志.md cannot be read: Permission denied.")))],
    ids=["a post", "the list", "a post that cannot be read"],
)
def test_the_chinese_page_has_no_english_sentence(html: str) -> None:
    assert in_english(html) == []
    assert html.count('<span lang="zh">') >= 2
    assert not re.search(r"(?:stand in the text|cannot be read|has no text|as the rules ask|either true)", html)


def test_the_chinese_page_says_what_is_wrong_changed_refused_and_found() -> None:
    html = whole("zh")
    for said in (
        "“title”只能是 true 或 false。",
        "模型写的“预写日志”不是规则要求的英文。",
        "个字符截短到 19 个；最多 60 个。",
        "“预写日志”是新词，等你决定。",
        "正文里写作“SQLite”、“数据库”（2 次）",
        '没有发布: <span lang="zh">正在运行的 blogmetad 还没处理到，稍后会处理',
    ):
        assert said in html, said


def test_the_english_page_says_it_in_english() -> None:
    for html in (whole("en"), listed("en")):
        assert 'lang="zh"' not in html.replace('lang="zh">中文', "")
        assert "the running blogmetad has not come to it yet" in html


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_whatever_a_sentence_quotes_is_text(tongue: Tongue) -> None:
    for html in (whole(tongue), listed(tongue)):
        assert "<img" not in html
        assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;{{ 7*7 }}" in html


def test_what_an_author_describes_a_post_with_is_never_another_language() -> None:
    assert '<p class="note"><bdi>used in 3 posts</bdi></p>' in listed("zh")
