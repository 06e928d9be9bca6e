"""What is published."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from blogmetad.site.index import Index
from blogmetad.values import body_sha256


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    folder = tmp_path / "_posts"
    folder.mkdir()
    (folder / "2025-01-01-一.md").write_text("---\ntags: [ai, llm]\ncategories: Life\n---\n第一篇。\n", "utf-8")
    (folder / "2025-01-02-two.md").write_text("---\ntags: ai rust\ncategory: Work\n---\nSecond.\n", "utf-8")
    return folder


@pytest.fixture
def index(posts: Path, tmp_path: Path) -> Index:
    made = Index(posts, tmp_path / "state" / "index.db")
    made.refresh()
    return made


def test_terms_are_counted_by_post_as_jekyll_reads_them(index: Index) -> None:
    assert index.usage("tags") == {"ai": 2, "llm": 1, "rust": 1}
    assert index.usage("categories") == {"Life": 1, "Work": 1}


def test_a_post_with_the_same_body_is_found_whatever_its_front_matter(index: Index) -> None:
    assert index.twin(body_sha256("\n第一篇。\n".encode())) == "2025-01-01-一.md"
    assert index.twin(body_sha256(b"other")) is None


def test_only_changed_posts_are_read_again(index: Index, posts: Path) -> None:
    assert index.refresh().read == 0
    (posts / "2025-01-02-two.md").write_text("---\ntags: [go]\n---\nSecond, longer.\n", "utf-8")
    refreshed = index.refresh()
    assert (refreshed.read, refreshed.posts) == (1, 2)
    assert index.usage("tags") == {"ai": 1, "llm": 1, "go": 1}


def test_a_removed_post_is_forgotten(index: Index, posts: Path) -> None:
    (posts / "2025-01-01-一.md").unlink()
    assert index.refresh().removed == 1
    assert index.usage("tags") == {"ai": 1, "rust": 1}
    assert index.count() == 1


def test_nested_folders_count_and_hidden_ones_do_not(index: Index, posts: Path) -> None:
    for folder in ("二〇二五", ".git", "_old"):
        (posts / folder).mkdir()
        (posts / folder / "2025-02-02-x.md").write_text("---\ntags: [nested]\n---\nx\n", "utf-8")
    index.refresh()
    assert index.usage("tags")["nested"] == 1


def test_an_unreadable_post_is_told_and_stops_nothing(index: Index, posts: Path) -> None:
    (posts / "2025-03-03-坏.md").write_text("---\ntags: [a, a: &b\n---\nbody\n", "utf-8")
    (posts / "2025-03-04-ok.md").write_text("---\ntags: [fine]\n---\nbody\n", "utf-8")
    refreshed = index.refresh()
    assert ["坏" in problem.message for problem in refreshed.problems] == [True]
    assert index.usage("tags")["fine"] == 1


def test_a_damaged_cache_is_made_anew(posts: Path, tmp_path: Path) -> None:
    cache = tmp_path / "index.db"
    cache.write_bytes(b"SQLite format 3\0" + os.urandom(4096))
    index = Index(posts, cache)
    assert index.refresh().read == 2
    index.close()


def test_the_cache_outlives_the_process(index: Index, posts: Path, tmp_path: Path) -> None:
    index.close()
    again = Index(posts, tmp_path / "state" / "index.db")
    assert again.refresh().read == 0
    assert again.usage("tags")["ai"] == 2
    again.close()


def test_a_missing_folder_has_no_posts(tmp_path: Path) -> None:
    index = Index(tmp_path / "nirgends", tmp_path / "index.db")
    assert index.refresh().posts == 0
    index.close()
