"""``approve`` and ``revise`` as people use them, beside a daemon and without one."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from blogmetad import matter
from blogmetad.journal.ledger import Job, State
from tests.system.blog import CHINESE, Blog, make_blog

REVIEW = '\n[publish]\nmode = "review"\n'
DRAFT = f"---\ntitle: 预写日志与检查点\ndate: 2026-02-01\nslug: wal\ntags: [sqlite]\n---\n{CHINESE}"
NAME = "2026-02-01-wal.md"


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    blog = make_blog(tmp_path / "博客", tiny_model)
    blog.config.write_text(blog.config.read_text("utf-8") + REVIEW, "utf-8")
    return blog


def waiting(blog: Blog) -> Path:
    """A draft whose post waits for its author."""
    blog.drop("日志.md", DRAFT)
    done = blog.command("once")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["outcome"] == "waiting"
    return blog.root / "_review" / NAME


def job_of(blog: Blog) -> Job:
    job = blog.job("日志.md")
    assert job is not None
    return job


def fields(path: Path) -> dict[str, object]:
    return dict(matter.parse(matter.split(path.read_bytes()).head or b"") or {})


def test_a_waiting_post_is_told_revised_approved_and_taken_back_without_a_daemon(blog: Blog) -> None:
    post = waiting(blog)
    status = json.loads(blog.command("status", "--json").stdout)
    assert [(row["post"], row["outcome"]) for row in status["review"]] == [(NAME, "waiting")]
    entry = (blog.journal / str(job_of(blog).entry)).read_text("utf-8")
    assert "waits for your approval" in entry

    revised = blog.command("revise", NAME, "标题改成「日志与检查点」，标签加上 wal", "--json")
    assert revised.returncode == 0, revised.stderr
    assert json.loads(revised.stdout)["changes"] == [
        {"field": "title", "before": "预写日志与检查点", "after": "日志与检查点"},
        {"field": "tags", "before": ["sqlite"], "after": ["sqlite", "wal"]},
    ]
    assert fields(post)["tags"] == ["sqlite", "wal"]
    assert post.read_bytes().endswith(CHINESE.encode())

    approved = blog.command("approve", "日志", "--json")
    assert approved.returncode == 0, approved.stderr
    assert json.loads(approved.stdout)["post"] == NAME
    assert blog.published() == [NAME]
    assert not post.exists()
    assert "approve" not in (blog.posts / NAME).read_text("utf-8")
    entry = (blog.journal / str(job_of(blog).entry)).read_text("utf-8")
    for heading in ("checked", "waiting", "revised", "approved"):
        assert f" {heading}\n" in entry
    assert "in your words: 标题改成" in entry

    assert blog.command("undo", "日志").returncode == 0
    assert (blog.inbox / "日志.md").read_text("utf-8") == DRAFT
    assert blog.published() == []
    refused = blog.command("revise", "日志", "标题短一点")
    assert "only posts that wait or are published can be revised" in refused.stderr
    assert "--outcome published" in refused.stderr


def test_a_running_daemon_obeys_at_once_and_tells_what_it_cannot_do(blog: Blog) -> None:
    post = waiting(blog)
    with blog.daemon() as daemon:
        refused = blog.command("revise", NAME, "make it nicer")
        assert refused.returncode != 0
        assert "Name one or more of" in refused.stderr
        assert "rename it to" in refused.stderr
        assert "--outcome waiting" not in refused.stderr
        assert not {"revise", "approve"} & fields(post).keys()
        revised = blog.command("revise", NAME, 'the title should be "Write-Ahead Logging"')
        assert revised.returncode == 0, revised.stderr
        assert blog.command("approve", "--all").returncode == 0
        assert daemon.process.poll() is None
    assert fields(blog.posts / NAME)["title"] == "Write-Ahead Logging"


def test_a_running_daemon_notices_a_mark_in_the_review_folder_by_itself(blog: Blog) -> None:
    text = blog.config.read_text("utf-8")
    blog.config.write_text(text.replace("rescan_seconds = 5", "rescan_seconds = 3600"), "utf-8")
    post = waiting(blog)
    with blog.daemon() as daemon:
        daemon.wait(lambda: daemon.said("posts known"))
        time.sleep(2.0)  # until it has looked at both folders, and only a change can bring it back
        post.write_text(post.read_text("utf-8").replace("title:", "approve: true\ntitle:"), "utf-8")
        daemon.wait(lambda: blog.published() == [NAME], timeout=20)


def test_a_published_post_is_revised_where_it_lies_and_can_still_be_taken_back(blog: Blog) -> None:
    waiting(blog)
    assert blog.command("approve", NAME).returncode == 0
    before = (blog.posts / NAME).read_bytes()
    revised = blog.command("revise", NAME, "add the tag wal; 标题改成「日志」", "--json")
    assert revised.returncode == 0, revised.stderr
    assert fields(blog.posts / NAME)["tags"] == ["sqlite", "wal"]
    assert [path.read_bytes() for path in (blog.root / ".blogmetad" / "revised").rglob("*.md")] == [before]
    assert job_of(blog).state is State.DONE
    assert blog.command("undo", NAME).returncode == 0
    assert (blog.inbox / "日志.md").read_text("utf-8") == DRAFT


def test_what_does_not_wait_cannot_be_approved_and_nothing_is_changed(blog: Blog) -> None:
    nothing = blog.command("approve", "--all")
    assert nothing.returncode == 2
    post = waiting(blog)
    before = post.read_bytes()
    for words in (("approve",), ("approve", "没有"), ("revise", "没有", "shorter title")):
        refused = blog.command(*words)
        assert refused.returncode == 2
        assert ("--outcome waiting" in refused.stderr) == (words == ("approve",))
    assert post.read_bytes() == before
    assert blog.command("approve", NAME).returncode == 0
    again = blog.command("approve", NAME)
    assert again.returncode == 2
    assert "does not wait for you: it is published" in again.stderr
    assert "--outcome waiting" in again.stderr
    same = blog.command("revise", NAME, "标签改成 sqlite")
    assert (same.returncode, "what to do" in same.stderr) == (2, False)
    assert "the post says so already" in same.stderr


def test_a_post_that_cannot_be_marked_does_not_keep_the_others(blog: Blog) -> None:
    post = waiting(blog)
    blog.drop("坏.md", DRAFT.replace("slug: wal", "slug: broken").replace(CHINESE, f"另一篇。\n{CHINESE}"))
    assert blog.command("once").returncode == 0
    broken = post.with_name("2026-02-01-broken.md")
    broken.write_text("---\ntitle: [\n---\n文\n", "utf-8")
    approved = blog.command("approve", "--all", "--json")
    assert approved.returncode == 1, approved.stderr
    told = {row["draft"]: row["problems"] for row in map(json.loads, approved.stdout.splitlines())}
    assert told["日志.md"] == []
    assert "not valid YAML" in told["坏.md"][0]
    assert blog.published() == [NAME]
    assert broken.read_text("utf-8") == "---\ntitle: [\n---\n文\n"


def test_a_waiting_post_that_cannot_be_published_says_why_and_loses_its_mark(blog: Blog) -> None:
    post = waiting(blog)
    renamed = post.with_name("no-date.md")
    post.rename(renamed)
    assert blog.command("once").returncode == 0
    refused = blog.command("approve", "日志")
    assert refused.returncode == 1
    assert "YYYY-MM-DD" in refused.stdout
    assert "approve" not in renamed.read_text("utf-8")
