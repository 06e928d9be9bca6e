"""Preflight: what Jekyll will not publish, or not as it is meant."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from blogmetad import matter
from blogmetad.site.jekyll import SiteConfig
from blogmetad.site.posts import read_post
from blogmetad.site.preflight import address, collisions, has_categories, preflight, slugified, strange_tags
from blogmetad.values import Finding, PublishedPost

NOW = dt.datetime(2025, 4, 29, 12, tzinfo=dt.UTC)
SITE = SiteConfig(Path("博客"), "", dt.UTC, True, False, permalink="/blog/:year/:title/", al_folio=True)


def post(head: str = "title: 甲\n", path: str = "2025-01-02-jia.md", body: str = "正文\n") -> PublishedPost:
    read = read_post(path, f"---\n{head}---\n{body}".encode())
    assert isinstance(read, PublishedPost)
    return read


def found(post: PublishedPost, site: SiteConfig = SITE, moment: dt.datetime | None = None) -> dict[str, str]:
    return {finding.rule: finding.severity for finding in preflight(post, site, moment, NOW)}


def shared(*posts: PublishedPost, site: SiteConfig = SITE) -> tuple[Finding, ...]:
    return collisions(posts, site, {})


def test_a_sound_post_has_no_findings() -> None:
    assert found(post("title: 甲\ntoc: {sidebar: left}\ntags: [a, b]\n")) == {}


def test_a_byte_order_mark_is_an_error() -> None:
    marked = read_post("2025-01-02-a.md", matter.BOM + b"---\ntitle: a\n---\n")
    assert isinstance(marked, PublishedPost)
    assert found(marked) == {"post.bom": "error"}


def test_a_post_without_front_matter_is_an_error() -> None:
    bare = read_post("2025-01-02-a.md", "只有正文\n".encode())
    assert isinstance(bare, PublishedPost)
    assert found(bare) == {"post.front_matter": "error"}


def test_hidden_posts_are_named() -> None:
    assert found(post("published: false\n")) == {"post.hidden": "warning"}
    assert found(post("published: true\n")) == {}


def test_a_date_in_the_future_is_named_unless_the_site_shows_such_posts() -> None:
    tomorrow = NOW + dt.timedelta(days=1)
    assert found(post(), moment=tomorrow) == {"post.future": "warning"}
    assert found(post(path="2025-05-01-b.md")) == {"post.future": "warning"}
    assert found(post(), replace(SITE, future=True), tomorrow) == {}
    assert found(post(path="2025-05-01-b.md"), moment=NOW) == {}


def test_a_bare_toc_is_named_on_al_folio_only() -> None:
    assert found(post("toc: true\n")) == {"toc.bare": "warning"}
    assert found(post("toc: true\n"), replace(SITE, al_folio=False)) == {}


def test_liquid_is_an_error_where_it_is_shown_and_a_warning_elsewhere() -> None:
    assert found(post("title: '{{ 7 | times: 7 }}'\n")) == {"post.liquid": "error"}
    assert found(post("image: {path: ['/a/{% link x %}']}\n")) == {"post.liquid": "warning"}
    assert found(post("title: '{ } 100% }'\n")) == {}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/blog/:year/:title/", "/blog/2025/My.Post/"),
        ("date", "/life/读书/2025/01/02/My.Post.html"),
        ("pretty", "/life/读书/2025/01/02/My.Post/"),
        ("/:i_month/:i_day/:slug", "/1/2/my-post"),
        ("none", "/life/读书/My.Post.html"),
    ],
)
def test_addresses_are_those_jekyll_makes(pattern: str, expected: str) -> None:
    made = post("categories: [Life, 读书, life]\n", "2025-01-02-My.Post.md")
    assert address(made, pattern, made.date) == expected


def test_a_slug_and_a_permalink_of_its_own_decide_on_a_post_s_address() -> None:
    assert address(post("slug: 你好 world\n"), "/:title/", dt.date(2025, 1, 2)) == "/你好-world/"
    assert address(post("permalink: /x/:year/\n"), "/:title/", dt.date(2025, 1, 2)) == "/x/2025/"


def test_an_address_that_climbs_out_of_the_site_is_what_jekyll_makes_of_it() -> None:
    assert address(post("permalink: /../../etc/./x/\n"), "/:title/", dt.date(2025, 1, 2)) == "/etc/x/"
    assert address(post("slug: ../../春\n"), "/:year/:title/", dt.date(2025, 1, 2)) == "/2025/-/-春/"


def test_two_posts_with_one_address_are_one_error_with_both_names() -> None:
    (finding,) = shared(post(path="2025-01-02-a.md"), post(path="zh/2025-03-04-a.md"), post(path="2024-01-02-a.md"))
    assert (finding.rule, finding.severity) == ("post.address", "error")
    assert finding.paths == ("2025-01-02-a.md", "zh/2025-03-04-a.md")
    assert "/blog/2025/a/" in finding.message


def test_posts_whose_addresses_have_the_day_do_not_collide() -> None:
    dated = replace(SITE, permalink="date")
    assert shared(post(path="2025-01-02-a.md"), post(path="2025-03-04-a.md"), site=dated) == ()


def test_translations_of_a_post_may_share_its_address() -> None:
    assert shared(post("lang: en\n", "2025-01-02-a.md"), post("lang: zh\n", "zh/2025-01-02-a.md")) == ()


def test_where_no_configuration_tells_a_title_that_comes_twice_a_year_is_a_warning() -> None:
    unknown = replace(SITE, permalink=None)
    (finding,) = shared(post(path="2025-01-02-a.md"), post(path="2025-03-04-a.md"), site=unknown)
    assert (finding.rule, finding.severity) == ("post.address", "warning")


def test_terms_with_one_archive_page_are_one_warning_with_their_counts() -> None:
    posts = [
        post(f"tags: {tags}\n", f"2025-01-0{day}-{day}.md") for day, tags in enumerate(("[AI]", "AI x", "[ai]"), 1)
    ]
    (finding,) = shared(*posts)
    assert (finding.rule, finding.severity, finding.field) == ("tags.page", "warning", "tags")
    assert "'AI' (2 posts) and 'ai' (1 post)" in finding.message
    assert finding.paths == ("2025-01-03-3.md",)


def test_spellings_apart_in_more_than_case_and_signs_have_pages_of_their_own() -> None:
    assert slugified("C++") == slugified("c") == "c"
    assert slugified("Machine  Learning!") == "machine-learning"
    assert slugified("机器学习") == "机器学习"
    assert shared(post("tags: [机器学习, ml]\n"), post("tags: [machine]\n", "2024-01-01-b.md")) == ()


def test_categories_are_part_of_addresses_by_default_and_where_nothing_is_known() -> None:
    assert has_categories(replace(SITE, permalink="date"))
    assert has_categories(replace(SITE, permalink=None))
    assert not has_categories(SITE)


def test_a_body_that_stops_jekyll_is_an_error_with_its_line_in_the_file() -> None:
    broken = post("title: 甲\n", body="一\n{% if 二 %}\n")
    (finding,) = preflight(broken, SITE, None, NOW)
    assert (finding.rule, finding.severity) == ("body.liquid", "error")
    assert finding.message.startswith("Line 5: '{% if 二 %}' is never closed by '{% endif %}'. Jekyll would stop there")
    assert found(post("title: 甲\nrender_with_liquid: false\n", body="{% if 二 %}\n")) == {}


def test_a_tag_that_is_not_jekyll_s_is_named_if_one_post_alone_has_it() -> None:
    posts = [
        post(path="2025-01-02-a.md", body="{% details %}{{ a }{% enddetails %}\n"),
        post(path="2025-01-03-b.md", body="{% details %}\n\n{% block %}\n"),
        post("title: 甲\nrender_with_liquid: false\n", "2025-01-04-c.md", "{% extends %}\n"),
    ]
    (finding,) = strange_tags(posts)
    assert (finding.rule, finding.severity, finding.paths) == ("body.tag", "warning", ("2025-01-03-b.md",))
    assert finding.message.startswith("Line 6: '{% block %}' is no tag of Jekyll's own")
