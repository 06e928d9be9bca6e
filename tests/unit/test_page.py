"""The page of the journal as HTML: whole, closed to the outside, and everything of the author's is text."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import Literal

import pytest

from blogmetad.journal import account
from blogmetad.journal.entry import Happened, Story
from blogmetad.journal.page import render, view, words
from tests.stories import BODY, NOON, TITLE, revised, tell

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>&amp;{{ 7*7 }}'
VOID = {"meta", "link", "input", "br", "img"}


def page(stories: Sequence[Story], language: Literal["auto", "en", "zh"] = "en", site: str = "我的博客") -> str:
    overview = view.overview([account.read(story) for story in stories], NOON)
    return render.render(stories, overview, render.Frame(site, NOON, language)).decode("utf-8")


class Tree(HTMLParser):
    """What a browser would make of it, as far as the tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.texts.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


STORIES = (
    tell(
        "日志.md",
        {"title": "预写日志"},
        {"title": TITLE, "description": "SQLite keeps a log. It is written before the pages are, so nobody waits."},
        own=("预写日志", "sqlite"),
    ),
    tell("短.md", body="短", at=NOON - dt.timedelta(days=1)),
    tell("h.md", front="date: 2027-01-01\n", at=NOON - dt.timedelta(days=40)),
)


def test_every_element_is_closed_and_the_days_stand_in_order() -> None:
    tree = Tree(page(STORIES))
    assert tree.open == []
    assert [attrs["id"] for tag, attrs in tree.tags if tag == "h2" and str(attrs.get("id")).startswith("day-")] == [
        "day-2026-11-26",
        "day-2026-11-25",
        "day-2026-10-17",
    ]


def test_a_draft_is_told_with_its_proposal_its_post_and_what_is_between_them() -> None:
    html = page(STORIES[:1])
    assert "<del> It is written before the pages are, so nobody waits.</del>" in html
    assert " to 19 characters; 60 is the most." in html
    assert "is not in English, as the rules ask." in Tree(html).text
    assert re.search(r"<del><bdi>预写日志</bdi></del>", html)
    assert "written in the text as" in html
    assert "100 % 2024-01-01-fsync.md" in Tree(html).text


def test_the_chart_has_a_bar_for_each_thing_the_time_went_to() -> None:
    html = page(STORIES[:1])
    (chart,) = re.findall(r'<svg role="img" aria-labelledby="t-[^>]*>(.*?)</svg>', html, re.DOTALL)
    bars = re.findall(r'class="(\w+)" x="([\d.]+)" y="0" width="([\d.]+)"', chart)
    assert [name for name, _, _ in bars] == ["waiting", "reading", "writing", "placing"]
    assert sum(float(width) for _, _, width in bars) == pytest.approx(1000, abs=0.1)


def test_what_can_be_done_is_a_command_to_copy() -> None:
    published, parked = (Tree(page((story,))).text for story in STORIES[:2])
    assert f"blogmetad undo {STORIES[0].id}" in published
    assert "blogmetad undo" not in parked
    assert f"blogmetad journal {STORIES[1].id}" in parked


@pytest.mark.parametrize("language", ["auto", "en", "zh"])
def test_whatever_stands_in_a_draft_is_text(language: Literal["auto", "en", "zh"]) -> None:
    front = f"title: '{HOSTILE}'\ntags: ['{HOSTILE}']\n"
    story = tell(f"{HOSTILE}.md".replace("/", "∕"), front=front)
    parked = replace(tell("x.md", body="短"), id="1-x")
    wrong = Happened(NOON, "parked", {"problems": [{"rule": "r", "message": HOSTILE, "field": None}]})
    tree = Tree(page((story, replace(parked, steps=(*parked.steps[:-1], wrong))), language, HOSTILE))
    assert tree.open == []
    assert (tree.count("script"), tree.count("img"), tree.count("style")) == (1, 0, 1)
    assert tree.text.count(HOSTILE) >= 5
    assert not [attrs for _, attrs in tree.tags if any(name.startswith("on") or name == "style" for name in attrs)]


