"""The supervisor against real children that really die."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from blogmetad.model.local import modes
from blogmetad.model.local.worker import Worker, WorkerOptions
from blogmetad.model.proposal import ModelUnavailable, Withdrawn, WorkerLost
from blogmetad.values import Ask, Request

REQUEST = Request("", "关于数据库的一篇短文。", (Ask("title", "text", "Title", "en", 8, 60),))
CRASHING = str(Path(__file__).with_name("crashing_child.py"))


def always() -> bool:
    return True


@pytest.fixture
def options(tiny_model: Path, tmp_path: Path) -> WorkerOptions:
    return WorkerOptions(tiny_model, "tiny", tmp_path / "state", threads=1, context=1024, load_timeout=60)


@pytest.fixture
def worker(options: WorkerOptions) -> Iterator[Worker]:
    made = Worker(options)
    yield made
    made.unload()


def test_a_worker_answers_and_is_asked_again_without_loading_twice(worker: Worker) -> None:
    first = worker.propose(REQUEST, always)
    pid = worker.pid
    assert worker.propose(REQUEST, always).texts == first.texts
    assert worker.pid == pid


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_worker_killed_at_work_is_lost_and_the_next_request_starts_another(worker: Worker, number: int) -> None:
    worker.prepare(always)
    pid = worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    killer = threading.Timer(0.3, os.kill, (pid, number))
    killer.start()
    # A stopped process dies of SIGKILL at once; any other signal waits until it goes on.
    threading.Timer(0.4, _go_on, (pid,)).start()
    with pytest.raises(WorkerLost, match=signal.Signals(number).name):
        worker.propose(REQUEST, always)
    assert worker.propose(REQUEST, always).texts["title"]
    assert worker.pid != pid


def _go_on(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return


def test_a_hanging_worker_is_killed_at_the_deadline(options: WorkerOptions) -> None:
    worker = Worker(WorkerOptions(options.model, "tiny", options.state, threads=1, context=1024, job_timeout=0.5))
    worker.prepare(always)
    pid = worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(WorkerLost, match="no answer within"):
        worker.propose(REQUEST, always)
    assert not Path(f"/proc/{pid}").exists()


def test_a_withdrawn_request_ends_a_worker_that_does_not_hear_it(worker: Worker) -> None:
    worker.prepare(always)
    pid = worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(Withdrawn):
        worker.propose(REQUEST, lambda: time.monotonic() - began < 0.2)
    assert worker.pid is None


def test_a_worker_outlives_the_thread_that_asked_for_it(worker: Worker) -> None:
    with ThreadPoolExecutor(1) as passing:
        passing.submit(worker.prepare, always).result(60)
    pid = worker.pid
    time.sleep(0.3)
    assert worker.propose(REQUEST, always).texts["title"]
    assert worker.pid == pid


def test_a_worker_dies_with_its_parent(options: WorkerOptions) -> None:
    code = (
        "import os, sys; from pathlib import Path; from blogmetad.model.local.worker import Worker, WorkerOptions;"
        f"w = Worker(WorkerOptions(Path({str(options.model)!r}), 'tiny', Path({str(options.state)!r}), context=1024));"
        "w.prepare(lambda: True); print(w.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    read, write = os.pipe()
    child = os.posix_spawn(
        sys.executable, [sys.executable, "-c", code], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)]
    )
    os.close(write)
    with os.fdopen(read) as lines:
        pid = int(next(line for line in lines if line.strip().isdigit()))
    os.waitpid(child, 0)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        if "Z" in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]:
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("when", ["load", "decode"])
def test_a_crash_before_the_first_answer_moves_to_the_mode_that_works_and_is_remembered(
    options: WorkerOptions, when: str
) -> None:
    command = (sys.executable, CRASHING, when)
    worker = Worker(options, command)
    assert worker.propose(REQUEST, always).mode == "plain"
    worker.unload()
    memory = modes.Memory(options.state / "engine.json", options.model, worker.library)
    assert {s.mode: s.because for s in memory.struck()} == {
        "fast": "was killed by SIGSEGV",
        "cpu": "was killed by SIGSEGV",
    }
    started: list[str] = []
    again = Worker(options, (sys.executable, CRASHING, when))
    again.prepare(always)
    started.append(again.mode)
    again.unload()
    assert started == ["plain"]


def test_the_memory_of_crashes_does_not_bind_another_model(options: WorkerOptions, tmp_path: Path) -> None:
    file = tmp_path / "engine.json"
    modes.Memory(file, options.model, "0.3.36").strike("fast", "was killed by SIGSEGV")
    assert modes.Memory(file, Path("anderes.gguf"), "0.3.36").struck() == ()
    assert modes.Memory(file, options.model, "0.4.0").struck() == ()
    assert len(modes.Memory(file, options.model, "0.3.36").struck()) == 1


def test_a_damaged_memory_counts_as_empty(options: WorkerOptions, tmp_path: Path) -> None:
    file = tmp_path / "engine.json"
    file.write_bytes(b"\xff\x00 {")
    memory = modes.Memory(file, options.model, "1")
    assert memory.struck() == ()
    memory.strike("fast", "was killed by SIGSEGV")
    assert [s.mode for s in memory.struck()] == ["fast"]


def test_a_model_file_that_does_not_load_is_unavailable_and_says_which(tmp_path: Path) -> None:
    bad = tmp_path / "损坏.gguf"
    bad.write_bytes(b"GGUF" + bytes(64))
    worker = Worker(WorkerOptions(bad, "bad", tmp_path / "state", threads=1))
    with pytest.raises(ModelUnavailable, match="损坏"):
        worker.prepare(always)
    assert worker.pid is None


def test_a_child_that_talks_nonsense_is_stopped(options: WorkerOptions) -> None:
    worker = Worker(options, (sys.executable, "-c", "print('GGML was here' * 1000)"))
    with pytest.raises(ModelUnavailable, match="was announced"):
        worker.prepare(always)
    assert worker.pid is None
