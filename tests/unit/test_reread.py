from __future__ import annotations

from pathlib import Path

import pytest

from blogmetad.journal.reread import Told, told
from blogmetad.values import sha256

ENTRY = """---
blogmetad: 20250429-abcdef
outcome: done
draft: 因果.md
post: 2025-04-29-causal.md
---

# 因果.md: published
"""


def test_our_entries_tell_of_their_jobs_and_other_files_do_not(tmp_path: Path) -> None:
    (tmp_path / "2025-04-29-blogmetad-因果-abcdef.md").write_text(ENTRY, "utf-8")
    (tmp_path / "日记.md").write_text("---\ntitle: 日记\n---\n我的日记。\n", "utf-8")
    (tmp_path / "broken.md").write_bytes(b"---\n[\n---\n\xff")
    (tmp_path / "link.md").symlink_to(tmp_path / "日记.md")
    (tmp_path / "folder.md").mkdir()

    assert told(tmp_path) == {
        "20250429-abcdef": Told(
            "因果.md",
            "done",
            "2025-04-29-causal.md",
            "2025-04-29-blogmetad-因果-abcdef.md",
            sha256(ENTRY.encode()),
        )
    }


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", '"a\\0b"', "[a, b]", "42"])
def test_names_that_lead_out_of_their_folder_or_are_none_are_not_believed(tmp_path: Path, name: str) -> None:
    forged = ENTRY.replace("因果.md\npost: 2025-04-29-causal.md", f"{name}\npost: {name}")
    (tmp_path / "entry.md").write_text(forged, "utf-8")

    (forgery,) = told(tmp_path).values()

    assert (forgery.draft, forgery.post) == ("", None)


def test_a_journal_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert told(tmp_path / "weg") == {}
