"""``rules backtest`` as a person or a script calls it, on real folders with a real, tiny model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from blogmetad.backtest.result import parse
from blogmetad.cli.options import console
from blogmetad.cli.rules import scores
from tests.system.blog import make_blog

SUBJECTS = {
    "wal": (
        "Write-Ahead Logs",
        "SQLite 的预写日志把每次提交追加到一个单独的文件，读者不必等待写者。",
        "[数据库, sqlite]",
    ),
    "index": ("Indexes", "SQLite 的索引让查询不必扫描整张表，写入则要多写一份。", "[数据库, 索引]"),
    "timer": ("Timers", "systemd 的定时器比 cron 多记一份日志，也能补上错过的一次。", "[linux, systemd]"),
    "watch": ("Watching Files", "inotify 告诉程序文件变了，systemd 的路径单元也靠它。", "[linux, 独有]"),
}


def write_posts(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, (title, body, tags)) in enumerate(SUBJECTS.items(), 1):
        head = f"title: {title}\ndate: 2025-01-0{number}\ntags: {tags}\n"
        (folder / f"2025-01-0{number}-{name}.md").write_text(f"---\n{head}---\n# {title}\n\n{body * 3}\n", "utf-8")
    return folder


def backtest(*words: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "blogmetad", "rules", "backtest", *words]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=120, env=os.environ, check=False)


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    return write_posts(tmp_path / "文章")


def test_a_folder_of_posts_is_replayed_without_any_configuration(posts: Path, tiny_model: Path) -> None:
    (posts / "随笔.md").write_text("没有日期\n", "utf-8")
    before = sorted(posts.parent.rglob("*"))
    done = backtest(str(posts), "--model", str(tiny_model))
    assert "随笔.md is no post to Jekyll" in done.stderr
    *cases, last = rows(done)
    assert sorted(case["post"] for case in cases) == sorted(path.name for path in posts.glob("2025-*"))
    assert all({"title", "tags"} <= set(case["fields"]) for case in cases)
    assert all(case["seconds"] > 0 for case in cases)
    summary = last["summary"]
    assert summary["cases"] == 4
    assert summary["about"] == {"site": str(posts), "posts": 4, "rules": "learned", "model": tiny_model.name}
    assert sorted(posts.parent.rglob("*")) == before


def test_no_post_gets_a_term_that_only_it_uses_from_the_blog(posts: Path, tiny_model: Path) -> None:
    *cases, _ = rows(backtest(str(posts), "--model", str(tiny_model), "--rules", "learned"))
    for case in cases:
        tags = case["fields"]["tags"]
        assert not {"sqlite", "索引", "systemd", "独有"} & set(tags["proposed"]) & set(tags["author"])


def test_a_configured_site_is_replayed_with_its_own_rules_and_model(tmp_path: Path, tiny_model: Path) -> None:
    blog = make_blog(tmp_path / "博客", tiny_model)
    write_posts(blog.posts)
    done = blog.command("rules", "backtest", str(blog.root), "-n", "2", "--config", str(blog.config))
    *cases, last = rows(done)
    assert len(cases) == 2
    assert last["summary"]["about"]["rules"] == "bilingual-zh-en v1"
    assert last["summary"]["about"]["model"] == tiny_model.name
    assert last["summary"]["fields"]["title"]["language"] == 1.0


def test_an_earlier_result_shows_what_other_rules_change(posts: Path, tiny_model: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "before.jsonl"
    done = backtest(str(posts), "--model", str(tiny_model))
    earlier.write_text(done.stdout, "utf-8")
    model = ("--model", str(tiny_model))
    comparison = rows(backtest(str(posts), *model, "--rules", "al-folio", "--compare", str(earlier)))[-1]["comparison"]
    assert comparison["posts"] == 4
    f1 = next(c for c in comparison["changes"] if (c["field"], c["measure"]) == ("tags", "f1"))
    assert f1["difference"] == pytest.approx(f1["new"] - f1["old"])
    again = rows(backtest(str(posts), *model, "--compare", str(earlier)))[-1]["comparison"]
    assert again["moved"] == []
    assert {c["difference"] for c in again["changes"]} == {0.0}


def test_a_terminal_shows_scores_and_the_worst_cases_side_by_side(posts: Path, tiny_model: Path) -> None:
    result = parse(backtest(str(posts), "--model", str(tiny_model)).stdout)
    console.width, width = 160, console.width
    try:
        with console.capture() as shown:
            scores.show_summary(result)
            scores.show_worst(result, 1)
    finally:
        console.width = width
    text = shown.get()
    assert f"4 of 4 posts of {posts}" in text
    assert "precision" in text
    worst = min(result.cases, key=lambda case: (case.main, case.post))
    assert worst.fields["title"].author[0] in text
    assert sum(case.post in text for case in result.cases) == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("{tmp}/nowhere",), 2, "nowhere is not a folder"),
        (("{tmp}/leer",), 2, "no post with front matter"),
        (("{posts}", "--compare", "{tmp}/none.jsonl"), 2, "none.jsonl cannot be read"),
        (("{posts}", "--compare", "{posts}/2025-01-01-wal.md"), 2, "is no result of a backtest: line 1"),
        (("{posts}", "--compare", "{tmp}/deep.jsonl"), 2, "is no result of a backtest: line 1 is not JSON"),
        (("{posts}", "--model", "~nobody-here/none.gguf"), 2, "no home folder"),
        (("{posts}", "--model", "{tmp}/none.gguf"), 4, "the file does not exist"),
        (("{posts}", "--rules", "{tmp}/none.md"), 2, "none.md"),
        (("{posts}", "-n", "0"), 2, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_documented_exit_code(
    posts: Path, tmp_path: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    (tmp_path / "leer").mkdir()
    (tmp_path / "deep.jsonl").write_text("[" * 100_000, "utf-8")
    done = backtest(*(word.format(posts=posts, tmp=tmp_path) for word in words))
    assert done.returncode == code, done.stderr
    assert message in done.stderr.replace("\n", " ")
    assert done.stdout == ""
