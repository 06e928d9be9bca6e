"""``rules check`` and ``rules vocabulary`` as a person or a script calls them."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from blogmetad.journal.ledger import Ledger, State
from blogmetad.rules import document
from blogmetad.rules.schema import TermsRule
from tests.system.blog import Blog, make_blog
from tests.unit.test_queue import ask

RULES = """---
# 我的规则
rules: 测试
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: en}
  date: {type: date, need: optional}
  tags:
    type: terms
    new: queue  # wait for me
    vocabulary:
      - LLM  # 两篇
      - {name: databases, aliases: [数据库]}
  categories: {type: terms, need: optional}
---
Prose.
"""
SOUND = b"---\nlayout: post\ntitle: Sound\ntags: [LLM]\n---\n" + "正文\n".encode()
SLOPPY = "---\r\ntitle: 'Sloppy'  # 标题\r\ntags: llm, 数据库\r\n---\r\n\r\ntext  \r\n".encode()
MENDED = SLOPPY.replace(b"---\r\ntitle", b"---\r\nlayout: post\r\ntitle", 1).replace(
    "llm, 数据库".encode(), b"[LLM, databases]"
)


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    made = make_blog(tmp_path / "博客", tiny_model)
    (made.root / "_blogmetad/rules.md").write_text(RULES, "utf-8")
    (made.posts / "2025-01-01-sound.md").write_bytes(SOUND)
    return made


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def typed(blog: Blog, *words: str, keys: Sequence[str]) -> tuple[int, str]:
    """Run a command on a terminal; each key is pressed once the command is quiet. Its exit code and all it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(BLOGMETAD_CONFIG=str(blog.config), COLUMNS="200", TERM="dumb")
        os.execv(sys.executable, [sys.executable, "-m", "blogmetad", *words])
    shown, waiting, last = b"", list(keys), time.monotonic()
    while True:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown, last = shown + part, time.monotonic()
        elif waiting and shown and time.monotonic() - last > 1.0:
            os.write(terminal, waiting.pop(0).encode())
            last = time.monotonic()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_a_sound_site_has_no_findings_and_exits_with_0(blog: Blog) -> None:
    done = blog.command("rules", "check")
    assert (done.returncode, done.stdout) == (0, "")


def test_findings_are_one_object_a_line_and_errors_exit_with_1(blog: Blog) -> None:
    (blog.posts / "2025-01-02-sloppy.md").write_bytes(SLOPPY)
    (blog.posts / "笔记.md").write_text("x", "utf-8")
    done = blog.command("rules", "check", "--json")
    assert done.returncode == 1, done.stderr
    found = {(row["file"], row["id"]): row for row in rows(done)}
    assert found.keys() == {
        (None, "tags.page"),
        ("笔记.md", "post.name"),
        ("2025-01-02-sloppy.md", "layout.missing"),
        ("2025-01-02-sloppy.md", "tags.comma"),
        ("2025-01-02-sloppy.md", "tags.case"),
        ("2025-01-02-sloppy.md", "tags.alias"),
    }
    comma = found["2025-01-02-sloppy.md", "tags.comma"]
    assert (comma["severity"], comma["field"], comma["fixable"]) == ("error", "tags", True)


def test_warnings_exit_with_1_only_if_one_is_strict(blog: Blog) -> None:
    (blog.posts / "2025-01-02-case.md").write_bytes(SOUND.replace(b"LLM", b"llm"))
    assert blog.command("rules", "check").returncode == 0
    assert blog.command("rules", "check", "--strict").returncode == 1


def test_files_are_checked_alone_but_against_the_whole_site(blog: Blog) -> None:
    (blog.posts / "2025-01-02-sloppy.md").write_bytes(SLOPPY)
    (blog.posts / "2025-01-01-sound.markdown").write_bytes(SOUND)
    draft = blog.root / "草稿.md"
    draft.write_text("---\nlayout: post\ntitle: Draft\ndate: 2020-01-01\ntags: [LLM]\n---\n", "utf-8")
    done = blog.command("rules", "check", str(blog.posts / "2025-01-01-sound.md"), str(draft), "missing.md")
    assert done.returncode == 1
    found = [(row["file"], row["id"]) for row in rows(done)]
    assert [rule for file, rule in found if file == str(draft)] == ["post.name"]
    assert ("missing.md", "post.unreadable") in found
    assert (None, "post.address") in found
    assert not any(file == "2025-01-02-sloppy.md" for file, _ in found)


def test_a_file_that_never_ends_or_is_named_like_a_home_folder_is_a_finding(blog: Blog) -> None:
    os.mkfifo(blog.root / "管道.md")
    done = blog.command("rules", "check", str(blog.root / "管道.md"), "~nobody-here/a.md")
    assert (done.returncode, [row["id"] for row in rows(done)]) == (1, ["post.unreadable"] * 2), done.stderr


