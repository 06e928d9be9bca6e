"""``blogmetad journal`` as a person or a script calls it, over a real ledger."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from blogmetad.cli.app import app
from blogmetad.cli.journal.drafts import NoSuchDraft
from blogmetad.journal.entry import Happened
from blogmetad.journal.ledger import Ledger
from tests.stories import BODY, TITLE, ZONE, keep, tell

NOW = dt.datetime.now(ZONE)
LONG = {"title": TITLE, "description": "SQLite keeps a log. It is written before the pages are, so nobody waits."}
STORIES = (
    replace(tell("zurück.md", at=NOW - dt.timedelta(days=40), front="subtitle: x\n"), outcome="undone"),
    tell("moe.md", {"title": "预写"}, {"title": "Experts"}, at=NOW - dt.timedelta(days=9), front="tags: [MoE]\n"),
    tell("短 \x1b[2J.md", body="短", at=NOW - dt.timedelta(days=2)),
    tell("日志.md", LONG, own=("预写日志",), at=NOW - dt.timedelta(hours=3)),
)

Journal = Callable[..., str]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site whose ledger has the stories."""
    root = tmp_path / "博客"
    for folder in ("_inbox", "_posts", "_journal", ".blogmetad"):
        (root / folder).mkdir(parents=True)
    (root / "_config.yml").write_text("title: 我的 <博客>\ntimezone: Asia/Shanghai\n", "utf-8")
    (root / "blogmetad.toml").write_text('[site]\nroot = "."\n', "utf-8")
    with Ledger(root / ".blogmetad" / "ledger.db") as ledger:
        for story in STORIES:
            keep(ledger, story)
    return root


@pytest.fixture
def journal(site: Path) -> Journal:
    """Calls ``blogmetad journal`` in this process, its output as into a pipe."""

    def call(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["--config", str(site / "blogmetad.toml"), "journal", *words])
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    return call


def drafts(output: str) -> list[str]:
    return [json.loads(line)["draft"] for line in output.splitlines()]


def on_a_terminal(site: Path, *calls: str) -> list[str]:
    """What a person sees of several calls, on a terminal of a hundred columns."""
    leader, follower = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "BLOGMETAD_CONFIG": str(site / "blogmetad.toml")}
    code = "import sys; from blogmetad.cli.app import app\n"
    code += "for call in sys.argv[1:]: app(['journal', *call.split()], standalone_mode=False); print('\\f', end='')"
    process = subprocess.Popen([sys.executable, "-c", code, *calls], stdout=follower, stderr=follower, env=env)
    os.close(follower)
    seen = b""
    try:
        while chunk := os.read(leader, 4096):
            seen += chunk
    except OSError:
        pass  # the other end is closed
    assert process.wait() == 0, seen
    return seen.decode("utf-8").split("\f")[:-1]


def test_alone_it_lists_and_with_a_draft_it_tells(journal: Journal) -> None:
    names = ["日志.md", "短 \x1b[2J.md", "moe.md", "zurück.md"]
    assert drafts(journal()) == drafts(journal("--json")) == drafts(journal("list")) == names
    assert drafts(journal("-n", "2")) == names[:2]
    one = json.loads(journal().splitlines()[0])["id"]
    told = journal(one)
    assert told.startswith(f"---\nblogmetad: {one}\n")
    assert journal("show", one) == journal(one[-6:]) == told
    steps = json.loads(journal("--json", one))["steps"]
    assert steps == json.loads(journal(one, "--json"))["steps"]
    assert [step["step"] for step in steps][:2] == ["read", "rules"]


def test_a_line_of_the_list_has_the_facts_it_always_had(journal: Journal) -> None:
    line = json.loads(journal().splitlines()[0])
    assert list(line) == [
        *("id", "draft", "outcome", "post", "arrived", "updated", "until", "problems", "entry", "sha256", "attempts")
    ]


@pytest.mark.parametrize("name", ["日志.md", "日志", "_inbox/日志.md", "{post}", "_posts/{post}.md"])
def test_a_draft_goes_by_its_own_name_and_that_of_its_post(journal: Journal, name: str) -> None:
    post = json.loads(journal().splitlines()[0])["post"].removesuffix(".md")
    assert json.loads(journal("show", name.format(post=post), "--json"))["draft"] == "日志.md"


