"""Published posts as drafts again: what is hidden, what is known, what is scored."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

import pytest

from blogmetad.backtest import laws
from blogmetad.backtest.compare import compare
from blogmetad.backtest.hide import NAME, hide, others, rules_without, sample
from blogmetad.backtest.replay import Stand, recalling, replay
from blogmetad.backtest.result import About, Case, Result, Scored, parse, score_terms, score_text, summarise
from blogmetad.model.proposal import WorkerLost
from blogmetad.rules.document import Rules
from blogmetad.rules.document import parse as parse_rules
from blogmetad.rules.schema import TermsRule
from blogmetad.site.posts import read_post
from blogmetad.values import Opinion, Proposal, PublishedPost, Request

DOCUMENT = """---
rules: 测试
version: 3
fields:
  title: {type: text, language: en, min_length: 3, max_length: 60}
  date: {type: date}
  description: {type: text, language: body, need: recommended}
  tags: {type: terms, language: any, min: 1, max: 3, vocabulary: [{name: database, aliases: [数据库]}, rare, planned]}
  categories: {type: terms, min: 0, max: 1, new: forbid, need: optional}
examples:
  - {title: Write-Ahead Logs, description: How SQLite writes.}
  - {title: 别的例子, description: 另一篇。}
---
写得具体。
"""
ABOUT = About("博客", 3, "测试 v3", "none")


def post(name: str, body: str = "正文讲的是数据库。\n", **fields: object) -> PublishedPost:
    head = "".join(f"{key}: {value}\n" for key, value in fields.items())
    read = read_post(name, f"---\n{head}---\n{body}".encode())
    assert isinstance(read, PublishedPost), read
    return read


def rules() -> Rules:
    return parse_rules(DOCUMENT.encode(), "rules.md")


WAL = post("2025-01-01-wal.md", "预写日志把提交写到别处。", title="Write-Ahead Logs", tags="[数据库, rare, 独有]")
COPY = post("2025-02-01-wal.md", "\n预写日志把提交写到别处。\n", title="又一次", tags="[独有]")
OTHER = post("2025-03-01-b.md", "另一篇，讲索引。", title="Indexes", tags="[database, 索引]", categories="Life")
POSTS = (WAL, COPY, OTHER)


def vocabulary(of: Rules) -> list[str]:
    rule = of.fields["tags"]
    assert isinstance(rule, TermsRule)
    return [term.name for term in rule.vocabulary]


class Proposing:
    """A Proposer that answers as it is told and keeps what it was asked."""

    def __init__(self, answer: Callable[[Request], Proposal]) -> None:
        self.answer, self.asked = answer, list[Request]()

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        assert keep_going()

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        assert keep_going()
        self.asked.append(request)
        return self.answer(request)


@contextmanager
def standing(proposer: Proposing, posts: tuple[PublishedPost, ...] = POSTS) -> Iterator[Stand]:
    """A stand over these posts, with the real index."""
    with recalling(posts) as recall:
        yield Stand(laws.given(rules(), posts), recall, proposer, 480, dt.UTC)


# What is hidden.


def test_a_sample_is_spread_evenly_over_the_posts_by_path_and_the_same_every_time() -> None:
    posts = [post(f"2025-01-{day:02}-篇.md", title=day) for day in range(1, 13)]
    chosen = sample(reversed(posts), 4)
    assert [each.path[8:10] for each in chosen] == ["01", "04", "07", "10"]
    assert len(sample(posts, 99)) == 12


def test_posts_without_front_matter_or_with_nothing_but_a_title_are_not_in_a_sample() -> None:
    bare = read_post("2025-01-01-a.md", "没有元数据".encode())
    assert isinstance(bare, PublishedPost)
    empty = post("2025-01-02-b.md", "\n", title="空")
    heading = post("2025-01-03-c.md", "# 只有标题\n", title="只有标题")
    assert sample([bare, empty, heading, WAL], 9) == (WAL,)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("\n# Write-Ahead logs ##\n\n正文", "\n正文"),
        ("write ahead logs\n===\n正文", "正文"),
        ("## Another heading\n正文", "## Another heading\n正文"),
        ("正文\n# Write-Ahead Logs\n", "正文\n# Write-Ahead Logs\n"),
        ("Write-Ahead Logs\n\n正文", "Write-Ahead Logs\n\n正文"),
    ],
)
def test_only_a_leading_heading_that_says_the_title_is_left_out(body: str, left: str) -> None:
    assert hide(post("2025-01-01-a.md", body, title="Write-Ahead Logs")).text == left


def test_a_hidden_post_keeps_nothing_of_its_front_matter_and_not_its_name() -> None:
    draft = hide(WAL)
    assert (draft.name, draft.head, dict(draft.fields)) == (NAME, b"", {})
    assert draft.raw == draft.body == "预写日志把提交写到别处。".encode()


def test_copies_of_a_hidden_post_are_hidden_with_it() -> None:
    assert others(POSTS, WAL) == (OTHER,)


def test_the_rules_lose_the_terms_that_only_the_hidden_post_uses_and_keep_those_nobody_uses_yet() -> None:
    assert vocabulary(rules_without(rules(), WAL, (OTHER,))) == ["database", "planned"]
    assert vocabulary(rules_without(rules(), WAL, ())) == ["planned"]
    assert vocabulary(rules_without(rules(), OTHER, (WAL, COPY))) == ["database", "rare", "planned"]


def test_the_rules_lose_the_example_that_is_the_hidden_post() -> None:
    assert [each.title for each in rules_without(rules(), WAL, (OTHER,)).examples] == ["别的例子"]


def test_the_rules_lose_what_only_a_copy_of_the_hidden_post_brought_and_its_example_in_other_words() -> None:
    hidden = post("2025-01-01-a.md", "同一篇正文。", title="甲", tags="[索引]", description="How SQLite writes.")
    copy = post("2025-02-01-a.md", "同一篇正文。\n", title="别的例子", tags="[rare]")
    known = laws.given(rules(), (hidden, copy, OTHER))(hidden)
    assert vocabulary(known) == ["database", "planned"]
    assert known.examples == ()


def test_learned_rules_know_nothing_of_the_post_they_are_for_nor_of_its_copies() -> None:
    posts = [
        post(f"2025-01-{day:02}-x.md", f"第{day}篇的正文。", title=f"第{day}篇", tags=f"[t{day}, 共同]")
        for day in range(1, 24)
    ]
    posts.append(post("2025-02-01-copy.md", "第3篇的正文。", title="重复", tags="[t3, copied]"))
    law = laws.learned(posts, posts, "博客", timezone_known=True)
    for hidden in posts:
        found = law(hidden)
        own = {term for each in posts if each.body_sha256 == hidden.body_sha256 for term in each.terms["tags"]}
        assert own & set(vocabulary(found)) == {"共同"} & own
        assert hidden.fields["title"] not in [example.title for example in found.examples]


@pytest.mark.parametrize(("count", "times"), [(20, 10), (10, 5), (3, 2), (2, 1)])
def test_rules_are_learned_as_often_as_it_takes_to_withhold_a_tenth_of_the_posts_at_a_time(
    count: int, times: int
) -> None:
    posts = [post(f"2025-01-{day:02}-x.md", f"第{day}篇的正文。", title=f"第{day}篇") for day in range(1, 21)]
    law = laws.learned(posts, posts[:count], "博客", timezone_known=True)
    assert len({id(law(each)) for each in posts[:count]}) == times


# The replay.


def sure_of_everything(request: Request) -> Proposal:
    return Proposal(
        texts={"title": "Write-Ahead Logging", "description": "预写日志把提交写到别处，读者不必等。"},
        terms={
            ask.field: tuple(Opinion(candidate.name, 9.0) for candidate in ask.candidates)
            for ask in request.asks
            if ask.kind == "terms"
        },
    )


def test_a_replay_scores_what_the_finished_post_says_against_what_its_author_wrote() -> None:
    with standing(Proposing(sure_of_everything)) as stand:
        (case,) = replay(stand, [WAL])
    assert case.post == WAL.path
    assert case.faults == ()
    assert case.fields["title"].proposed == ("Write-Ahead Logging",)
    assert case.fields["title"].author == ("Write-Ahead Logs",)
    assert case.fields["title"].measures == {"similarity": pytest.approx(1 / 2), "language": 1.0}
    assert case.fields["tags"].author == ("数据库", "rare", "独有")
    assert set(case.fields["tags"].proposed) <= {"database", "planned", "索引"}
    assert set(case.fields["tags"].measures) == {"precision", "recall", "f1", "hit"}
    assert case.fields["description"].measures == {"language": 1.0}
    assert case.seconds > 0


def candidates(request: Request) -> set[str]:
    return {candidate.name for ask in request.asks for candidate in ask.candidates}


def test_the_model_is_never_offered_a_term_that_only_the_hidden_post_or_a_copy_uses() -> None:
    proposer = Proposing(sure_of_everything)
    with standing(proposer) as stand:
        assert len(list(replay(stand, [WAL]))) == 1
        assert candidates(proposer.asked[-1]) == {"database", "planned", "索引", "Life"}
        assert len(list(replay(stand, [OTHER]))) == 1
        assert candidates(proposer.asked[-1]) == {"database", "planned", "rare", "独有"}


def test_nothing_the_model_reads_says_the_hidden_title() -> None:
    proposer = Proposing(sure_of_everything)
    with standing(proposer) as stand:
        assert list(replay(stand, [WAL]))
    assert "Write-Ahead" not in repr(proposer.asked[0])


def test_what_the_site_knows_of_a_hidden_post_comes_from_the_others_alone() -> None:
    related = post("2025-04-01-c.md", "讲预写日志，但不讲提交，讲的是检查点。", title="Logs", tags="[日志]")
    with standing(Proposing(sure_of_everything), (*POSTS, related)) as stand:
        near = stand.recall(WAL, hide(WAL), ("tags", "categories"))
    assert [neighbour.path for neighbour in near.posts] == [related.path]
    assert near.usage == {"tags": {"database": 1, "索引": 1, "日志": 1}, "categories": {"Life": 1}}
    assert near.count == 2


def test_a_proposal_that_cannot_become_a_post_is_a_case_with_its_reasons_and_no_scores_but_nought() -> None:
    with standing(Proposing(lambda _: Proposal(texts={"title": "全是中文的标题"}))) as stand:
        (case,) = replay(stand, [OTHER])
    assert any("not in English" in fault for fault in case.faults)
    assert case.fields["title"].proposed == ()
    assert case.fields["title"].measures == {"similarity": 0.0}
    assert case.fields["tags"].measures["f1"] == 0


def test_a_lost_model_process_costs_one_case_and_not_the_backtest() -> None:
    def lost(request: Request) -> Proposal:
        if "索引" in request.text:
            raise WorkerLost("the model's process was killed")
        return sure_of_everything(request)

    with standing(Proposing(lost)) as stand:
        first, second = replay(stand, [OTHER, WAL])
    assert {first.post: first.faults, second.post: second.faults} == {
        OTHER.path: ("the model's process was killed.",),
        WAL.path: (),
    }


def test_what_rules_check_would_say_of_the_proposal_is_a_fault() -> None:
    def without_description(request: Request) -> Proposal:
        return replace(sure_of_everything(request), texts={"title": "Short Logs"})

    with standing(Proposing(without_description)) as stand:
        (case,) = replay(stand, [WAL])
    assert case.fields["title"].proposed == ("Short Logs",)
    assert case.faults == ("There is no 'description', which the rules recommend.",)


# The result.


def case(name: str, tags: tuple[str, ...], title: str = "Write-Ahead Logs", faults: tuple[str, ...] = ()) -> Case:
    fields = {
        "title": score_text(title, "Write-Ahead Logs", "en"),
        "tags": score_terms(tags, ("数据库", "SQLite"), "any"),
    }
    return Case(name, fields, faults, 2.0)


def result(*cases: Case) -> Result:
    return Result(cases, summarise(cases, ABOUT))


def as_lines(of: Result) -> str:
    rows = [*map(asdict, of.cases), {"summary": asdict(of.summary)}]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_an_author_who_wrote_nothing_is_agreed_with_by_nobody_and_left_out_of_the_means() -> None:
    nothing = Case("b", {"tags": score_terms(("go",), (), "en")}, (), 1.0)
    assert nothing.fields["tags"].measures == {"language": 1.0}
    summary = summarise([case("a", ("SQLite",)), nothing], ABOUT)
    assert summary.fields["tags"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "hit": 1.0,
        "language": 1.0,
    }


def test_a_summary_has_the_means_of_each_field_the_share_that_keeps_the_rules_and_the_time() -> None:
    slow = replace(case("b", (), "写日志", ("no tags",)), seconds=10.0)
    summary = summarise([case("a", ("SQLite", "数据库")), slow, case("c", ())], ABOUT)
    assert summary.fields["tags"]["f1"] == pytest.approx(1 / 3)
    assert summary.fields["title"]["language"] == pytest.approx(2 / 3)
    assert summary.rules_kept == pytest.approx(2 / 3)
    assert (summary.seconds.median, summary.seconds.longest) == (2.0, 10.0)


def test_a_result_written_as_lines_reads_back_the_same() -> None:
    before = result(case("2025-01-01-甲.md", ("SQLite",)), case("b", (), "另一个", ("理由",)))
    assert parse(as_lines(before)) == before


def test_a_comparison_behind_a_result_does_not_keep_it_from_being_read() -> None:
    before = result(case("a", ("SQLite",)))
    assert parse(as_lines(before) + '{"comparison": {"posts": 1}}\n') == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no summary"),
        ("not json\n", "line 1 is not JSON"),
        ('{"post": "a", "fields": {}, "faults": []}\n', "line 1 is no line of a backtest: seconds"),
        ('{"post": "a", "fields": {}, "faults": [], "seconds": 1.0}\n', "no summary"),
        ("[1, 2]\n", "line 1 is no line of a backtest"),
    ],
)
def test_a_file_that_is_no_whole_result_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)


def test_a_comparison_covers_the_posts_both_have_and_puts_the_most_changed_first() -> None:
    before = result(case("a", ("SQLite",)), case("b", ("SQLite",)), case("c", ("SQLite",)), case("gone", ()))
    after = result(case("a", ()), case("b", ("SQLite", "go")), case("c", ("SQLite",)), case("new", ()))
    found = compare(before, after)
    assert found.posts == 3
    assert [moved.new.post for moved in found.moved] == ["a", "b"]
    assert found.moved[0].difference == pytest.approx(-1 / 3)
    f1 = next(change for change in found.changes if (change.field, change.measure) == ("tags", "f1"))
    assert f1.old == pytest.approx(2 / 3)
    assert f1.difference == pytest.approx((0 + 1 / 2 + 2 / 3) / 3 - 2 / 3)


def test_a_field_that_only_one_result_has_is_compared_with_nothing() -> None:
    before = result(case("a", ()))
    both = {**before.cases[0].fields, "excerpt": score_text("新", "新", "any")}
    found = compare(before, result(replace(before.cases[0], fields=both)))
    (excerpt,) = [change for change in found.changes if change.field == "excerpt"]
    assert (excerpt.old, excerpt.new, excerpt.difference) == (None, 1.0, None)


def test_results_without_a_common_post_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="no post in common"):
        compare(result(case("a", ())), result(case("b", ())))


def test_a_case_is_worth_the_mean_of_its_fields_that_have_an_author() -> None:
    empty = Scored((), ("x",), {"language": 1.0})
    assert Case("a", {"title": empty}, (), 1.0).main == 1.0
    assert replace(case("a", ("SQLite",)), fields={"tags": case("a", ("SQLite",)).fields["tags"], "x": empty}).main == (
        pytest.approx(2 / 3)
    )
