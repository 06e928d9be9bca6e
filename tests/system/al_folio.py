"""A small site with the theme al-folio, as somebody has it: its configuration, some pages, and posts with habits."""

from __future__ import annotations

from pathlib import Path

CONFIG = """title: 山间笔记
first_name: Lin
last_name: Shan
description: A small site for tests.
url: https://lin.example
baseurl: ""
timezone: Asia/Shanghai
permalink: /blog/:year/:title/
theme: al-folio
enable_darkmode: true
display_tags: ["databases", "编辑器"]
giscus:
  repo: lin/comments
collections:
  news: {output: true}
"""
POSTS = (
    ("2025-01-12-sqlite-backups", "Backing Up SQLite While It Is in Use", ("sqlite", "backup"), "databases"),
    ("2025-02-20-vacuum-explained", "What VACUUM Does to an SQLite File", ("sqlite", "storage"), "databases"),
    ("2025-03-08-vim-macros", "Vim Macros for Repetitive Edits", ("vim", "editing"), "tools"),
    ("2025-04-17-postgres-indexes", "Choosing Indexes in PostgreSQL", ("postgresql", "indexes"), "databases"),
    ("2025-05-30-git-bisect", "Finding a Regression With Git Bisect", ("git", "debugging"), "tools"),
    ("2025-07-02-wal-in-practice", "Write-Ahead Logs in Practice", ("sqlite", "storage"), "databases"),
    ("2025-08-19-make-for-papers", "Building Papers With Make", ("make", "latex"), "tools"),
    ("2025-10-05-fsync-notes", "Notes on fsync and Power Cuts", ("storage", "linux"), "databases"),
)
BODY = """{title}：这篇文章说明它为什么重要，以及平时怎么用。关键词是 {words}。

## 背景

多数人第一次遇到这个问题，都是在数据已经丢失之后。先弄清楚系统承诺了什么，再谈速度。

## 做法

把每一步写下来，在一台可以随时重来的机器上试一遍，然后再用到正式的环境里。
"""


def make_al_folio(root: Path) -> Path:
    """Write the site."""
    for folder in ("_posts", "_pages", "_news", "_bibliography", "assets"):
        (root / folder).mkdir(parents=True)
    (root / "_config.yml").write_text(CONFIG, "utf-8")
    (root / "Gemfile").write_text('source "https://rubygems.org"\ngem "jekyll"\n', "utf-8")
    (root / "_pages" / "about.md").write_text("---\nlayout: about\ntitle: about\npermalink: /\n---\n你好。\n", "utf-8")
    for name, title, tags, category in POSTS:
        head = (
            f'layout: post\ntitle: "{title}"\ndate: {name[:10]}\n'
            f'description: "How {title.lower()} works in daily use, with what to watch out for."\n'
            f"tags: [{', '.join(tags)}]\ncategories: [{category}]\ngiscus_comments: true\nrelated_posts: true\n"
        )
        body = BODY.format(title=title, words="、".join(tags))
        (root / "_posts" / f"{name}.md").write_text(f"---\n{head}---\n{body}", "utf-8")
    return root
