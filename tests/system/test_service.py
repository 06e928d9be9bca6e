"""The service of the user's own systemd. Its commands are stand-ins that write down what they are told; what reads the
unit is systemd's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blogmetad.cli import share
from blogmetad.service.unit import rendered, start_line
from tests.system.blog import Blog, make_blog
from tests.system.systemd import Systemd
from tests.system.terminal import Terminal

UP = [
    "systemctl --user daemon-reload",
    "systemctl --user enable blogmetad.service",
    "systemctl --user reset-failed blogmetad.service",
    "systemctl --user restart blogmetad.service",
]


@pytest.fixture
def units(home: Path) -> Path:
    return home / ".config" / "systemd" / "user"


@pytest.fixture
def blog(tmp_path: Path) -> Blog:
    """A configuration, and no more: no draft is worked on here."""
    blog = Blog(tmp_path / "我的 博客")
    blog.root.mkdir()
    blog.config.write_text('[site]\nroot = "."\n', "utf-8")
    return blog


@pytest.fixture
def systemd(tmp_path: Path, units: Path) -> Systemd:
    return Systemd(tmp_path / "bin", units)


def test_install_starts_this_very_installation_with_this_configuration(
    blog: Blog, systemd: Systemd, units: Path
) -> None:
    done = blog.command("service", "install", **systemd.environment)
    assert done.returncode == 0, done.stderr
    assert systemd.told() == UP
    text = (units / "blogmetad.service").read_text("utf-8")
    command = Path(sys.executable).parent / "blogmetad"
    assert start_line(text) == f'{command} run --config "{blog.config}"'
    assert "running, process 4711" in done.stdout
    assert "watching 草稿=1" in done.stdout
    assert "loginctl enable-linger" in done.stdout


def test_installed_again_it_is_left_alone_and_after_a_change_brought_up_to_date(
    blog: Blog, systemd: Systemd, units: Path
) -> None:
    blog.command("service", "install", **systemd.environment)
    first = (units / "blogmetad.service").stat().st_mtime_ns
    systemd.told()
    again = blog.command("service", "install", **systemd.environment)
    assert again.returncode == 0, again.stderr
    assert systemd.told() == ["systemctl --user enable blogmetad.service"]
    assert (units / "blogmetad.service").stat().st_mtime_ns == first
    other = shutil.copy(blog.config, blog.root / "other.toml")
    moved = blog.command("service", "install", "--config", str(other), **systemd.environment)
    assert moved.returncode == 0, moved.stderr
    assert systemd.told() == UP
    assert "other.toml" in start_line((units / "blogmetad.service").read_text("utf-8"))
    assert [path.name for path in units.iterdir()] == ["blogmetad.service"]


def test_a_unit_of_the_authors_own_is_kept_as_a_backup(blog: Blog, systemd: Systemd, units: Path) -> None:
    units.mkdir(parents=True)
    (units / "blogmetad.service").write_text("[Service]\nExecStart=/bin/true\n", "utf-8")
    blog.command("service", "install", **systemd.environment)
    (kept,) = units.glob("blogmetad.service.*.bak")
    assert kept.read_text("utf-8") == "[Service]\nExecStart=/bin/true\n"


def test_a_dry_run_shows_the_unit_and_the_commands_and_does_nothing(blog: Blog, systemd: Systemd, units: Path) -> None:
    done = blog.command("service", "install", "--dry-run", **systemd.environment)
    assert done.returncode == 0, done.stderr
    assert "ExecStart=" in done.stdout
    assert "would run  systemctl --user restart blogmetad.service" in done.stdout
    assert systemd.told() == []
    assert not units.exists()
    blog.command("service", "install", **systemd.environment)
    systemd.told()
    undone = blog.command("service", "uninstall", "--dry-run", **systemd.environment)
    assert "would run  systemctl --user disable --now blogmetad.service" in undone.stdout
    assert systemd.told() == []
    assert (units / "blogmetad.service").exists()


def test_uninstall_stops_it_and_takes_the_unit_away_and_a_second_time_there_is_nothing_to_do(
    blog: Blog, systemd: Systemd, units: Path
) -> None:
    blog.command("service", "install", **systemd.environment)
    systemd.told()
    done = blog.command("service", "uninstall", **systemd.environment)
    assert done.returncode == 0, done.stderr
    assert systemd.told() == ["systemctl --user disable --now blogmetad.service", "systemctl --user daemon-reload"]
    assert list(units.iterdir()) == []
    assert blog.config.exists()
    again = blog.command("service", "uninstall", **systemd.environment)
    assert (again.returncode, systemd.told()) == (0, [])
    assert "nothing to do" in again.stdout


def test_a_start_that_fails_says_what_systemd_said_and_where_to_look(blog: Blog, systemd: Systemd) -> None:
    systemd.mark("broken")
    done = blog.command("service", "install", **systemd.environment)
    assert done.returncode == 1
    assert "Job for blogmetad.service failed." in done.stderr
    assert "blogmetad service logs" in done.stderr


def test_status_tells_what_runs_and_exits_with_1_where_nothing_does(blog: Blog, systemd: Systemd) -> None:
    before = blog.command("service", "status", "--json", **systemd.environment)
    assert before.returncode == 1
    assert json.loads(before.stdout)["installed"] is False
    blog.command("service", "install", **systemd.environment)
    running = blog.command("service", "status", "--json", **systemd.environment)
    assert running.returncode == 0
    told = json.loads(running.stdout)
    assert (told["installed"], told["up_to_date"], told["enabled"], told["runs"], told["pid"], told["lingering"]) == (
        *(True, True, "enabled", True, 4711, False),
    )
    assert told["says"] == "watching 草稿=1"


@pytest.mark.parametrize("words", [("service", "install"), ("service", "status")])
def test_without_a_systemd_of_the_users_it_says_so_and_how_else_to_run_it(
    words: tuple[str, ...], blog: Blog, systemd: Systemd, units: Path
) -> None:
    systemd.mark("away")
    done = blog.command(*words, **systemd.environment)
    assert done.returncode == 1
    assert "Failed to connect to bus" in done.stdout + done.stderr
    assert not units.exists()
    none = blog.command("service", "install", PATH=str(units))
    assert none.returncode == 1
    assert "no systemctl" in none.stderr
    assert "blogmetad once" in none.stderr


def test_beside_a_daemon_that_runs_in_a_terminal_nothing_is_installed(
    tmp_path: Path, tiny_model: Path, systemd: Systemd, units: Path
) -> None:
    blog = make_blog(tmp_path / "博客", tiny_model)
    with blog.daemon() as daemon:
        done = blog.command("service", "install", **systemd.environment)
        assert done.returncode == 3
        assert str(daemon.process.pid) in done.stderr
    assert systemd.told() == []
    assert not units.exists()


def test_logs_come_from_the_journal_of_the_unit(blog: Blog, systemd: Systemd) -> None:
    line = '{"drafts": "/博客", "event": "watching", "level": "info", "timestamp": "2026-11-26T05:00:00Z"}'
    (systemd.folder / "journal").write_text(f"{line}\nsystemd: started\n", "utf-8")
    done = blog.command("service", "logs", "-n", "5", "--since", "yesterday", **systemd.environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{line}\nsystemd: started\n"
    assert systemd.told() == [
        "journalctl --user-unit=blogmetad.service --output=cat --no-pager --lines=5 --since=yesterday"
    ]


def test_on_a_terminal_log_lines_are_for_people(blog: Blog, systemd: Systemd) -> None:
    line = '{"drafts": "/博客", "event": "watching", "level": "info", "timestamp": "2026-11-26T05:00:00Z"}'
    odd = ('{"event": "no time"}', "[1, 2]", "null", "\x1b[2Jplain")
    (systemd.folder / "journal").write_text("\n".join((line, *odd)) + "\n", "utf-8")
    words = [sys.executable, "-m", "blogmetad", "service", "logs"]
    terminal = Terminal(words, cwd=blog.root, **systemd.environment)
    assert terminal.end() == 0
    first, *rest = terminal.shown.splitlines()
    assert "watching" in first
    assert "/博客" in first
    assert "{" not in first
    assert rest == [*odd[:3], "\ufffd[2Jplain"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("place", ["plain", "with space", "100%n", '引号"和\\', "$HOME"])
def test_systemd_has_nothing_to_say_against_the_unit_wherever_the_installation_lies(place: str, tmp_path: Path) -> None:
    command = tmp_path / place / "blogmetad"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n", "utf-8")
    command.chmod(0o755)
    template = (share.folder("systemd") / "blogmetad.service").read_text("utf-8")
    text = rendered(
        template,
        (str(command), "run", "--config", str(tmp_path / place / "c.toml")),
        {"XDG_DATA_HOME": str(tmp_path / place)},
    )
    unit = tmp_path / "blogmetad.service"
    unit.write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
