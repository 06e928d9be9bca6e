from __future__ import annotations

from pathlib import Path

import pytest

from blogmetad.journal import folder
from blogmetad.journal.folder import Written
from blogmetad.values import sha256

NAME = "2026-11-26-blogmetad-草稿-8a95ae.md"
JOB = "20261126-8a95ae"
FIRST = f"---\nblogmetad: {JOB}\noutcome: staged\n---\n第一次。\n".encode()
SECOND = f"---\nblogmetad: {JOB}\noutcome: done\n---\n第二次。\n".encode()
THEIRS = "作者自己的日记。\n".encode()


def test_an_entry_is_written_over_its_own_earlier_version_only(tmp_path: Path) -> None:
    first = folder.write(tmp_path / "_journal", NAME, FIRST, JOB, None)
    assert first == Written(NAME, sha256(FIRST))
    assert folder.write(tmp_path / "_journal", NAME, SECOND, JOB, first) == Written(NAME, sha256(SECOND))
    assert (tmp_path / "_journal" / NAME).read_bytes() == SECOND


def test_an_entry_the_author_edited_stays_and_the_new_one_goes_beside_it(tmp_path: Path) -> None:
    first = folder.write(tmp_path, NAME, FIRST, JOB, None)
    (tmp_path / NAME).write_bytes(FIRST + THEIRS)
    beside = folder.write(tmp_path, NAME, SECOND, JOB, first)
    assert beside.name == NAME.replace(".md", "-2.md")
    assert (tmp_path / NAME).read_bytes() == FIRST + THEIRS
    assert (tmp_path / beside.name).read_bytes() == SECOND


def test_a_file_of_the_authors_under_the_wanted_name_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(THEIRS)
    (tmp_path / NAME.replace(".md", "-2.md")).mkdir()
    assert folder.write(tmp_path, NAME, FIRST, JOB, None).name == NAME.replace(".md", "-3.md")
    assert (tmp_path / NAME).read_bytes() == THEIRS


def test_an_entry_that_a_crash_kept_out_of_the_ledger_is_known_by_its_mark(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(FIRST)
    assert folder.write(tmp_path, NAME, FIRST, JOB, None) == Written(NAME, sha256(FIRST))
    assert folder.write(tmp_path, NAME, SECOND, JOB, None) == Written(NAME, sha256(SECOND))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [SECOND]


def test_a_folder_full_of_files_of_that_name_is_an_error_and_no_endless_search(tmp_path: Path) -> None:
    for count in range(1, 100):
        (tmp_path / f"{NAME.removesuffix('.md')}{f'-{count}' if count > 1 else ''}.md").write_bytes(THEIRS)
    with pytest.raises(FileExistsError, match="a hundred files"):
        folder.write(tmp_path, NAME, FIRST, JOB, None)


def test_what_a_crash_left_of_our_entries_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    folder.clear(tmp_path / "missing")
    theirs = [".2026-11-26-日记.md.tmp-1", ".notes-blogmetad-plan.md", NAME, "x.tmp-0123456789ab"]
    for name in (f".{NAME}.tmp-0123456789ab", *theirs):
        (tmp_path / name).write_bytes(THEIRS)
    folder.clear(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(theirs)