def test_a_name_goes_before_a_part_of_an_id(site: Path, journal: Journal) -> None:
    one = json.loads(journal().splitlines()[0])["id"][-6:]
    with Ledger(site / ".blogmetad" / "ledger.db") as ledger:
        keep(ledger, tell(f"{one}.md", body=f"另一篇。{BODY}", at=NOW - dt.timedelta(days=60)))
    assert json.loads(journal("show", one, "--json"))["draft"] == f"{one}.md"


@pytest.mark.parametrize("words", ["", "/", ".md", "{end}", "日志/"])
def test_next_to_nothing_names_no_draft(site: Path, words: str, journal: Journal) -> None:
    end = json.loads(journal().splitlines()[0])["id"][-2:]
    done = CliRunner().invoke(app, ["--config", str(site / "blogmetad.toml"), "journal", "show", words.format(end=end)])
    assert isinstance(done.exception, NoSuchDraft)


def test_a_name_that_no_draft_goes_by_says_where_to_look(site: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "blogmetad", "journal", "沒有.md", "--config", str(site / "blogmetad.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no draft goes by the id or name 沒有.md" in done.stderr
    assert "'blogmetad journal' lists them" in done.stderr


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--since", "1d"), ["日志.md"]),
        (("--since", "2w", "--outcome", "published"), ["日志.md", "moe.md"]),
        (("--outcome", "needs-you", "--outcome", "undone"), ["短 \x1b[2J.md", "zurück.md"]),
        (("--tag", "moe"), ["moe.md"]),
        (("--changed", "description"), ["日志.md"]),
        (("--changed", "title"), ["moe.md"]),
        (("--since", "1h"), []),
        (("--tag", "SQLite", "-n", "1"), ["日志.md"]),
    ],
)
def test_drafts_can_be_chosen(journal: Journal, words: tuple[str, ...], names: list[str]) -> None:
    assert drafts(journal(*words)) == drafts(journal("list", *words)) == names


@pytest.mark.parametrize("command", ["list", "stats", "page", "search"])
def test_what_cannot_be_chosen_is_refused_with_what_can(journal: Journal, command: str) -> None:
    words = ("x",) if command == "search" else ()
    assert "there are published, needs-you, working" in " ".join(
        journal(command, *words, "--outcome", "gut", code=2).split()
    )
    assert "say 12h, 3d, 2w" in " ".join(journal(command, *words, "--since", "gestern", code=2).split())


def test_words_are_found_with_the_places_where_they_stand(journal: Journal) -> None:
    (line,) = map(json.loads, journal("search", "SQLite预写").splitlines())
    assert line["draft"] == "日志.md"
    assert {"in": "new in tags", "text": "预写日志"} in line["hits"]
    assert drafts(journal("search", "experts", "moe")) == ["moe.md"]
    assert journal("search", "这里说明为什么") == ""


def test_statistics_are_one_object(journal: Journal) -> None:
    told: dict[str, Any] = json.loads(journal("stats", "--since", "2w"))
    assert (told["drafts"], told["outcomes"]) == (3, {"published": 2, "parked": 1})
    assert told["changed"] == {"description": 1, "tags": 1, "title": 1}
    assert told["terms"]["tags"] == {"MoE": 1, "linux": 1, "sqlite": 1}
    assert (told["models"], told["seconds"]["drafts"]) == ({"tiny": 2}, 2)


