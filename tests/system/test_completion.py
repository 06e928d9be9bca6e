"""What the shell offers when Tab is pressed, asked in the way that shells ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main

from blogmetad.cli.app import app
from blogmetad.cli.share import ready_made_rules
from blogmetad.journal.ledger import Ledger, State
from blogmetad.model.catalog import CATALOG
from tests.system.blog import Blog
from tests.unit.test_progress import BEGIN

PROGRAM = Path(sys.executable).parent / "blogmetad"


@pytest.fixture
def blog(tmp_path: Path) -> Blog:
    """A configuration, and a ledger with a post, a parked draft, and one whose name is not text."""
    blog = Blog(tmp_path)
    blog.config.write_text('[site]\nroot = "."\nrules = "rules.md"\n', "utf-8")
    (tmp_path / "rules.md").write_bytes(ready_made_rules()["al-folio"].read_bytes())
    blog.ledger.parent.mkdir()
    with Ledger(blog.ledger) as ledger:
        made = ledger.open_job("因果.md", "aaaaaa" + "0" * 58, "b" * 64, 9, BEGIN, BEGIN, BEGIN)
        ledger.move(made.id, State.DONE, BEGIN, target="2026-11-26-causality.md")
        for name, start in (("坏 的.md", "cccccc"), (os.fsdecode(b"\xff.md"), "dddddd")):
            job = ledger.open_job(name, start + "0" * 58, start * 10, 9, BEGIN, BEGIN, BEGIN)
            ledger.move(job.id, State.PARKED, BEGIN)
    return blog


Ask = Callable[..., list[str]]


@pytest.fixture
def offered(blog: Blog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """What bash is told for the last word of a line. In this process, since each one takes a second to start."""
    command: Any = typer.main.get_command(app)

    def ask(line: str, config: Path = blog.config) -> list[str]:
        monkeypatch.setenv("BLOGMETAD_CONFIG", str(config))
        for name, value in asking(line).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            command.main(args=[], prog_name="blogmetad")
        said = capsys.readouterr()
        assert (ended.value.code, said.err) == (0, "")
        return [word for word in said.out.splitlines() if word]

    return ask


def asking(line: str) -> dict[str, str]:
    """The environment in which bash asks."""
    count = len(line.split(" ")) - 1
    return {"COMP_WORDS": line, "COMP_CWORD": str(count), "_BLOGMETAD_COMPLETE": "complete_bash"}


def test_commands_are_completed(offered: Ask) -> None:
    assert offered("blogmetad st") == ["status"]
    assert offered("blogmetad service ") == ["install", "uninstall", "status", "logs", "folders"]


def test_values_are_completed_and_files_left_to_the_shell(offered: Ask) -> None:
    assert offered("blogmetad model pull starter") == ["starter", "starter-1.5b"]
    assert offered("blogmetad preview --rules bi") == ["bilingual-zh-en"]
    assert offered("blogmetad rules vocabulary ") == ["tags", "categories"]
    assert offered("blogmetad preview draft") == []
    assert offered("blogmetad model use ./my") == []
    assert set(offered("blogmetad demo --model ")) == set(CATALOG)


def test_drafts_are_completed_by_id_or_name(offered: Ask) -> None:
    assert offered("blogmetad journal show 2026") == ["20261126-dddddd", "20261126-cccccc", "20261126-aaaaaa"]
    assert offered("blogmetad journal show 因") == ["因果.md"]
    assert "20261126-aaaaaa" in offered("blogmetad undo ")
    assert offered("blogmetad retry ") == ["20261126-dddddd", "20261126-cccccc"]


def test_behind_journal_alone_its_commands_and_the_drafts_are_offered(offered: Ask) -> None:
    assert offered("blogmetad journal ")[:2] == ["list", "show"]
    assert "20261126-aaaaaa" in offered("blogmetad journal ")
    assert offered("blogmetad journal 20261126-a") == ["20261126-aaaaaa"]
    assert offered("blogmetad journal st") == ["stats"]
    assert offered("blogmetad journal 因") == ["因果.md"]


def test_wherever_a_draft_can_be_named_its_id_is_offered_too(offered: Ask, blog: Blog) -> None:
    with Ledger(blog.ledger) as ledger:
        for name, start, state in (("等.md", "eeeeee", State.WAITING), ("退.md", "ffffff", State.UNDONE)):
            job = ledger.open_job(name, start + "0" * 58, start * 10, 9, BEGIN, BEGIN, BEGIN)
            ledger.move(job.id, state, BEGIN, target=f"2026-11-26-{name}")
        offer = ledger.open_job("_posts/旧文/2024-01-01-备份.md", "ab" * 32, "c" * 64, 9, BEGIN, BEGIN, BEGIN)
        ledger.move(offer.id, State.UNDONE, BEGIN)
    assert offered("blogmetad approve ") == ["2026-11-26-等.md"]
    assert offered("blogmetad approve 20261126") == ["20261126-eeeeee"]
    assert offered("blogmetad revise 20261126-a") == ["20261126-aaaaaa"]
    assert offered("blogmetad revise 2026-11") == ["2026-11-26-等.md", "2026-11-26-causality.md"]
    assert offered("blogmetad retry 20261126-f") == ["20261126-ffffff"]
    assert offered("blogmetad undo 因") == ["因果.md"]
    assert "_posts/旧文/2024-01-01-备份.md" not in offered("blogmetad retry ")


def test_published_posts_and_the_fields_they_may_lack_are_completed(offered: Ask, blog: Blog) -> None:
    for path in ("旧文/2024-01-01-备份.md", "2025-01-01-wal.md", "2025-01-02-$(touch x).md"):
        post = blog.posts / path
        post.parent.mkdir(parents=True, exist_ok=True)
        post.write_text("---\ntitle: 文\n---\n文。\n", "utf-8")
    assert offered("blogmetad backfill ") == ["旧文/2024-01-01-备份.md", "2025-01-01-wal.md"]
    assert offered("blogmetad backfill --field desc") == ["description"]


def test_a_name_that_a_shell_would_take_apart_is_offered_as_an_id(offered: Ask, blog: Blog) -> None:
    with Ledger(blog.ledger) as ledger:
        for name in ("a b.md", "$(touch x).md", "a;b.md", "好.md"):
            job = ledger.open_job(name, "e" * 64, name, 9, BEGIN, BEGIN, BEGIN)
            ledger.move(job.id, State.PARKED, BEGIN)
    assert [word for word in offered("blogmetad retry ") if not word.startswith("2026")] == ["好.md"]


def test_the_configuration_is_the_one_on_the_line(offered: Ask, blog: Blog, tmp_path: Path) -> None:
    nowhere = tmp_path / "none.toml"
    assert offered("blogmetad undo ", nowhere) == []
    assert offered(f"blogmetad --config {blog.config} undo ", nowhere) != []
    assert offered(f"blogmetad undo --config {blog.config} ", nowhere) != []


def test_what_cannot_be_read_is_not_offered_and_nothing_is_said(offered: Ask, blog: Blog) -> None:
    blog.ledger.write_bytes(b"not a ledger at all")
    assert offered("blogmetad undo ") == []
    (blog.root / "rules.md").unlink()
    assert offered("blogmetad rules vocabulary ") == []
    blog.config.write_text("[site\n", "utf-8")
    assert offered("blogmetad undo ") == []


@pytest.mark.parametrize(("shell", "start"), [("zsh", "_arguments"), ("fish", "20261126-aaaaaa\t因果.md")])
def test_zsh_and_fish_are_told_what_each_id_is(shell: str, start: str, blog: Blog) -> None:
    env = {
        **os.environ,
        "BLOGMETAD_CONFIG": str(blog.config),
        "_BLOGMETAD_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": "blogmetad undo 20261126-a",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run([PROGRAM], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(start)
    assert "2026-11-26-causality.md" in done.stdout


def test_the_program_that_is_installed_answers(blog: Blog) -> None:
    env = {**os.environ, "BLOGMETAD_CONFIG": str(blog.config), **asking("blogmetad undo 20261126-a")}
    done = subprocess.run([PROGRAM], env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("20261126-aaaaaa\n", "")


PRESS_TAB = """
source ~/.bashrc
COMP_WORDS=(blogmetad model pull sta) COMP_CWORD=3
_blogmetad_completion blogmetad
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_installed_into_a_bash_it_answers_when_tab_is_pressed() -> None:
    env = {**os.environ, "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}", "SHELL": "/bin/bash"}
    install = ["bash", "-c", "blogmetad --install-completion; exit $?"]
    done = subprocess.run(install, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pressed = subprocess.run(["bash", "-c", PRESS_TAB], env=env, capture_output=True, text=True, check=False)
    assert pressed.stdout.split() == ["starter", "starter-1.5b"], pressed.stderr
