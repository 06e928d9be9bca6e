"""A backtest on a terminal: what was scored, what became better or worse, and the worst cases side by side."""

from __future__ import annotations

from collections import Counter

from rich.table import Table
from rich.text import Text

from blogmetad.backtest.compare import Comparison
from blogmetad.backtest.result import Case, Measure, Result, Scored
from blogmetad.cli.options import console

MEASURES: tuple[tuple[Measure, str], ...] = (
    ("precision", "precision"),
    ("recall", "recall"),
    ("f1", "F1"),
    ("hit", "first"),
    ("similarity", "similarity"),
    ("language", "language"),
)
LONGEST = 160
"""Characters of a value that are shown."""

REASONS = 5


def show_summary(result: Result) -> None:
    """The means of every field, what did not keep the rules, and the time a post took."""
    summary, about = result.summary, result.summary.about
    console.print(
        f"{summary.cases} of {about.posts} posts of {about.site}; rules: {about.rules}; model: {about.model}",
        style="bold",
        markup=False,
    )
    table = _table("field", *(title for _, title in MEASURES), figures=1)
    for field, measures in summary.fields.items():
        table.add_row(Text(field), *(_number(measures.get(measure)) for measure, _ in MEASURES))
    console.print(table)
    seconds = summary.seconds
    console.print(
        f"rules kept in {summary.rules_kept:.0%} of the posts; "
        f"a post took {seconds.median:.1f} s (median; at most {seconds.longest:.1f} s)",
        markup=False,
    )
    reasons = Counter(fault for case in result.cases for fault in case.faults)
    for fault, count in reasons.most_common(REASONS):
        console.print(f"  {count}x {_cut(fault)}", style="yellow", markup=False)


def show_comparison(comparison: Comparison, most: int) -> None:
    """What is better and worse than in an earlier result, and the posts that changed most."""
    console.print(f"\ncompared on {comparison.posts} posts", style="bold", markup=False)
    titles = dict(MEASURES)
    table = _table("field", "measure", "earlier", "now", "difference", figures=2)
    for change in comparison.changes:
        row = (_number(change.old), _number(change.new), _difference(change.difference))
        table.add_row(Text(change.field), titles[change.measure], *row)
    (kept, keeps), (took, takes) = comparison.rules_kept, comparison.seconds
    table.add_row("rules kept", "", _number(kept), _number(keeps), _difference(keeps - kept))
    table.add_row("seconds a post", "median", f"{took:.1f}", f"{takes:.1f}", Text(f"{takes - took:+.1f}"))
    console.print(table)
    for moved in comparison.moved[:most]:
        console.print(f"\n{moved.new.post}  {moved.difference:+.2f}", style="bold", markup=False)
        pairs = _table("field", "yours", "earlier", "now")
        for field, scored in moved.new.fields.items():
            old = moved.old.fields.get(field)
            if old != scored:
                pairs.add_row(Text(field), *map(Text, (_value(scored.author), _proposed(old), _proposed(scored))))
        _faults(moved.new)
        console.print(pairs)


def show_worst(result: Result, most: int) -> None:
    """The cases that agree least with their authors."""
    worst = sorted(result.cases, key=lambda case: (case.main, case.post))[:most]
    if worst:
        console.print("\nthe worst cases", style="bold", markup=False)
    for case in worst:
        console.print(f"\n{case.post}", markup=False)
        _faults(case)
        table = _table("field", "yours", "proposed", "score")
        for field, scored in case.fields.items():
            values = map(Text, (field, _value(scored.author), _value(scored.proposed)))
            table.add_row(*values, _number(scored.main))
        console.print(table)


def comparison_facts(comparison: Comparison) -> dict[str, object]:
    """A comparison as JSON."""
    return {
        "posts": comparison.posts,
        "changes": [
            {"field": c.field, "measure": c.measure, "old": c.old, "new": c.new, "difference": c.difference}
            for c in comparison.changes
        ],
        "rules_kept": list(comparison.rules_kept),
        "seconds": list(comparison.seconds),
        "moved": [{"post": moved.new.post, "difference": moved.difference} for moved in comparison.moved],
    }


def _table(*headings: str, figures: int | None = None) -> Table:
    """A table whose columns from ``figures`` on hold numbers. Long Chinese lines are folded; they have no spaces."""
    table = Table()
    for number, heading in enumerate(headings):
        right = figures is not None and number >= figures
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    return table


def _faults(case: Case) -> None:
    for fault in case.faults:
        console.print(f"  {_cut(fault)}", style="yellow", markup=False)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _difference(value: float | None) -> Text:
    if value is None:
        return Text("")
    style = "green" if value >= 0.005 else "red" if value <= -0.005 else ""
    return Text(f"{value:+.2f}", style=style)


def _proposed(scored: Scored | None) -> str:
    return "" if scored is None else f"{_value(scored.proposed)} ({_number(scored.main) or '-'})"


def _value(value: tuple[str, ...]) -> str:
    return _cut(", ".join(value)) or "-"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
