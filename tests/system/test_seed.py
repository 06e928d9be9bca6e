"""The case this project started from: a Chinese post about Qwen 3, the real models, English metadata by the rules."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from blogmetad import matter
from blogmetad.journal.ledger import State
from tests.system.blog import Blog, make_blog

SEED = Path(__file__).with_name("qwen3-zh.md")
"""A post of the kind the seed is: Chinese, technical, about Qwen 3, without front matter."""


def published(blog: Blog) -> tuple[Path, dict[str, object]]:
    """The post the daemon makes of the seed, and its fields."""
    blog.drop("qwen.md", SEED.read_bytes())
    with blog.daemon() as daemon:
        job = daemon.wait_for("qwen.md", State.DONE, timeout=240)
    assert list(blog.inbox.iterdir()) == []
    entry = (blog.journal / str(job.entry)).read_text("utf-8")
    for heading in (
        "read",
        "rules",
        "recalled",
        "digest",
        "proposed",
        "checked",
        "composed",
        "retired",
        "What you can do",
    ):
        assert re.search(rf"^## .*{heading}", entry, re.MULTILINE), heading
    post = blog.posts / str(job.target)
    parts = matter.split(post.read_bytes())
    assert parts.head is not None
    assert parts.body.lstrip(b"\n") == SEED.read_bytes()
    return post, dict(matter.parse(parts.head) or {})


def check_conventions(post: Path, fields: dict[str, object]) -> None:
    """What the seed's rules document asks of every post."""
    assert list(fields) == ["layout", "title", "date", "description", "tags", "categories", "giscus_comments", "toc"]
    assert fields["layout"] == "post"
    assert isinstance(fields["date"], dt.date)
    assert fields["giscus_comments"] is True
    assert fields["toc"] == {"beginning": True}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-[a-z0-9]+(-[a-z0-9]+)*\.md", post.name)
    tags, categories = fields["tags"], fields["categories"]
    assert isinstance(tags, list)
    assert isinstance(categories, list)
    assert 5 <= len(tags) <= 8
    assert all(tag == tag.lower() for tag in tags)
    assert set(categories) <= {"AI-Research", "Engineering", "Data-Science", "Tutorial", "Workflow", "Reading", "Life"}
    for value in (fields["title"], fields["description"], *tags, *categories):
        assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", str(value))
    assert len(set(tags) & {"qwen", "llm", "ai", "nlp", "moe", "benchmark", "open source"}) >= 3
    assert "Qwen" in str(fields["title"])
    assert 40 <= len(str(fields["description"])) <= 220


@pytest.mark.starter
def test_the_half_billion_starter_gives_the_seed_its_front_matter(tmp_path: Path, starter: Path) -> None:
    check_conventions(*published(make_blog(tmp_path / "seed", starter)))


@pytest.mark.starter15
def test_the_larger_starter_names_qwen_in_title_and_file_name(tmp_path: Path, starter15: Path) -> None:
    post, fields = published(make_blog(tmp_path / "seed", starter15))
    check_conventions(post, fields)
    assert "qwen" in post.name
    assert "Qwen 3" in str(fields["title"])
