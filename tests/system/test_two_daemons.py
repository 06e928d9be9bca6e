"""Two of them, and a ledger or a folder that is taken away or damaged under one of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from blogmetad.journal.ledger import State
from tests.system.blog import CHINESE, Blog, make_blog


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    return make_blog(tmp_path / "博客", tiny_model)


def test_a_second_one_is_turned_away_whichever_configuration_it_has(blog: Blog) -> None:
    other = blog.root / "other.toml"
    text = blog.config.read_text("utf-8")
    other.write_text(text.replace("[site]\n", '[site]\nstate = "another-state"\n'), "utf-8")
    with blog.daemon() as daemon:
        same = blog.command("once")
        assert (same.returncode, f"(process {daemon.process.pid}) is running" in same.stderr) == (3, True)
        elsewhere = blog.command("once", "--config", str(other))
        assert elsewhere.returncode == 3
        assert f"drafts folder {blog.inbox}, with another configuration" in elsewhere.stderr
        blog.drop("draft.md", CHINESE)
        daemon.wait_for("draft.md", State.DONE)
    assert blog.command("once", "--config", str(other)).returncode == 0


def test_a_state_folder_that_is_removed_is_built_anew_without_a_restart(blog: Blog) -> None:
    with blog.daemon() as daemon:
        blog.drop("eins.md", CHINESE)
        daemon.wait_for("eins.md", State.DONE)
        shutil.rmtree(blog.root / ".blogmetad")
        blog.drop("eins.md", CHINESE)
        blog.drop("zwei.md", "第二篇。\n\n" + CHINESE)
        daemon.wait_for("zwei.md", State.DONE)
        daemon.wait_for("eins.md", State.DUPLICATE)
        assert len(daemon.said("ledger opened anew")) == 1
        assert daemon.stop() == 0
    assert len(blog.published()) == 2


@pytest.mark.parametrize(
    "damage",
    ["flipped", *(pytest.param(other, marks=pytest.mark.full) for other in ("deleted", "cut off", "replaced"))],
)
def test_a_ledger_that_is_no_good_is_kept_and_built_anew_and_nothing_is_published_twice(
    blog: Blog, damage: str
) -> None:
    for name in ("eins", "zwei"):
        blog.drop(f"{name}.md", f"{name}：第几篇。\n\n{CHINESE}")
    blog.drop("短.md", "太短")
    assert blog.command("once").returncode == 1
    posts = {name: (blog.posts / name).read_bytes() for name in blog.published()}
    raw = blog.ledger.read_bytes()
    if damage == "deleted":
        blog.ledger.unlink()
    elif damage == "flipped":
        blog.ledger.write_bytes(raw.replace(b"CREATE TABLE job", b"CREATE TABLE jnb"))
    elif damage == "cut off":
        blog.ledger.write_bytes(raw[: len(raw) // 2])
    else:
        blog.ledger.write_bytes("这不是数据库".encode() * 1000)
    told = blog.command("status") if damage != "deleted" else None
    assert told is None or (told.returncode, "Start blogmetad again" in told.stderr) == (2, True)
    blog.drop("eins.md", f"eins：第几篇。\n\n{CHINESE}")

    again = blog.command("once", "--json")

    assert again.returncode == 1, again.stderr
    assert {name: (blog.posts / name).read_bytes() for name in blog.published()} == posts
    assert sorted((job.name, job.state.value) for job in blog.jobs()) == [
        ("eins.md", "done"),
        ("eins.md", "duplicate"),
        ("ledger.db", "parked"),
        ("zwei.md", "done"),
        ("短.md", "parked"),
    ]
    assert any("was built anew" in path.read_text("utf-8") for path in blog.journal.glob("*.md"))
    kept = list(blog.ledger.parent.glob("ledger.db.damaged-*"))
    assert len(kept) == (damage != "deleted")
    assert blog.command("undo", "zwei").returncode == 1
