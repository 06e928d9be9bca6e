"""The comparison of proposals with what authors wrote: every side is asked and judged alike."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bench import ablations, chat, corpus, neighbours, plain, sides
from bench.chat import Reply
from bench.quality_report import Compared, Side, ablation, gain, table, verdict
from blogmetad.backtest.hide import hide, others
from blogmetad.backtest.replay import Stand, replay
from blogmetad.backtest.result import Case, score_terms, score_text
from blogmetad.rules.schema import TermsRule, Weights
from blogmetad.site.posts import read_post
from blogmetad.values import Neighbours, Opinion, Proposal, PublishedPost, Request

ROOT = Path(__file__).resolve().parents[2]
TOPICS = ("数据库", "编译器", "网络", "图形", "调度")


def post(number: int, **fields: str) -> PublishedPost:
    topic = TOPICS[number % len(TOPICS)]
    given = {
        "title": f"Notes on topic {number}",
        "excerpt": f"第{number}篇笔记，讲的是{topic}里的一个小问题。",
        "tags": f"[{topic}, t{number}]",
        "categories": "Life" if number % 5 == 0 else "Work",
    }
    head = "".join(f"{key}: {value}\n" for key, value in (given | fields).items())
    body = (
        f"这一篇讲{topic}。{topic}是怎样工作的，{topic}又有哪些限制，第{number}篇说个明白。关于{topic}还有很多可说。\n"
    )
    read = read_post(f"2025-01-{number:02}-n.md", f"---\n{head}---\n{body}".encode())
    assert isinstance(read, PublishedPost), read
    return read


POSTS = tuple(post(number) for number in range(1, 21))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "博客"
    folder.mkdir()
    for each in POSTS:
        (folder / each.path).write_bytes(each.raw)
    return folder


# What is asked.


def test_the_fields_of_a_corpus_are_those_its_posts_have_with_their_languages_and_limits(site: Path) -> None:
    loaded = corpus.load(site)
    assert (loaded.name, loaded.summary) == ("博客", "excerpt")
    asked = {ask.field: ask for ask in loaded.fields}
    assert list(asked) == ["title", "excerpt", "tags", "categories"]
    assert [asked[field].language for field in asked] == ["en", "zh", "any", "en"]
    assert (asked["title"].low, asked["title"].high) == (16, 17)
    assert (asked["tags"].low, asked["tags"].high) == (2, 2)
    assert asked["tags"].new
    assert not asked["categories"].new


def test_the_plain_way_is_shown_every_term_but_those_only_the_hidden_post_uses_the_most_used_first(site: Path) -> None:
    tags, categories = corpus.asks(corpus.load(site), POSTS[0])[2:]
    names = [candidate.name for candidate in tags.candidates]
    assert "t1" not in names
    assert set(names[:5]) == set(TOPICS)
    assert len(names) == 5 + 19
    assert [candidate.name for candidate in categories.candidates] == ["Work", "Life"]


def test_no_more_than_150_terms_are_listed_and_spellings_of_one_term_once(site: Path) -> None:
    many = post(21, tags="[" + ", ".join(f"u{n}" for n in range(300)) + ", T-2]")
    (site / many.path).write_bytes(many.raw)
    (tags,) = [ask for ask in corpus.asks(corpus.load(site), POSTS[0]) if ask.field == "tags"]
    names = [candidate.name for candidate in tags.candidates]
    assert len(names) == corpus.LISTED
    assert not {"t2", "T-2"} <= set(names)


def test_the_schema_has_lengths_and_counts_an_enum_for_categories_and_no_patterns(site: Path) -> None:
    schema = plain.schema(corpus.asks(corpus.load(site), POSTS[0]), patterns=False)
    assert schema["required"] == ["title", "excerpt", "tags", "categories"]
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert properties["title"] == {"type": "string", "minLength": 16, "maxLength": 17}
    assert properties["tags"]["items"] == {"type": "string", "minLength": 1, "maxLength": plain.TERM_CHARS}
    assert properties["categories"]["items"] == {"enum": ["Work", "Life"]}
    assert "pattern" not in json.dumps(schema)


def reply(path: str, **fields: object) -> Reply:
    return Reply(path, 30.0, 0.5, 4000, 120, json.dumps(fields, ensure_ascii=False), fields)


def test_kept_answers_are_read_back_but_for_a_line_that_was_cut_off(tmp_path: Path) -> None:
    cache = tmp_path / "plain.jsonl"
    first, second = reply("一.md", title="标题", tags=["数据库"]), reply("b.md")
    assert chat.load(cache) == {}
    for each in (first, second):
        chat.keep(cache, each)
    cut = json.dumps(asdict(reply("c.md")))[:-20]
    with cache.open("a", encoding="utf-8") as file:
        file.write(cut)
    assert chat.load(cache) == {"一.md": first, "b.md": second}


def test_an_answer_of_the_tiny_model_fits_the_schema_or_is_unfinished(site: Path, tiny_model: Path) -> None:
    asks = corpus.asks(corpus.load(site), POSTS[0])[:1]
    model = chat.Chat(tiny_model, threads=1)
    found = model.ask(POSTS[0].path, hide(POSTS[0]).text, asks)
    model.close()
    assert found.post == POSTS[0].path
    assert found.prompt_tokens > 50
    assert found.seconds > 0
    assert not found.fields or 16 <= len(str(found.fields["title"])) <= 17


# Neighbours without a model.


def test_tags_come_from_posts_like_the_text_two_of_them_and_one_category() -> None:
    index = neighbours.index(others(POSTS, POSTS[0]), "excerpt")
    found = index.propose(hide(POSTS[0]).text)
    assert found["tags"][0] == TOPICS[1]
    assert len(found["tags"]) == 2
    assert found["categories"] == ["Work"]
    assert "t1" not in index.vote(hide(POSTS[0]).text, "tags")


def test_a_name_in_the_text_decides_between_posts_that_are_equally_near() -> None:
    near = [post(1, tags="[甲, both]", title="x"), post(6, tags="[乙, both]", title="x")]
    index = neighbours.index([*near, *POSTS[1:5]], "none")
    assert index.vote("编译器", "tags")[:3] == ["both", "乙", "甲"]
    assert index.vote("编译器，甲", "tags")[:3] == ["both", "甲", "乙"]


@pytest.mark.parametrize(
    ("text", "term", "mentioned"),
    [
        ("用 Docker 部署", "docker", True),
        ("用Docker部署", "Docker", True),
        ("dockerfile", "docker", False),
        ("machine-learning 入门", "Machine Learning", True),
        ("深度学习入门", "深度学习", True),
        ("go", "golang", False),
    ],
)
def test_a_latin_term_is_named_by_words_of_its_own_and_a_chinese_one_anywhere(
    text: str, term: str, mentioned: bool
) -> None:
    assert neighbours._mentions(text, term) is mentioned


def test_a_text_like_nothing_else_has_no_neighbours() -> None:
    assert neighbours.index(POSTS, "excerpt").vote("qwertz", "tags") == []
    assert neighbours.index((), "excerpt").vote("数据库", "tags") == []


# How the sides are judged.


def test_every_side_is_judged_by_the_same_measures_and_rules(site: Path) -> None:
    good = {"title": "Notes on topic 99", "excerpt": "一篇笔记，讲的是编译器里的一个小问题。",
            "tags": ["编译器", "t2"], "categories": ["Work"]}  # fmt: skip
    with sides.trial(site, 5) as trial:
        paths = [each.path for each in trial.hidden]
        answers = {path: reply(path, **good) for path in paths}
        answers[paths[1]] = reply(paths[1])
        answers[paths[2]] = reply(paths[2], **(good | {"title": "编译器的笔记", "tags": []}))
        cases = sides.plain(trial, answers)
        alone = sides.without_model(trial)
    assert [case.post for case in cases] == [case.post for case in alone] == paths
    assert cases[0].faults == ()
    assert cases[0].fields["title"].measures["similarity"] == pytest.approx(3 / 4)
    assert cases[1].fields["tags"].measures["f1"] == 0
    assert cases[1].faults != ()
    assert cases[2].fields["title"].measures["language"] == 0
    assert any("English" in fault for fault in cases[2].faults)
    assert cases[0].seconds == 30.0
    assert all(case.fields["tags"].proposed for case in alone)
    assert all(case.fields["title"].proposed == () for case in alone)


class Sure:
    """A Proposer that likes every candidate."""

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        assert keep_going()

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        assert keep_going()
        opinions = {
            ask.field: tuple(Opinion(candidate.name, 5.0) for candidate in ask.candidates)
            for ask in request.asks
            if ask.kind == "terms"
        }
        return Proposal({"title": "Notes on topic 98", "excerpt": "一篇笔记，讲的是一个小问题，值得一读。"}, opinions)


def test_an_ablation_takes_away_what_it_says_and_nothing_else(site: Path) -> None:
    with sides.trial(site, 3) as trial:
        stand = Stand(trial.rules_for, trial.recall, Sure(), 480, dt.UTC)
        hidden, draft = trial.hidden[0], hide(trial.hidden[0])
        near, bare = (s.recall(hidden, draft, ("tags",)) for s in (stand, ablations.without_recall(stand)))
        assert near.posts
        assert bare == Neighbours(usage=near.usage, count=near.count)
        silent = ablations.without_opinion(stand).proposer.propose(Request("", "", ()), lambda: True)
        assert (silent.terms, silent.texts["title"]) == ({}, "Notes on topic 98")
        rules = ablations.without_learning(stand).rules_for(hidden)
        assert all(rule.weights == Weights() for rule in rules.fields.values() if isinstance(rule, TermsRule))
        assert ablations.ABLATIONS["digest of 250 tokens"](stand) == replace(stand, budget=250)
        for change in ablations.ABLATIONS.values():
            assert len(list(replay(change(stand), trial.hidden))) == 3


# The report.


def case(number: int, tags: tuple[str, ...], title: str = "Notes", faults: tuple[str, ...] = ()) -> Case:
    fields = {
        "title": score_text(title, "Notes", "en"),
        "tags": score_terms(tags, ("a", "b"), "en"),
        "categories": score_terms(("Work",), ("Work",), "en"),
    }
    return Case(f"{number}.md", fields, faults, float(number))


OURS = Side("blogmetad", "m", (case(1, ("a", "b")), case(2, ("a",))))
PLAIN = Side("plain", "m", (case(1, ("a", "x")), case(2, ("x",), "笔记", ("no",))))
ALONE = Side("neighbours", "", (case(1, ("a", "b"), ""), case(2, ("a", "x"), "")), writes=False)
COMPARED = Compared("博客", 9, "excerpt", (ALONE, PLAIN, OURS), frozenset({"2.md"}))


def test_a_row_has_the_means_the_shares_and_the_time_of_the_timed_posts() -> None:
    rows = list(table(COMPARED))
    assert rows[0] == "### 博客: 2 of 9 posts"
    assert rows[4] == "| neighbours | none | 0.75 | 0.75 | 0.75 | 1.00 |  |  | 100 |  | 2.0 |"
    assert rows[5] == "| plain | m | 0.25 | 0.25 | 0.25 | 1.00 | 0.50 |  | 50 | 50 | 2.0 |"
    assert rows[6] == "| blogmetad | m | 1.00 | 0.75 | 0.83 | 1.00 | 1.00 |  | 100 | 100 | 2.0 |"


def test_a_gain_is_paired_post_by_post() -> None:
    found = gain(OURS, ALONE)
    assert found.ratio == pytest.approx((1 + 2 / 3) / (1 + 1 / 2))
    assert found.difference == pytest.approx((0 + 1 / 6) / 2)
    assert found.error == pytest.approx(1 / 12)
    assert gain(OURS, Side("nothing", "m", (case(1, ()), case(2, ())))).ratio == float("inf")


def test_the_verdict_names_what_was_missed() -> None:
    row = list(verdict([COMPARED]))[-1]
    assert row.startswith(
        "| 博客 | m | 3.33 | 1.11 (missed) | +0.083 ± 0.083 | 1.00 against 1.00 | 1.00 against 0.50 |"
    )


def test_an_ablation_has_a_row_for_every_part_taken_away() -> None:
    rows = list(ablation("博客", "excerpt", [OURS, replace(PLAIN, name="no similar posts")]))
    assert rows[0] == "### 博客, m, 2 posts"
    assert rows[-1].startswith("| no similar posts | 0.25 |")


def test_a_run_prints_figures_and_no_word_of_a_post_and_keeps_the_slow_answers(
    site: Path, tiny_model: Path, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "bench.quality", str(site), "-n", "2", "--model", str(tiny_model)]
    words += ["--cache", str(tmp_path / "cache")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "python -m bench.quality 博客 --model tiny-qwen3.gguf -n 2 --timed 0" in done.stdout
    assert "### 博客: 2 of 20 posts" in done.stdout
    assert done.stdout.count("\n| blogmetad | tiny-qwen3 | ") == 1
    assert done.stdout.count("\n| plain | tiny-qwen3 | ") == 1
    assert not any(word in done.stdout for word in (*TOPICS, "Notes", str(site.parent)))
    (kept,) = (tmp_path / "cache").iterdir()
    assert set(chat.load(kept)) == {POSTS[0].path, POSTS[10].path}


def test_a_site_that_cannot_be_read_is_an_error_with_exit_code_2(tmp_path: Path, tiny_model: Path) -> None:
    words = [sys.executable, "-m", "bench.quality", str(tmp_path / "nowhere"), "--model", str(tiny_model)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "nowhere" in done.stderr
