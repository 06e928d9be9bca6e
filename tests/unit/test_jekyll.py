"""What blogmetad reads of a Jekyll site."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from blogmetad.site.jekyll import find_site, post_name, read_site


def test_the_sites_time_zone_is_used(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text("title: 博客\ntimezone: Asia/Shanghai\nfuture: true\n", "utf-8")
    site = read_site(tmp_path)
    assert site.timezone.utcoffset(dt.datetime(2025, 4, 29)) == dt.timedelta(hours=8)  # noqa: DTZ001
    assert site.timezone_known
    assert site.future
    assert site.problems == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [("timezone: Mond/Krater\n", "unknown"), ("a: [\n", "cannot be read"), (None, "missing")],
)
def test_a_bad_configuration_is_told_and_the_hosts_zone_used(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "_config.yml").write_text(text, "utf-8")
    site = read_site(tmp_path)
    assert not site.timezone_known
    assert [said in problem.message for problem in site.problems] == [True]


def test_a_site_is_found_from_a_folder_inside_it(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text("", "utf-8")
    (tmp_path / "assets" / "图").mkdir(parents=True)
    assert find_site(tmp_path / "assets" / "图") == tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2025-04-29-qwen-3.md", (dt.date(2025, 4, 29), "qwen-3")),
        ("2025-4-9-x.markdown", (dt.date(2025, 4, 9), "x")),
        ("2025-02-30-x.md", None),
        ("qwen.md", None),
        ("2025-04-29.md", None),
    ],
)
def test_only_names_with_a_date_are_posts(name: str, expected: tuple[dt.date, str] | None) -> None:
    assert post_name(name) == expected
