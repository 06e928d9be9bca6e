"""A pytest plugin: the tables that ``make test-faults`` prints, and the switch ``--full`` for long sweeps.

Two markers go with it. ``faults``: something goes wrong and nobody's text may suffer (everything in tests/faults has
it by itself). ``full``: takes minutes; left out unless ``--full`` is given. ``make test-faults`` runs both, in any
folder. A sweep that is worth a look in short as well asks for the fixture ``full`` instead, and tries less without.

A test asks for the fixture ``tally``, counts into a row of a table, and asserts afterwards that nothing went wrong,
so that the table tells of failures too::

    def test_no_bad_input_costs_a_byte(tally: Tally) -> None:
        row = tally.row("bad inputs", "front matter")
        for case in CASES:
            row.tried += 1
            row.changed += run(case) != case.raw
        assert row.harmless
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest


@dataclass(slots=True)
class Row:
    """How many faults of one kind were tried, and what they cost: drafts lost, posts doubled, bytes changed."""

    name: str
    tried: int = 0
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    note: str = ""

    @property
    def harmless(self) -> bool:
        """Whether something was tried at all, and cost nothing."""
        return self.tried > 0 and not (self.lost or self.doubled or self.changed)


@dataclass(slots=True)
class Tally:
    """All tables of this run: rows by the title of their table."""

    tables: dict[str, list[Row]] = field(default_factory=dict)

    def row(self, table: str, name: str, note: str = "") -> Row:
        """The row of this name, new if there is none yet. ``note`` is shown behind the numbers."""
        rows = self.tables.setdefault(table, [])
        found = next((row for row in rows if row.name == name), None)
        if found is None:
            found = Row(name)
            rows.append(found)
        found.note = note or found.note
        return found

    def add(self, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Count what another process counted: rows as dictionaries, by the title of their table."""
        for title, rows in tables.items():
            for counted in (Row(**row) for row in rows):
                row = self.row(title, counted.name, counted.note)
                row.tried += counted.tried
                row.lost += counted.lost
                row.doubled += counted.doubled
                row.changed += counted.changed


_TALLY = pytest.StashKey[Tally]()


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    """The tables of this run, to count into."""
    return pytestconfig.stash[_TALLY]


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether a sweep is to try everything, or only a few of each kind."""
    return bool(pytestconfig.getoption("--full"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long sweeps (marker full) as well")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TALLY] = Tally()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full"):
        return
    long = [item for item in items if item.get_closest_marker("full")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a process of several (``pytest -n``): hand what was counted to the one that prints."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        tables = session.config.stash[_TALLY].tables
        output["tally"] = {title: [asdict(row) for row in rows] for title, rows in tables.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[_TALLY].add(getattr(node, "workeroutput", {}).get("tally", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for title, rows in config.stash[_TALLY].tables.items():
        terminalreporter.section(title)
        for line in rendered(rows):
            terminalreporter.write_line(line)


def rendered(rows: Sequence[Row]) -> list[str]:
    """A table as text, with a line of sums below if there are several rows."""
    shown = list(rows)
    if len(rows) > 1:
        names = ("tried", "lost", "doubled", "changed")
        shown.append(Row("together", *(sum(getattr(row, name) for row in rows) for name in names)))
    width = max(len(row.name) for row in shown)
    lines = [f"{'':{width}}   tried    lost doubled changed"]
    for row in shown:
        line = f"{row.name:{width}} {row.tried:7} {row.lost:7} {row.doubled:7} {row.changed:7}  {row.note}"
        lines.append(line.rstrip())
    return lines
