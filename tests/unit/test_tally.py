from __future__ import annotations

from dataclasses import asdict

from tests.tally import Row, Tally, rendered


def test_rows_are_found_again_by_their_name_and_summed_up_below() -> None:
    tally = Tally()
    tally.row("kills", "rename", "each died").tried += 20
    tally.row("kills", "断电").tried += 3
    again = tally.row("kills", "rename")
    again.tried += 1
    again.lost += 2
    assert (again.tried, again.harmless) == (21, False)
    lines = rendered(tally.tables["kills"])
    assert [line.split() for line in lines[1:]] == [
        ["rename", "21", "2", "0", "0", "each", "died"],
        ["断电", "3", "0", "0", "0"],
        ["together", "24", "2", "0", "0"],
    ]


def test_a_fault_that_was_never_tried_is_not_called_harmless() -> None:
    assert not Row("nothing").harmless
    assert Row("one", tried=1).harmless


def test_what_several_processes_counted_is_added_up_row_by_row() -> None:
    one, other = Tally(), Tally()
    one.row("kills", "rename", "each died").tried += 20
    other.row("kills", "rename").tried += 2
    other.row("kills", "rename").lost += 1
    other.row("断电", "ext4").tried += 3
    one.add({title: [asdict(row) for row in rows] for title, rows in other.tables.items()})
    assert one.tables == {
        "kills": [Row("rename", tried=22, lost=1, note="each died")],
        "断电": [Row("ext4", tried=3)],
    }
