"""The whole story this project started from, with a real model: rules learned, a post reviewed, changed in its author's
words, approved, told, and taken back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from blogmetad import matter
from blogmetad.journal.ledger import State
from tests.system.blog import make_blog

SEED = Path(__file__).with_name("qwen3-zh.md")
POSTS = Path(__file__).with_name("posts_18f")


@pytest.mark.starter
def test_a_post_is_proposed_reviewed_changed_in_words_approved_told_and_taken_back(
    tmp_path: Path, starter: Path
) -> None:
    blog = make_blog(tmp_path / "博客", starter)
    for post in POSTS.glob("*.md"):
        shutil.copy(post, blog.posts / post.name)
    rules = blog.root / "_blogmetad" / "rules.md"
    learned = blog.command("rules", "learn", str(blog.root), "-o", str(rules), "--force")
    assert learned.returncode == 0, learned.stderr
    rules.write_text(rules.read_text("utf-8").replace("\nversion:", "\ncreation_note: end\nversion:", 1), "utf-8")
    blog.config.write_text(blog.config.read_text("utf-8") + '\n[publish]\nmode = "review"\n', "utf-8")
    old = set(blog.published())
    draft = blog.drop("通义千问.md", SEED.read_bytes())

    with blog.daemon() as daemon:
        job = daemon.wait_for("通义千问.md", State.WAITING, timeout=240)
        waiting = blog.root / "_review" / str(job.target)
        assert set(blog.published()) == old
        before = fields(waiting)
        text = waiting.read_text("utf-8")
        assert SEED.read_text("utf-8").strip() in text
        assert "{: .blogmetad-note}" in text

        said = (
            "make the title shorter, add the tag moe",
            'the title should be "Qwen3 and Its Two Ways of Thinking"',
            "the description is too long",
        )
        for words in said:
            done = blog.command("revise", job.id, words, "--json", timeout=240)
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["words"] == words
        revised = fields(waiting)
        assert revised["title"] == "Qwen3 and Its Two Ways of Thinking"
        assert "moe" in str(revised["tags"])
        assert len(str(revised["description"])) < len(str(before["description"]))
        changed = {name for name in before | revised if before.get(name) != revised.get(name)}
        assert changed <= {"title", "tags", "description"}

        done = blog.command("approve", job.id, timeout=120)
        assert done.returncode == 0, done.stderr
        (published,) = set(blog.published()) - old
        assert fields(blog.posts / published) == revised

    entry = blog.journal / str((blog.job("通义千问.md") or job).entry)
    told = entry.read_text("utf-8")
    for heading in ("read", "rules", "proposed", "checked", "waiting", "revised", "approved"):
        assert f" {heading}\n" in told
    assert all(words.replace('"', "") in told.replace('"', "") for words in said)

    assert blog.command("undo", "通义千问").returncode == 0
    assert draft.read_bytes() == SEED.read_bytes()
    assert set(blog.published()) == old


def fields(path: Path) -> dict[str, object]:
    return dict(matter.parse(matter.split(path.read_bytes()).head or b"") or {})