def test_what_the_output_cannot_hold_is_escaped(blog: Blog) -> None:
    (blog.posts / "笔记.md").write_text("x", "utf-8")
    for words, environment in (((), {"PYTHONIOENCODING": "ascii"}), ((os.fsdecode(b"\xff.md"),), {})):
        done = blog.command("rules", "check", *words, **environment)
        assert done.returncode == 1, done.stderr
        assert [row["file"] for row in rows(done)] == [words[0] if words else "笔记.md"]


def test_control_characters_of_a_post_do_not_reach_the_terminal(blog: Blog) -> None:
    (blog.posts / "2025-01-02-\x1b[31m.md").write_bytes(SOUND.replace(b"[LLM]", '"llm, \\e[2J数据库"'.encode()))
    _, shown = typed(blog, "rules", "check", keys=())
    assert "\ufffd[2J数据库" in shown
    assert "\x1b[2J数据库" not in shown
    assert "\x1b[31m.md" not in shown


def test_another_site_with_other_rules_needs_no_configuration(tmp_path: Path, blog: Blog) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/2025-01-02-sloppy.md").write_bytes(SLOPPY)
    words = ("rules", "check", "--site", str(tmp_path / "posts"), "--rules", "jekyll")
    done = blog.command(*words, BLOGMETAD_CONFIG="/nowhere")
    assert done.returncode == 1
    assert "tags.comma" in {row["id"] for row in rows(done)}
    assert blog.command("rules", "check", "--site", str(tmp_path / "none")).returncode == 2


def test_fix_without_a_terminal_shows_the_changes_and_writes_nothing(blog: Blog) -> None:
    post = blog.posts / "2025-01-02-sloppy.md"
    post.write_bytes(SLOPPY)
    done = blog.command("rules", "check", "--fix")
    assert done.returncode == 1
    (row,) = rows(done)
    assert row["repaired"] == ["tags", "layout"]
    assert "-tags: llm, 数据库\n+tags: [LLM, databases]\n" in str(row["diff"])
    assert post.read_bytes() == SLOPPY


