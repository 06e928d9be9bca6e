from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from blogmetad.journal.ledger import Ledger, LedgerError, State
from blogmetad.journal.renewal import damaged, open_whole, put_aside

NOW = dt.datetime(2025, 4, 29, 18, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
SHA = "abcdef" + "0" * 58


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with Ledger(path) as ledger:
        job = ledger.open_job("草稿.md", SHA, SHA, 42, NOW, NOW, NOW)
        ledger.step(job.id, "read", {"标题": "因果"}, NOW)
    return path


def test_a_whole_ledger_is_just_opened(path: Path) -> None:
    with open_whole(path, NOW) as ledger:
        assert [job.name for job in ledger.jobs()] == ["草稿.md"]
    assert damaged(path) == ()


@pytest.mark.parametrize("old", [b"accepted", b'{"', b"CREATE TABLE job"])
def test_a_damaged_ledger_is_kept_beside_the_new_one(path: Path, old: bytes) -> None:
    broken = path.read_bytes().replace(old, b"?" * len(old))
    path.write_bytes(broken)

    with open_whole(path, NOW) as ledger:
        assert ledger.jobs() == ()
        ledger.open_job("新.md", SHA, SHA, 42, NOW, NOW, NOW, State.PARKED)

    (kept,) = damaged(path)
    assert kept.name == "ledger.db.damaged-20250429-103000"
    assert kept.read_bytes() == broken


@pytest.mark.parametrize("size", [100, 4096, 5000, 12288])
def test_a_ledger_cut_off_anywhere_makes_way_for_a_new_one(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])

    open_whole(path, NOW).close()

    assert [kept.stat().st_size for kept in damaged(path)] == [size]


def test_the_log_of_a_damaged_ledger_goes_with_it_and_no_earlier_one_is_replaced(path: Path) -> None:
    for content in (b"first", b"second"):
        path.write_bytes(content)
        path.with_name("ledger.db-wal").write_bytes(content + b" log")
        put_aside(path, NOW)

    names = [kept.name for kept in damaged(path)]
    assert names == ["ledger.db.damaged-20250429-103000", "ledger.db.damaged-20250429-103000-2"]
    assert [path.with_name(f"{name}-wal").read_bytes() for name in names] == [b"first log", b"second log"]


def test_a_ledger_that_is_not_damaged_but_cannot_be_used_stays(path: Path) -> None:
    path.unlink()
    path.mkdir()

    with pytest.raises(LedgerError) as caught:
        open_whole(path, NOW)

    assert not caught.value.corrupt
    assert path.is_dir()
