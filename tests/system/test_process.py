"""Programs of others: bounded in time and words, and ended with all they began."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from blogmetad.announce import process
from blogmetad.announce.process import Ran


def sh(
    folder: Path, script: str, *, timeout: float = 20.0, given: bytes = b"", stop: threading.Event | None = None
) -> Ran:
    return process.run(
        ["sh", "-c", script],
        folder=folder,
        environment=dict(os.environ),
        timeout=timeout,
        keep_going=lambda: stop is None or not stop.is_set(),
        given=given,
    )


def gone(pid: int) -> bool:
    """Whether a process has ended, or is but a name that its parent has not asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until_gone(pid: int) -> None:
    """A process of a group that was killed dies in its own time."""
    deadline = time.monotonic() + 20
    while not gone(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for(file: Path) -> str:
    deadline = time.monotonic() + 20
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return file.read_text()


def test_a_program_is_told_and_heard(tmp_path: Path) -> None:
    ran = sh(tmp_path, "pwd; cat; echo 出错了 >&2; exit 3", given="写好了\n".encode())
    assert (ran.end, ran.code, ran.words, ran.well) == ("exited", 3, "exit code 3", False)
    assert ran.answer == f"{tmp_path}\n写好了\n"
    assert sorted(ran.output.splitlines()) == sorted([str(tmp_path), "写好了", "出错了"])


def test_success_is_told_from_failure(tmp_path: Path) -> None:
    assert sh(tmp_path, "true").well
    assert sh(tmp_path, "kill -SEGV $$").words == f"killed by signal {int(signal.SIGSEGV)}"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("no-such-program", "No such file or directory (no-such-program)"),
        ("./folder", "Permission denied (./folder)"),
        ("./not-runnable", "Permission denied (./not-runnable)"),
        ("./no-interpreter", "Exec format error (./no-interpreter)"),
    ],
)
def test_what_cannot_be_started_is_told_with_the_reason(tmp_path: Path, command: str, why: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "not-runnable").write_text("#!/bin/sh\n")
    (tmp_path / "no-interpreter").write_text("echo")
    (tmp_path / "no-interpreter").chmod(0o755)
    environment = dict(os.environ)
    ran = process.run([command], folder=tmp_path, environment=environment, timeout=5, keep_going=lambda: True)
    assert (ran.end, ran.why, ran.well) == ("not started", why, False)


def test_a_folder_that_is_away_is_told(tmp_path: Path) -> None:
    ran = sh(tmp_path / "away", "true")
    assert ran.words == f"cannot be started: No such file or directory ({tmp_path / 'away'})"


def test_a_program_that_hangs_is_ended_with_all_it_began(tmp_path: Path) -> None:
    ran = sh(tmp_path, "trap '' TERM; (trap '' TERM; echo $$; exec sleep 600) & echo $! > child; wait", timeout=0.3)
    assert ran.end == "timed out"
    assert ran.seconds < 0.3 + process.GRACE + 3
    wait_until_gone(int((tmp_path / "child").read_text()))


def test_a_program_that_is_stopped_by_a_signal_is_ended_too(tmp_path: Path) -> None:
    assert sh(tmp_path, "kill -STOP $$", timeout=0.3).end == "timed out"


def test_one_that_tidies_up_when_asked_to_end_may_do_so(tmp_path: Path) -> None:
    ran = sh(tmp_path, "trap 'echo tidied > done; exit 0' TERM; sleep 600 & wait", timeout=0.3)
    assert ran.words.endswith(" s, as its time was up")
    assert (tmp_path / "done").read_text() == "tidied\n"


def test_asked_to_stop_we_end_it_at_once(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    assert sh(tmp_path, "sleep 600", timeout=600, stop=stop).end == "stopped"
    assert time.monotonic() - began < 5


def test_a_daemon_it_leaves_behind_is_not_waited_for_and_lives_on(tmp_path: Path) -> None:
    began = time.monotonic()
    ran = sh(tmp_path, "setsid sh -c 'echo $$ > daemon; exec sleep 600' & sleep 600 & echo $! > child; echo started")
    assert ran.well
    assert ran.output == "started"
    assert time.monotonic() - began < 5
    for name in ("daemon", "child"):
        pid = int(wait_for(tmp_path / name))
        assert not gone(pid)
        os.kill(pid, signal.SIGKILL)


def test_a_flood_is_neither_kept_nor_waited_for_to_end(tmp_path: Path) -> None:
    began, used = time.monotonic(), time.process_time()
    ran = sh(tmp_path, "yes 洪水", timeout=1.0)
    assert ran.end == "timed out"
    assert len(ran.output.encode()) <= process.KEPT + 10
    assert len(ran.answer.encode()) <= process.ANSWER + 3
    assert ran.output.startswith("…")
    assert time.process_time() - used < 0.7 * (time.monotonic() - began)


def test_what_came_last_is_what_is_kept(tmp_path: Path) -> None:
    ran = sh(tmp_path, "seq 200000; echo the end")
    assert ran.well
    assert ran.output.endswith("200000\nthe end")


def test_what_it_says_cannot_move_a_cursor(tmp_path: Path) -> None:
    ran = sh(tmp_path, r"printf '\033[1;31mred\033[0m \033]0;title\007 \r\n\377\200 tab\t.'")
    assert ran.output == "red \ufffd]0;title\ufffd \n\ufffd\ufffd tab\t."


def test_many_megabytes_on_standard_input_need_not_be_read(tmp_path: Path) -> None:
    assert sh(tmp_path, "true", given=b"x" * 4_000_000).well
    assert sh(tmp_path, "wc -c", given=b"x" * 4_000_000).answer.strip() == "4000000"


def test_no_file_of_ours_is_open_in_it(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("wb") as file:
        os.set_inheritable(file.fileno(), True)
        assert "secret" not in sh(tmp_path, "ls -l /proc/self/fd").answer


def test_it_is_not_left_running_when_we_are_interrupted(tmp_path: Path) -> None:
    def interrupted() -> bool:
        if (tmp_path / "pid").exists():
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt):
        process.run(
            ["sh", "-c", "echo $$ > pid.new; mv pid.new pid; exec sleep 600"],
            folder=tmp_path,
            environment=dict(os.environ),
            timeout=600,
            keep_going=interrupted,
        )
    wait_until_gone(int((tmp_path / "pid").read_text()))
