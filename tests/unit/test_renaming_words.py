"""Another name for a post, read off its author's words in both languages."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from blogmetad.renaming import Renamed, rename
from blogmetad.rules.renaming import asked, new_name
from blogmetad.site.jekyll import SiteConfig, read_site
from blogmetad.values import Problem

OLD = "2024-01-01-old.md"


@pytest.mark.parametrize(
    ("words", "said", "rest"),
    [
        ("rename it to new-slug", "new-slug", ""),
        ("Rename the file to 'two words', and add the tag moe", "two words", "add the tag moe"),
        ("make the title shorter and rename the post to x-y.", "x-y", "make the title shorter"),
        ("change its file name to abc.md", "abc.md", ""),
        ("the file name should be 备份", "备份", ""),
        ("改名为备份指南", "备份指南", ""),
        ("请重命名为 wal", "wal", ""),
        ("把文件名改成「2024-05-01-新名字」，标签加上 备份", "2024-05-01-新名字", "标签加上 备份"),
        ("标签加上 moe，并且改名为 moe-notes。", "moe-notes", "标签加上 moe"),
        ("标题缩短，标签加上 moe", None, "标题缩短，标签加上 moe"),
        ("rename the tag go to golang", None, "rename the tag go to golang"),
        ("把标签 go 改名为 golang", None, "把标签 go 改名为 golang"),
        ("把标题改名为 新标题", None, "把标题改名为 新标题"),
    ],
)
def test_a_file_is_renamed_where_the_words_are_about_the_file(words: str, said: str | None, rest: str) -> None:
    assert asked(words) == (said, rest)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("new-slug", "2024-01-01-new-slug.md"),
        ("new slug.md", "2024-01-01-new-slug.md"),
        ("2025-02-03-备份", "2025-02-03-备份.md"),
        ("v1.2", "2024-01-01-v1.2.md"),
    ],
)
def test_the_name_keeps_its_date_unless_another_is_said_and_its_suffix(said: str, name: str) -> None:
    assert new_name(said, OLD) == name


@pytest.mark.parametrize("said", ["../x", "/etc/x", ".hidden", "", "x/y", "-", "a\0b", "长" * 100, "old"])
def test_what_can_be_no_name_is_told(said: str) -> None:
    assert isinstance(new_name(said, OLD), Problem)


def test_a_name_without_a_date_keeps_none() -> None:
    assert new_name("wal", "old.markdown") == "wal.markdown"


@pytest.mark.parametrize("words", ["rename " * 3000, "请" * 50000, "and " * 50000, "把文件名" * 20000, " " * 100000])
def test_long_words_take_no_time(words: str) -> None:
    began = time.monotonic()
    asked(words)
    assert time.monotonic() - began < 1


def site(tmp_path: Path, text: str) -> SiteConfig:
    (tmp_path / "_config.yml").write_text(text, "utf-8")
    return read_site(tmp_path)


def test_earlier_addresses_are_kept_in_the_form_of_the_line_ends(tmp_path: Path) -> None:
    jekyll = site(tmp_path, "plugins: [jekyll-redirect-from]\npermalink: /:title/\n")
    raw = "---\r\ntitle: 备份\r\nredirect_from: /第一/\r\n---\r\n文。\r\n".encode()
    found = rename("旧文/2024-01-01-第二.md", raw, "第三", jekyll)
    assert isinstance(found, Renamed)
    assert found.path == "旧文/2024-01-01-第三.md"
    assert found.content == raw.replace("/第一/".encode(), "[/第一/, /第二/]".encode())


def test_where_the_address_cannot_be_told_that_is_said(tmp_path: Path) -> None:
    jekyll = site(tmp_path, "plugins: [jekyll-redirect-from]\npermalink: /:hour/:title/\n")
    found = rename(OLD, "---\ntitle: 备份\n---\n文。\n".encode(), "new", jekyll)
    assert isinstance(found, Renamed)
    assert "where that was cannot be told" in found.warnings[0]
    assert found.redirect is None


def test_a_post_that_cannot_be_read_is_not_renamed(tmp_path: Path) -> None:
    assert isinstance(rename(OLD, b"---\ntitle: [\n---\nx\n", "new", site(tmp_path, "title: x\n")), Problem)
    assert isinstance(rename(OLD, "---\na: 1\n---\n文。\n".encode(), "2024-13-01-x", site(tmp_path, "a: 1\n")), Problem)
