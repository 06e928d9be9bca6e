"""The commands as a person or a script calls them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from blogmetad.journal.ledger import State
from tests.system.blog import CHINESE, Blog, make_blog


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    return make_blog(tmp_path / "博客", tiny_model)


def test_once_publishes_what_waits_and_exits_with_1_if_a_draft_needs_its_author(blog: Blog) -> None:
    blog.drop("好.md", CHINESE)
    done = blog.command("once", "--json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    outcome = json.loads(line)
    assert outcome["outcome"] == "published"
    assert outcome["post"] in blog.published()
    blog.drop("空.md", "")
    again = blog.command("once")
    assert again.returncode == 1
    assert "空.md" in json.loads(again.stdout)["problems"][0]


def test_a_parked_draft_is_not_told_again_until_it_is_saved(blog: Blog) -> None:
    blog.drop("kurz.md", "太短")
    assert blog.command("once").returncode == 1
    assert blog.command("once").returncode == 0
    assert len(blog.jobs()) == 1
    blog.drop("kurz.md", "还是短")
    assert blog.command("once").returncode == 1
    assert len(blog.jobs(State.PARKED)) == 1


def test_preview_shows_one_object_a_file_and_writes_nothing(blog: Blog, tmp_path: Path) -> None:
    draft = tmp_path / "外面.md"
    draft.write_text(f"---\ndate: 2999-01-01\ntags: [手写]\n---\n{CHINESE}", "utf-8")
    before = sorted(str(path) for path in blog.root.rglob("*") if ".blogmetad" not in path.parts)
    done = blog.command("preview", str(draft), str(tmp_path / "missing.md"), "--json")
    assert done.returncode == 1
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert set(first) == {
        *("file", "title", "description", "tags", "categories", "slug", "filename", "front_matter"),
        *("seconds", "problems"),
    }
    assert first["filename"] == f"2999-01-01-{first['slug']}.md"
    assert first["tags"] == ["手写"]
    assert first["title"] in first["front_matter"].replace('\\"', '"')
    assert first["problems"] == []
    assert "cannot be read" in second["problems"][0]
    assert before == sorted(str(path) for path in blog.root.rglob("*") if ".blogmetad" not in path.parts)
    assert blog.jobs() == ()


def test_preview_and_publication_agree(blog: Blog) -> None:
    blog.drop("draft.md", CHINESE)
    shown = json.loads(blog.command("preview", str(blog.inbox / "draft.md"), "--json").stdout)
    done = json.loads(blog.command("once", "--json").stdout)
    assert done["post"] == shown["filename"]
    assert shown["front_matter"] in (blog.posts / done["post"]).read_text("utf-8")


def test_journal_lists_and_tells_and_undo_takes_back(blog: Blog) -> None:
    blog.drop("草稿.md", CHINESE)
    blog.command("once")
    (row,) = (json.loads(line) for line in blog.command("journal", "--json").stdout.splitlines())
    assert (row["draft"], row["outcome"]) == ("草稿.md", "published")
    tail = row["id"].split("-")[1]
    told = blog.command("journal", tail).stdout
    assert told == (blog.journal / row["entry"]).read_text("utf-8")
    undone = blog.command("undo", tail)
    assert undone.returncode == 0
    assert (blog.inbox / "草稿.md").read_bytes() == CHINESE.encode()
    assert "undone" in (blog.journal / row["entry"]).read_text("utf-8")
    assert blog.command("once").returncode == 0
    assert blog.published() == []


def test_undo_of_an_edited_post_is_refused_with_the_reason(blog: Blog) -> None:
    blog.drop("draft.md", CHINESE)
    blog.command("once")
    (name,) = blog.published()
    with (blog.posts / name).open("a", encoding="utf-8") as post:
        post.write("作者后来加的一行。\n")
    (job,) = blog.jobs()
    refused = blog.command("undo", job.id)
    assert refused.returncode == 1
    assert "edited" in refused.stdout
    assert (blog.posts / name).exists()


def test_the_authors_journal_files_are_never_touched(blog: Blog) -> None:
    blog.journal.mkdir()
    own = blog.journal / "2026-01-01.md"
    own.write_text("# 我的日记\n", "utf-8")
    blog.drop("a.md", CHINESE)
    blog.command("once")
    (job,) = blog.jobs()
    entry = blog.journal / str(job.entry)
    entry.write_text("# 作者改过\n", "utf-8")
    blog.command("undo", job.id)
    assert own.read_text("utf-8") == "# 我的日记\n"
    assert entry.read_text("utf-8") == "# 作者改过\n"
    assert len(list(blog.journal.iterdir())) == 3


def test_an_unknown_id_says_where_to_look(blog: Blog) -> None:
    blog.drop("a.md", CHINESE)
    blog.command("once")
    done = blog.command("undo", "ffffff")
    assert done.returncode == 2
    assert "blogmetad journal" in done.stderr


def test_doctor_finds_everything_well_and_what_is_broken(blog: Blog) -> None:
    well = blog.command("doctor", "--json")
    assert well.returncode == 0, well.stdout
    assert {json.loads(line)["check"] for line in well.stdout.splitlines()} >= {"folders", "rules", "model", "posts"}
    (blog.root / "_blogmetad" / "rules.md").write_text("---\nrules: x\nversion: 1\nfeilds: {}\n---\n", "utf-8")
    ill = blog.command("doctor", "--json")
    assert ill.returncode == 1
    (rules,) = (json.loads(line) for line in ill.stdout.splitlines() if '"rules"' in line)
    assert not rules["ok"]
    assert "feilds" in rules["seen"]


def test_a_model_that_is_not_there_says_how_to_get_it(blog: Blog) -> None:
    text = blog.config.read_text("utf-8")
    blog.config.write_text(
        "\n".join('name = "starter"' if line.startswith("name") else line for line in text.split("\n"))
    )
    done = blog.command("run")
    assert done.returncode == 4
    assert "blogmetad model pull starter" in done.stderr


def test_a_mistyped_key_is_named_with_its_file_and_the_key_meant(blog: Blog) -> None:
    with blog.config.open("a", encoding="utf-8") as config:
        config.write("setle_seconds = 3\n")
    done = blog.command("status")
    assert done.returncode == 2
    assert str(blog.config) in done.stderr
    assert "settle_seconds" in done.stderr


def test_init_keeps_what_was_there_before_beside_what_it_writes(blog: Blog, tiny_model: Path) -> None:
    earlier = blog.config.read_bytes()
    rules = blog.root / "_blogmetad" / "rules.md"
    rules.write_text(rules.read_text("utf-8") + "我的补充。\n", "utf-8")
    arguments = ("--model", str(tiny_model), "--config", str(blog.config), "--rules", "jekyll", "--yes")
    done = blog.command("init", str(blog.root), *arguments)
    assert done.returncode == 0, done.stderr
    assert [path.read_bytes() for path in blog.root.glob("blogmetad.toml.*.bak")] == [earlier]
    assert "rules: jekyll" in rules.read_text("utf-8")
    (kept,) = rules.parent.glob("rules.md.*.bak")
    assert kept.read_text("utf-8").endswith("我的补充。\n")


def test_init_again_without_naming_rules_leaves_them_alone(blog: Blog, tiny_model: Path) -> None:
    rules = blog.root / "_blogmetad" / "rules.md"
    rules.write_text(rules.read_text("utf-8") + "我的补充。\n", "utf-8")
    done = blog.command("init", str(blog.root), "--model", str(tiny_model), "--config", str(blog.config), "--yes")
    assert done.returncode == 0, done.stderr
    assert rules.read_text("utf-8").endswith("我的补充。\n")
    assert blog.command("status").returncode == 0


def test_init_with_impossible_folders_writes_nothing(tmp_path: Path, tiny_model: Path, blog: Blog) -> None:
    root, config = tmp_path / "neu", tmp_path / "neu.toml"
    root.mkdir()
    arguments = ("--drafts", "_posts", "--model", str(tiny_model), "--config", str(config), "--yes")
    assert blog.command("init", str(root), *arguments).returncode == 2
    assert not config.exists()
    assert list(root.iterdir()) == []


def test_init_refuses_a_folder_that_is_not_there(tmp_path: Path, blog: Blog) -> None:
    done = blog.command("init", str(tmp_path / "沒有"), "--yes")
    assert done.returncode == 2
    assert "is not a folder" in done.stderr


def test_a_terminal_gets_words_and_a_pipe_gets_json(blog: Blog) -> None:
    blog.drop("draft.md", CHINESE)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "blogmetad", "once", "--config", str(blog.config)],
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(follower)
    seen = b""
    while chunk := _read(leader):
        seen += chunk
    assert process.wait() == 0
    assert "draft.md: published as" in seen.decode()


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 4096)
    except OSError:
        return b""