def test_fix_repairs_only_what_is_wrong_keeps_the_original_and_does_nothing_the_second_time(blog: Blog) -> None:
    post = blog.posts / "nested" / "2025-01-02-sloppy.md"
    post.parent.mkdir()
    post.write_bytes(SLOPPY)
    post.chmod(0o664)
    sound = (blog.posts / "2025-01-01-sound.md").stat().st_ino
    done = blog.command("rules", "check", "--fix", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert post.read_bytes() == MENDED
    assert post.stat().st_mode & 0o777 == 0o664
    (kept,) = (blog.root / ".blogmetad/fixed").rglob("*.md")
    assert kept.read_bytes() == SLOPPY
    assert kept.parts[-2:] == ("nested", "2025-01-02-sloppy.md")
    assert (blog.posts / "2025-01-01-sound.md").stat().st_ino == sound
    again = blog.command("rules", "check", "--fix", "--yes")
    assert (again.returncode, again.stdout) == (0, "")
    assert len(list((blog.root / ".blogmetad/fixed").iterdir())) == 1


def test_fix_repairs_a_draft_that_lies_elsewhere_and_a_post_named_through_a_link(blog: Blog, tmp_path: Path) -> None:
    for file in (tmp_path / "草稿.md", blog.posts / "2025-01-02-sloppy.md"):
        file.write_bytes(SLOPPY)
    (tmp_path / "link").symlink_to(blog.posts)
    files = (str(tmp_path / "草稿.md"), str(tmp_path / "link/2025-01-02-sloppy.md"))
    done = blog.command("rules", "check", "--fix", "--yes", *files)
    assert {row["file"] for row in rows(done)} == {files[0], "2025-01-02-sloppy.md"}
    assert (tmp_path / "草稿.md").read_bytes() == MENDED
    assert (blog.posts / "2025-01-02-sloppy.md").read_bytes() == MENDED


def test_fix_leaves_a_linked_post_alone_and_says_so(blog: Blog, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.md").write_bytes(SLOPPY)
    (blog.posts / "2025-01-02-sloppy.md").symlink_to(tmp_path / "elsewhere.md")
    done = blog.command("rules", "check", "--fix", "--yes")
    assert done.returncode == 1
    failed = {row["message"] for row in rows(done) if row.get("id") == "fix.failed"}
    assert failed == {"2025-01-02-sloppy.md cannot be written: it is a symbolic link. It is as it was."}
    assert not any("repaired" in row for row in rows(done))
    assert (tmp_path / "elsewhere.md").read_bytes() == SLOPPY


@pytest.mark.parametrize(("answer", "code", "after"), [("n\n", 1, SLOPPY), ("y\n", 0, MENDED)])
def test_fix_asks_on_a_terminal(blog: Blog, answer: str, code: int, after: bytes) -> None:
    post = blog.posts / "2025-01-02-sloppy.md"
    post.write_bytes(SLOPPY)
    exit_code, shown = typed(blog, "rules", "check", "--fix", keys=answer)
    assert exit_code == code, shown
    assert "+tags: [LLM, databases]" in shown
    assert post.read_bytes() == after


def tags(blog: Blog) -> TermsRule:
    rule = document.load(blog.root / "_blogmetad/rules.md").fields["tags"]
    assert isinstance(rule, TermsRule)
    return rule


def queue(blog: Blog) -> None:
    with Ledger(blog.ledger) as ledger:
        ask(ledger, "甲.md", [["tags", "RAG"], ["tags", "向量检索"], ["tags", "llm"]])
        ask(ledger, "乙.md", [["tags", "RAG"], ["tags", "杂谈"]])
        ask(ledger, "丙.md", [["tags", "taken back"]], state=State.UNDONE)


def test_vocabulary_lists_what_is_used_and_what_waits(blog: Blog) -> None:
    queue(blog)
    done = blog.command("rules", "vocabulary", "tags")
    assert done.returncode == 0, done.stderr
    listed = {row["term"]: (row["posts"], row["aliases"], row["waiting"]) for row in rows(done)}
    assert listed == {
        "LLM": (1, [], False),
        "databases": (0, ["数据库"], False),
        "RAG": (2, [], True),
        "向量检索": (1, [], True),
        "杂谈": (1, [], True),
    }
    assert blog.command("rules", "vocabulary", "title").returncode == 2


def test_decisions_given_as_options_go_into_the_document_and_nothing_else_changes(blog: Blog) -> None:
    queue(blog)
    options = ("--accept", "RAG", "--reject", "杂谈", "--alias", "向量检索=DATABASES")
    done = blog.command("rules", "vocabulary", *options)
    assert done.returncode == 0, done.stderr
    text = (blog.root / "_blogmetad/rules.md").read_text("utf-8")
    expected = RULES.replace("[数据库]}\n", "[数据库, 向量检索]}\n      - RAG\n    rejected: [杂谈]\n")
    assert text == expected
    (kept,) = (blog.root / "_blogmetad").glob("rules.md.*.bak")
    assert kept.read_text("utf-8") == RULES
    assert rows(done) == [{"file": str(blog.root / "_blogmetad/rules.md"), "kept": str(kept), "restart": False}]
    assert not any(row["waiting"] for row in rows(blog.command("rules", "vocabulary")))


def test_a_decision_that_cannot_be_taken_leaves_the_document_as_it_is(blog: Blog) -> None:
    twice, blank = ["tags", "--reject", "llm"], ["tags", "--accept", " "]
    undoable = (["tags", "--accept", "RAG", "--alias", "x=none"], ["--accept", "unheard"], twice, blank)
    for options in undoable:
        done = blog.command("rules", "vocabulary", *options)
        assert done.returncode == 2, done.stdout
        assert "what to do" in done.stderr
    assert (blog.root / "_blogmetad/rules.md").read_text("utf-8") == RULES


def test_on_a_terminal_one_key_decides_on_each_term(blog: Blog) -> None:
    queue(blog)
    code, shown = typed(blog, "rules", "vocabulary", keys=["a", "m", "没有\n", "rag\n", "x", "r"])
    assert code == 0, shown
    assert "RAG  (2 posts asked for it)" in shown
    assert "'没有' is no term" in shown
    rule = tags(blog)
    assert [(term.name, term.aliases) for term in rule.vocabulary[2:]] == [("RAG", ("向量检索",))]
    assert rule.rejected == ("杂谈",)


def test_a_person_can_stop_deciding_at_any_term(blog: Blog) -> None:
    queue(blog)
    code, shown = typed(blog, "rules", "vocabulary", "tags", keys=["s", "q"])
    assert code == 0, shown
    assert (blog.root / "_blogmetad/rules.md").read_text("utf-8") == RULES


def test_a_running_daemon_has_to_be_restarted_and_is_said_so(blog: Blog) -> None:
    with blog.daemon():
        done = blog.command("rules", "vocabulary", "tags", "--accept", "RAG")
    assert [row["restart"] for row in rows(done)] == [True]
    assert [row["restart"] for row in rows(blog.command("rules", "vocabulary", "tags", "--accept", "GPU"))] == [False]