def test_the_last_steps_are_told_and_then_every_further_one(site: Path, journal: Journal) -> None:
    assert [json.loads(line)["step"] for line in journal("tail", "-n", "2").splitlines()] == ["published", "done"]
    command = [sys.executable, "-m", "blogmetad", "journal", "tail", "-f", "-n", "1"]
    command += ["--config", str(site / "blogmetad.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["step"] == "done"
        with Ledger(site / ".blogmetad" / "ledger.db") as ledger:
            job = ledger.latest("日志.md")
            assert job is not None
            ledger.step(job.id, "undone", {"was": "done", "draft": "andere.md"}, dt.datetime.now(dt.UTC))
            line = json.loads(process.stdout.readline())
        process.kill()
    assert (line["draft"], line["step"], line["was"]) == ("日志.md", "undone", "done")


def test_no_steps_to_begin_with_means_none(journal: Journal) -> None:
    assert journal("tail", "-n", "0") == ""


def test_the_page_goes_to_the_state_folder_and_is_brought_up_to_date(site: Path, journal: Journal) -> None:
    told = json.loads(journal("page"))
    file = Path(told["file"])
    assert file == site / ".blogmetad" / "journal.html"
    assert told == {"file": str(file), "drafts": 4, "bytes": file.stat().st_size}
    assert "<bdi>我的 &lt;博客&gt;</bdi>" in file.read_text("utf-8")
    assert json.loads(journal("page", "--since", "2w", "-n", "2"))["drafts"] == 2
    assert "the latest 2 of 3" in file.read_text("utf-8")


def test_a_file_that_is_no_page_of_ours_is_only_replaced_by_force(site: Path, journal: Journal) -> None:
    file = site / "seite.html"
    file.write_text("我自己的页面", "utf-8")
    with pytest.raises(AssertionError, match="is no page of ours"):
        journal("page", "--output", str(file))
    assert file.read_text("utf-8") == "我自己的页面"
    journal("page", "--output", str(file), "--force", "--language", "zh")
    journal("page", "--output", str(file))
    with pytest.raises(AssertionError, match="is no file"):
        journal("page", "--output", str(site / "_posts"), "--force")
    with pytest.raises(AssertionError, match="cannot be written"):
        journal("page", "--output", str(site / "missing" / "a.html"))


def test_the_page_can_be_written_to_a_pipe_in_the_language_of_whoever_asks(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert '<html lang="zh" data-language="auto">' in journal("page", "-o", "-")
    assert '<html lang="en" data-language="en">' in journal("page", "-o", "-", "--language", "en")
    assert BODY.strip() not in journal("page", "-o", "-")


def test_on_a_terminal_people_get_tables_and_no_control_characters(site: Path) -> None:
    listed, counted, found, last, none = on_a_terminal(site, "", "stats", "search word", "tail", "--tag nix")
    assert "how-sqlite-writes" in listed
    assert "短 �[2J.md" in listed
    assert "seconds a draft: " in counted
    assert "changed by the check" in counted
    assert "problem:" in found
    assert "短 �[2J.md" in found
    assert "description, tags changed" in last
    assert none.strip() == "no draft is like that"
    assert all("\x1b[2J" not in text for text in (listed, counted, found, last))


def test_every_part_of_it_explains_itself_with_an_example(journal: Journal) -> None:
    for name in ("list", "show", "search", "stats", "tail", "page"):
        assert f"Example:  blogmetad journal {name}" in journal(name, "--help")
    assert "Example:  blogmetad journal 3f9a2c" in journal("--help")


def test_a_site_without_a_ledger_says_how_to_begin(site: Path, journal: Journal) -> None:
    (site / ".blogmetad" / "ledger.db").unlink()
    for words in ((), ("stats",), ("tail",), ("page",), ("search", "x"), ("show", "x")):
        with pytest.raises(AssertionError, match="nothing was recorded yet"):
            journal(*words)


def test_following_ends_with_ctrl_c_without_a_trace(site: Path) -> None:
    command = [sys.executable, "-m", "blogmetad", "journal", "tail", "-f", "--config", str(site / "blogmetad.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        try:
            _, told = process.communicate(timeout=10)
        finally:
            process.kill()  # where the tests run in a background that ignores SIGINT, so does this process
    assert process.returncode == 130
    assert "Traceback" not in told


def test_a_story_of_an_unknown_version_is_listed_and_shown(site: Path, journal: Journal) -> None:
    with Ledger(site / ".blogmetad" / "ledger.db") as ledger:
        odd = (Happened(NOW, "checked", {"decisions": "?"}), Happened(NOW, "teleported", {"to": "火星"}))
        keep(ledger, replace(tell("neu.md", front="subtitle: neu\n"), steps=odd))
    assert drafts(journal("search", "neu")) == ["neu.md"]
    assert json.loads(journal("page"))["drafts"] == 5
    assert "teleported" in journal("tail")


def test_a_file_name_that_is_no_text_stops_no_command(site: Path, journal: Journal) -> None:
    with Ledger(site / ".blogmetad" / "ledger.db") as ledger:
        one = keep(ledger, tell(os.fsdecode(b"caf\xe9.md"), front="subtitle: neu\n"))
    assert json.loads(journal().splitlines()[0])["draft"] == os.fsdecode(b"caf\xe9.md")
    assert "# caf?.md: published" in journal(one)
    assert json.loads(journal("page"))["drafts"] == 5
    assert drafts(journal("search", "caf")) == [os.fsdecode(b"caf\xe9.md")]
    assert "caf" in "".join(on_a_terminal(site, "", "search caf", "tail"))
