"""The soak in short: that it runs, finds nothing, and would find something."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.soak.author import Author
from tests.faults.soak.invariants import Auditor
from tests.faults.soak.run import Sample, Soak
from tests.system.blog import Blog, make_blog
from tests.tally import Tally


@pytest.mark.full
@pytest.mark.timeout(600)
def test_a_daemon_left_to_an_author_and_bad_luck_violates_nothing(
    tmp_path: Path, tiny_model: Path, tally: Tally
) -> None:
    soak = Soak(make_blog(tmp_path / "博客", tiny_model), random.Random(5), 30.0, lambda _: None)
    soak.run()
    row = tally.row("soak", "half a minute", f"{len(soak.author.known)} bodies written")
    row.tried = sum(soak.chaos.did.values())
    row.lost = len(soak.wrong)
    assert soak.wrong == []
    assert soak.blog.published()


def test_the_soak_notices_what_is_lost_doubled_or_strange(tmp_path: Path, tiny_model: Path) -> None:
    blog = make_blog(tmp_path / "博客", tiny_model)
    author = Author(blog, random.Random(1))
    auditor = Auditor(blog, author)
    author.drop()
    assert auditor.violations() == []
    (draft,) = blog.inbox.iterdir()
    for name in ("2026-01-01-a.md", "2026-01-02-b.md"):
        (blog.posts / name).write_bytes(draft.read_bytes())
    assert [line.split(":")[0] for line in auditor.violations()] == ["in 2 posts"]
    for post in blog.posts.iterdir():
        post.unlink()
    draft.write_bytes(draft.read_bytes() + b"x")
    assert [line.split(":")[0] for line in auditor.violations()] == ["lost", "not by the author"]


def test_the_soak_notices_what_grows_by_more_than_the_posts_take(tmp_path: Path) -> None:
    soak = Soak(Blog(tmp_path), random.Random(1), 0.0, lambda _: None)

    def grown(by: int, files: int = 0, posts: int = 0) -> list[str]:
        soak.samples["daemon"] = [
            Sample(float(n), 1, 80 * 2**20 + by * n // 100, 20 + files * n // 100, posts * n // 100) for n in range(100)
        ]
        return [sentence.split(":")[0] for sentence in soak._growth()]

    assert grown(5 * 2**20) == []
    assert grown(9 * 2**20) == ["the memory of the daemon grew from 82.2 to 87.6 MiB, with 0 posts more"]
    assert grown(9 * 2**20, posts=400) == []
    assert grown(0, files=9) == ["the daemon leaks file descriptors"]
