"""Addresses of posts, as Jekyll itself made them of these files (4.3.1)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from blogmetad.site.jekyll import read_site
from blogmetad.site.posts import read_post
from blogmetad.site.preflight import address, is_exact
from blogmetad.values import PublishedPost

GUIDE = "---\ncategories: [Foo Bar, 技术]\n---\n文。\n"
OWN = "---\nslug: Own-Slug\n---\n文。\n"


def post(name: str, text: str) -> PublishedPost:
    found = read_post(name, text.encode())
    assert isinstance(found, PublishedPost)
    return found


@pytest.mark.parametrize(
    ("pattern", "guide", "own"),
    [
        ("date", "/foo bar/技术/2024/01/05/备份-Guide.html", "/2023/02/03/Own-Slug.html"),
        ("pretty", "/foo bar/技术/2024/01/05/备份-Guide/", "/2023/02/03/Own-Slug/"),
        ("ordinal", "/foo bar/技术/2024/005/备份-Guide.html", "/2023/034/Own-Slug.html"),
        ("weekdate", "/foo bar/技术/2024/W01/Fri/备份-Guide.html", "/2023/W05/Fri/Own-Slug.html"),
        ("none", "/foo bar/技术/备份-Guide.html", "/Own-Slug.html"),
        ("/blog/:year/:title/", "/blog/2024/备份-Guide/", "/blog/2023/Own-Slug/"),
        (
            "/:categories/:short_year/:i_month/:i_day/:slug.html",
            "/foo bar/技术/24/1/5/备份-guide.html",
            "/23/2/3/own-slug.html",
        ),
    ],
)
def test_it_is_made_of_the_pattern_the_day_and_the_name(pattern: str, guide: str, own: str) -> None:
    made = post("2024-01-05-备份-Guide.md", GUIDE)
    assert is_exact(made, pattern)
    assert address(made, pattern, made.date) == guide
    assert address(post("旧文/2024-01-06-x_y.md", OWN), pattern, dt.date(2023, 2, 3)) == own


def test_a_permalink_of_the_posts_own_goes_before() -> None:
    made = post("2024-01-07-perm.md", "---\npermalink: /p/:title/\n---\n文。\n")
    assert address(made, "/:hour/:title/", made.date) == "/p/perm/"
    assert is_exact(made, "/:hour/:title/")


def test_what_takes_more_than_the_day_to_tell_is_not_exact() -> None:
    assert not is_exact(post("2024-01-07-x.md", OWN), "/:hour/:title/")


@pytest.mark.parametrize(
    ("config", "pattern"),
    [
        ("permalink: /blog/:title/\n", "/blog/:title/"),
        ("collections:\n  posts: {permalink: /文/:title/}\npermalink: pretty\n", "/文/:title/"),
        ("defaults:\n- scope: {path: '', type: posts}\n  values: {permalink: /d/:title/}\n", "/d/:title/"),
        ("defaults:\n- scope: {type: pages}\n  values: {permalink: /d/}\n- 坏\n", "date"),
        ("collections: [news]\n", "date"),
    ],
)
def test_the_pattern_is_the_one_jekyll_takes_for_posts(tmp_path: Path, config: str, pattern: str) -> None:
    (tmp_path / "_config.yml").write_text(config, "utf-8")
    assert read_site(tmp_path).permalink == pattern


def test_plugins_and_what_comments_are_kept_by_are_read(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text("gems: [jekyll-redirect-from]\ngiscus:\n  repo: a/b\n", "utf-8")
    site = read_site(tmp_path)
    assert site.plugins == {"jekyll-redirect-from"}
    assert site.comments == "title"
    assert read_site(tmp_path / "没有").comments is None
