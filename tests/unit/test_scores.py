"""A backtest as a terminal shows it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from blogmetad.backtest.compare import compare
from blogmetad.backtest.result import About, Case, Result, score_terms, score_text, summarise
from blogmetad.cli.options import console
from blogmetad.cli.rules import scores


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], str]:
    """What a function prints on a wide terminal."""
    monkeypatch.setattr(console, "width", 170)

    def capture(show: Callable[[], None]) -> str:
        with console.capture() as captured:
            show()
        return captured.get()

    return capture


def case(name: str, tags: tuple[str, ...], title: str, faults: tuple[str, ...] = ()) -> Case:
    fields = {
        "title": score_text(title, "断电也不丢文件", "zh"),
        "tags": score_terms(tags, ("linux", "数据库"), "any"),
    }
    return Case(name, fields, faults, 3.0)


def result(*cases: Case) -> Result:
    return Result(cases, summarise(cases, About("我的博客", 40, "规则 v2", "starter")))


BEFORE = result(
    case("好.md", ("linux", "数据库"), "断电也不丢文件"),
    case("[坏].md", ("go",), "别的", ("'title' has 2 characters; the rules ask for 4 to 50.",)),
)
AFTER = result(
    case("好.md", ("linux", "数据库"), "断电也不丢文件"), case("[坏].md", ("linux", "go"), "断电 [bold]也好")
)


def test_a_summary_shows_the_means_and_the_reasons_why_rules_were_not_kept(
    shown: Callable[[Callable[[], None]], str],
) -> None:
    text = shown(lambda: scores.show_summary(BEFORE))
    assert "2 of 40 posts of 我的博客; rules: 规则 v2; model: starter" in text
    assert [cell.strip() for cell in text.splitlines()[5].split("│")[1:-1]] == [
        *("tags", "0.50", "0.50", "0.50", "0.50", "", "")
    ]
    assert "rules kept in 50% of the posts; a post took 3.0 s (median; at most 3.0 s)" in text
    assert "1x 'title' has 2 characters" in text


def test_the_worst_cases_come_first_with_what_is_markup_to_a_terminal_shown_as_it_is(
    shown: Callable[[Callable[[], None]], str],
) -> None:
    text = shown(lambda: scores.show_worst(AFTER, 1))
    assert "[坏].md" in text
    assert "好.md" not in text
    assert "断电 [bold]也好" in text
    assert "linux, 数据库" in text


def test_a_long_value_is_cut(shown: Callable[[Callable[[], None]], str]) -> None:
    text = shown(lambda: scores.show_worst(result(case("a.md", (), "长" * 400)), 1))
    assert text.count("长") == scores.LONGEST - 3


def test_a_comparison_shows_differences_and_only_the_fields_that_changed(
    shown: Callable[[Callable[[], None]], str],
) -> None:
    text = shown(lambda: scores.show_comparison(compare(BEFORE, AFTER), 5))
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]
    assert ["tags", "F1", "0.50", "0.75", "+0.25"] in rows
    assert ["rules kept", "", "0.50", "1.00", "+0.50"] in rows
    assert ["seconds a post", "median", "3.0", "3.0", "+0.0"] in rows
    assert "[坏].md  +0.36" in text
    assert ["tags", "linux, 数据库", "go (0.00)", "linux, go (0.50)"] in rows
    assert "好.md" not in text


def test_a_comparison_as_json_has_the_same_figures() -> None:
    facts = scores.comparison_facts(compare(BEFORE, AFTER))
    assert facts["posts"] == 2
    assert facts["rules_kept"] == [0.5, 1.0]
    assert facts["moved"] == [{"post": "[坏].md", "difference": pytest.approx(0.36, abs=0.01)}]