def test_the_policy_lets_in_this_very_style_and_script_and_nothing_else() -> None:
    html = page(STORIES)
    (policy,) = (attrs["content"] for tag, attrs in Tree(html).tags if attrs.get("http-equiv"))
    for name in ("style", "script"):
        (content,) = re.findall(rf"<{name}>(.*?)</{name}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in str(policy)
    assert str(policy).startswith("default-src 'none'; ")
    assert "unsafe" not in str(policy)


def test_nothing_in_the_page_leads_out_of_it() -> None:
    tree = Tree(page(STORIES, "auto"))
    targets = [str(attrs[name]) for _, attrs in tree.tags for name in ("href", "src", "action") if name in attrs]
    assert all(target.startswith(("#", "data:")) for target in targets)
    style = re.findall(r"<style>(.*?)</style>", page(STORIES), re.DOTALL)[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_text_of_a_draft_is_not_in_the_page() -> None:
    assert BODY.strip()[-12:] not in page(STORIES, "auto")


def test_the_page_is_in_one_language_or_in_both() -> None:
    assert "已发布" not in page(STORIES, "en")
    assert "published" in page(STORIES, "en")
    assert ">已发布<" in page(STORIES, "zh")
    both = page(STORIES, "auto")
    assert '<span class="en" lang="en">published</span><span class="zh" lang="zh">已发布</span>' in both


def told(html: str) -> dict[str, list[str]]:
    """What the ledger says of drafts, by what it is about."""
    ends = {"reason": "span>\n", "why": "span></p>", "change": "p>", "grounds": "details>", "box": "section>"}
    pattern = r'<\w+ class="{}">(?=\s*<)(.*?)</{}'
    return {kind: re.findall(pattern.format(kind, end), html, re.DOTALL) for kind, end in ends.items()}


def test_the_chinese_page_tells_in_chinese_what_was_refused_changed_and_parked_and_why() -> None:
    stories = (*STORIES, tell("坏.md", front="title: 甲: 乙\n标签: [\n"), tell("2027-01-01-h.md"))
    chinese, english, both = (told(page(stories, language)) for language in ("zh", "en", "auto"))
    for kind, parts in chinese.items():
        assert parts, kind
        assert [part for part in parts if 'lang="en"' in part or 'lang="zh"' not in part] == []
        assert all('lang="en"' in part and "zh" not in part for part in english[kind])
        assert all('class="en" lang="en"' in part and 'class="zh" lang="zh"' in part for part in both[kind])
    assert "正文里写作“SQLite”、“数据库”（2 次）" in Tree(page(stories, "zh")).text
    assert "written in the text as" not in page(stories, "zh")


@pytest.mark.parametrize("language", ["auto", "zh"])
def test_what_another_version_has_said_is_shown_in_english_and_marked_so(language: Literal["auto", "zh"]) -> None:
    parked = tell("短.md", body="短")
    wrong = Happened(NOON, "parked", {"problems": [{"rule": "r", "message": "It is <b>odd</b>.", "field": None}]})
    html = page((replace(parked, steps=(*parked.steps[:-1], wrong)),), language)
    assert '<li><span lang="en">It is &lt;b&gt;odd&lt;/b&gt;.</span></li>' in html


def test_every_word_of_the_page_is_there_in_both_languages_and_used() -> None:
    templates = "".join(map(render._part, ("page.html", "draft.html", *render.SHARED)))
    said = set(re.findall(r'(?:say|in)\("([\w ]+)"', templates))
    from_values = {"published", "parked", "held", "other", "duplicate", "superseded", "undone", "working"}
    from_values |= {"author", "constant", "computed", "vocabulary", "generated", "problems", "note"}
    from_values |= {"undo", "show", "approve", "revise", "approval"}
    from_values |= {"waiting", "reading", "writing", "model", "placing"}
    assert said - set(words.WORDS) == set()
    assert set(words.WORDS) - said - from_values == set()
    for english, chinese in words.WORDS.values():
        holes = [set(re.findall(r"{(\w+)}", text)) for text in (*english.split("|"), chinese)]
        assert all(each == holes[-1] for each in holes), english


def test_a_file_name_that_is_no_text_is_shown_with_question_marks() -> None:
    assert "caf?.md" in page((replace(tell(), name="caf\udce9.md", steps=()),))


def test_an_empty_journal_says_so() -> None:
    tree = Tree(page(()))
    assert "No draft is like that." in tree.text
    assert tree.count("article") == 0


def test_the_overview_counts_all_drafts_and_the_last_half_year() -> None:
    it = view.overview([account.read(story) for story in STORIES], NOON)
    assert it.groups == (("published", 1), ("parked", 1), ("held", 1))
    assert len(it.weeks) == view.WEEKS
    assert it.weeks[-1] == ("2026-W48", 2)
    assert dict(it.weeks)["2026-W42"] == 1
    assert it.highest == 2


@pytest.mark.parametrize("outcome", ["accepted", "staged", "published", "waiting", "duplicate", "superseded", "undone"])
def test_every_outcome_has_a_name_on_the_page(outcome: str) -> None:
    assert '<span class="stamp">' in page((replace(STORIES[0], outcome=outcome),))


def test_a_post_that_waits_shows_how_it_was_revised_and_what_can_be_said_to_it() -> None:
    html = page((revised(STORIES[0], outcome="waiting"),))
    assert '<span class="stamp">to approve</span>' in html
    assert "<blockquote><p><bdi>标题短一点</bdi></p></blockquote>" in html
    assert "<del>How </del>SQLite Writes" in html
    text = Tree(html).text
    assert f"blogmetad approve {STORIES[0].id}" in text
    assert f'blogmetad revise {STORIES[0].id} "make the title shorter"' in text
    assert f"blogmetad undo {STORIES[0].id}" in text
