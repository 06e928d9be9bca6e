"""Jekyll itself, held against what we say of it: it builds the demonstration's site, and does with posts what preflight
says it will."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from blogmetad import matter
from blogmetad.cli.share import DEMO_SITE
from blogmetad.journal.ledger import Ledger
from blogmetad.rules.naming import jekyll_date
from blogmetad.site.jekyll import SiteConfig, read_site
from blogmetad.site.posts import read_posts
from blogmetad.site.preflight import STYLES, address, collisions, preflight
from blogmetad.values import PublishedPost
from tests import jekyll
from tests.system.blog import CHINESE, Blog, make_blog

DATED = "date: 2025-12-31 23:30:00 -0800"
DRAFTS = {
    "author.md": f"---\ntitle: 'no'   # wirklich\ntags: [sqlite, '1,000', '0:30']\n{DATED}\n---\n{CHINESE}",
    "作者.md": f'---\ntitle: "Qwen3: 发布 # 1"\ncategories: Life 随笔\nslug: My Slug\n---\n\n{CHINESE}第二篇。\n',
    "2025-02-03-dated.md": f"---\ndescription: >-\n  一行，\n  又一行。\ntag: a long one\n---\n{CHINESE}第三篇。\n",
    "crlf.md": f"---\r\nmood: 好\r\n---\r\n{CHINESE}第四篇。\n".replace("\n", "\r\n").replace("\r\r", "\r"),
    "bom.md": f"\ufeff{CHINESE}第五篇。\n",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Blog:
    """The demonstration's site with its drafts, and some with habits of their own, all published; built by Jekyll."""
    jekyll.needed()
    site = tmp_path_factory.mktemp("demo") / "site"
    shutil.copytree(DEMO_SITE, site, ignore=shutil.ignore_patterns("drafts"))
    blog = Blog(site)
    words = ("--rules", "bilingual-zh-en", "--model", str(tiny_model), "--config", str(blog.config), "--yes")
    done = blog.command("init", str(site), *words)
    assert done.returncode == 0, done.stderr
    for draft in (DEMO_SITE / "drafts").glob("*.md"):
        shutil.copy(draft, blog.inbox)
    for name, text in DRAFTS.items():
        blog.drop(name, text)
    once = blog.command("once", "--json")
    outcomes = {row["draft"]: row for row in map(json.loads, once.stdout.splitlines())}
    assert {row["outcome"] for row in outcomes.values()} == {"published"}, once.stdout
    assert len(outcomes) == len(DRAFTS) + 2
    build = subprocess.run(
        ["jekyll", "build", "--source", str(site), "--destination", str(site.parent / "built")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stdout + build.stderr
    assert "Error" not in build.stdout + build.stderr
    return blog


def facts(blog: Blog) -> tuple[SiteConfig, dict[str, PublishedPost]]:
    return read_site(blog.root), {post.path: post for post in read_posts(blog.posts).posts}


def moment_of(post: PublishedPost, site: SiteConfig) -> dt.datetime | None:
    return jekyll_date(post.fields.get("date"), site.timezone)


def test_jekyll_publishes_the_demonstration_s_posts_at_the_addresses_we_claim(built: Blog) -> None:
    site, ours = facts(built)
    seen = jekyll.posts(built.root)
    assert set(seen) == set(ours)
    for name, post in ours.items():
        moment = moment_of(post, site)
        day = moment.astimezone(site.timezone).date() if moment else post.date
        claimed = address(post, str(site.permalink), day)
        assert unquote(seen[name]["url"]) == claimed
        page = built.root.parent / "built" / claimed.strip("/") / "index.html"
        assert page.read_text("utf-8").count("<p>") > 1
        assert not list(preflight(post, site, moment, dt.datetime.now(dt.UTC)))
    assert collisions(ours.values(), site, {}) == ()


def test_titles_terms_and_dates_are_those_of_the_journal(built: Blog) -> None:
    site, ours = facts(built)
    seen = jekyll.posts(built.root)
    with Ledger(built.ledger) as ledger:
        for job in ledger.jobs():
            told = {row["field"]: row["value"] for row in decisions(ledger, job.id)}
            post = seen[str(job.target)]
            assert post["title"] == told["title"]
            assert [str(tag) for tag in post["tags"]] == list(ours[str(job.target)].terms.get("tags", ()))
            assert post["tags"] == told.get("tags", [told["tag"]] if "tag" in told else None)
            categories = told["categories"]
            assert post["categories"] == (categories.split() if isinstance(categories, str) else categories)
            moment = jekyll_date(parsed(told["date"]), site.timezone)
            assert moment is not None
            assert dt.datetime.fromisoformat(post["date"]) == moment


def decisions(ledger: Ledger, job: str) -> list[dict[str, Any]]:
    (checked,) = [step for step in ledger.steps(job) if step.name == "checked"]
    rows: list[dict[str, Any]] = checked.data["decisions"]
    return rows


def parsed(value: str) -> Any:
    """A date of the journal as YAML has it."""
    return (matter.parse(f"date: {value}\n".encode()) or {})["date"]


POSTS = {
    "2025-01-02-plain.md": "---\ntitle: 甲\n---\n正文\n",
    "2025-01-03-hidden.md": "---\ntitle: 乙\npublished: false\n---\n正文\n",
    "2095-01-04-future.md": "---\ntitle: 丙\n---\n正文\n",
    "2025-01-05-later.md": "---\ntitle: 丁\ndate: 2095-01-01 08:00:00 +0800\n---\n正文\n",
    "2025-01-06-no-front-matter.md": "正文，没有元数据。\n",
    "2025-01-07-bom.md": "\ufeff---\ntitle: 戊\n---\n正文\n",
    "2025-01-08-slug.md": "---\ntitle: 己\nslug: 你好 World/../x\n---\n正文\n",
    "2025-01-09-Über uns & mehr.md": "---\ntitle: 庚\ncategories: [Data Science, 生活, data science]\n---\n正文\n",
    "2025-1-9-short.markdown": "---\ntitle: 辛\ncategory: One Word\n---\n正文\n",
    "2025-01-10-permalink.md": "---\ntitle: 壬\npermalink: /:categories/x/../:title/\ncategories: a b\n---\n正文\n",
    "2025-01-11-utc.md": "---\ntitle: 癸\ndate: 2025-01-11 20:00:00\n---\n正文\n",
    "2025-01-12-offset.md": "---\ntitle: 子\ndate: 2025-01-12 23:00:00 -0800\n---\n正文\n",
    "_2025-01-13-skipped.md": "---\ntitle: 丑\n---\n正文\n",
    "no-date.md": "---\ntitle: 寅\n---\n正文\n",
}
EXACT = ("date", "pretty", "none", "/blog/:year/:title/", "/:year/:i_month/:i_day/:slug.html", "/:categories/:title")


@pytest.mark.parametrize("permalink", EXACT)
def test_jekyll_does_with_any_post_what_preflight_says(tmp_path: Path, permalink: str) -> None:
    (tmp_path / "_posts").mkdir()
    (tmp_path / "_config.yml").write_text(f"title: x\ntimezone: Asia/Shanghai\npermalink: {permalink}\n", "utf-8")
    for name, text in POSTS.items():
        (tmp_path / "_posts" / name).write_text(text, "utf-8")
    site, ours = facts(Blog(tmp_path))
    seen = jekyll.posts(tmp_path)
    now = dt.datetime.now(dt.UTC)
    for name, post in ours.items():
        moment = moment_of(post, site)
        rules = [finding.rule for finding in preflight(post, site, moment, now)]
        assert ("post.hidden" in rules or "post.future" in rules) == (name not in seen), (name, rules)
        if name in seen:
            day = moment.astimezone(site.timezone).date() if moment else post.date
            assert unquote(seen[name]["url"]) == address(post, str(site.permalink), day), name
            unseen = "post.front_matter" in rules
            assert (seen[name]["title"] != post.fields.get("title")) == unseen, name
    assert set(seen) <= set(ours)
    assert set(STYLES) >= {style for style in EXACT if "/" not in style}


def test_a_body_that_stops_jekyll_is_not_published_and_one_that_was_is_found(tmp_path: Path, tiny_model: Path) -> None:
    def builds() -> bool:
        words = ("jekyll", "build", "--source", str(tmp_path / "site"), "--destination", str(tmp_path / "built"))
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    jekyll.needed()
    blog = make_blog(tmp_path / "site", tiny_model)
    broken = f"{CHINESE}\n```yaml\n{{% if 没有结束 %}}\n```\n"
    blog.drop("坏的.md", broken)
    blog.drop("好的.md", f"{CHINESE}\n{{% raw %}}\n{{% if 没有结束 %}}\n{{% endraw %}}\n")
    done = blog.command("once", "--json")
    outcomes = {row["draft"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert outcomes["好的.md"]["outcome"] == "published"
    assert outcomes["坏的.md"]["outcome"] == "parked"
    assert "line 14: '{% if 没有结束 %}' is never closed by '{% endif %}'" in done.stdout
    assert builds()
    (blog.posts / "2025-01-02-bad.md").write_text(f"---\ntitle: 坏\n---\n{broken}", "utf-8")
    assert not builds()
    found = [json.loads(line) for line in blog.command("rules", "check", "--json").stdout.splitlines()]
    assert [row for row in found if row["id"] == "body.liquid" and "Line 17:" in row["message"]]
