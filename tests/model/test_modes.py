"""Which way to run a model is the fastest here is found out once and remembered."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from blogmetad.model.local.llama import Llama, LoadOptions
from blogmetad.model.local.modes import Memory
from blogmetad.model.local.trial import typical_seconds
from blogmetad.model.local.worker import TIMED_FROM, Worker, WorkerOptions
from blogmetad.model.proposal import ModelUnavailable

TIMED = str(Path(__file__).with_name("timed_child.py"))


def model(folder: Path, size: int = TIMED_FROM) -> Path:
    """A file of that size with nothing in it."""
    file = folder / "模型.gguf"
    with file.open("wb") as out:
        out.truncate(size)
    return file


def start(file: Path, folder: Path, *seconds: str) -> tuple[str, list[str]]:
    """The mode a new worker ends up in, and how its children were started."""
    starts = folder / "starts"
    starts.unlink(missing_ok=True)
    options = WorkerOptions(file, "模型", folder / "state")
    worker = Worker(options, (sys.executable, TIMED, str(starts), *seconds))
    try:
        worker.prepare(lambda: True)
        return worker.mode, starts.read_text("utf-8").splitlines()
    finally:
        worker.unload()


def test_the_faster_mode_is_found_out_once(tmp_path: Path) -> None:
    file = model(tmp_path)
    assert start(file, tmp_path, "fast=5", "plain=3") == ("plain", ["fast timed", "plain timed", "plain"])
    assert start(file, tmp_path, "fast=5", "plain=3") == ("plain", ["plain"])


def test_the_first_mode_stays_where_it_is_the_faster_one(tmp_path: Path) -> None:
    file = model(tmp_path)
    assert start(file, tmp_path, "fast=3", "plain=5") == ("fast", ["fast timed", "plain timed", "fast"])
    assert start(file, tmp_path, "fast=3", "plain=5") == ("fast", ["fast"])


def test_a_mode_that_crashes_while_it_is_timed_is_left_out(tmp_path: Path) -> None:
    file = model(tmp_path)
    assert start(file, tmp_path, "fast=3", "plain=crash") == ("fast", ["fast timed", "plain timed", "fast"])
    assert start(file, tmp_path, "fast=3", "plain=crash") == ("fast", ["fast"])


def test_the_others_are_timed_where_the_first_crashes(tmp_path: Path) -> None:
    assert start(model(tmp_path), tmp_path, "fast=crash", "cpu=4", "plain=3") == (
        "plain",
        ["fast timed", "cpu timed", "plain timed", "plain"],
    )


def test_nothing_is_timed_on_a_gpu_nor_for_a_small_model(tmp_path: Path) -> None:
    assert start(model(tmp_path), tmp_path) == ("fast", ["fast timed"])
    assert start(model(tmp_path, TIMED_FROM - 1), tmp_path, "fast=5", "plain=3") == ("fast", ["fast"])


def test_a_model_too_large_for_the_gpu_runs_on_the_processor_and_is_tried_there_again(tmp_path: Path) -> None:
    file = model(tmp_path, TIMED_FROM - 1)
    for _ in range(2):
        assert start(file, tmp_path, "fast=full") == ("cpu", ["fast", "cpu"])


def test_a_build_that_crashes_in_every_mode_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"crashes with .*模型.gguf in every mode"):
        start(model(tmp_path), tmp_path, "fast=crash", "cpu=crash", "plain=crash")


def test_what_was_timed_does_not_bind_another_model(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "engine.json", Path("模型.gguf"), "0.3.36")
    memory.timed("plain", 3.0)
    memory.strike("fast", "was killed by SIGSEGV")
    assert memory.seconds() == {"plain": 3.0}
    assert Memory(tmp_path / "engine.json", Path("anderes.gguf"), "0.3.36").seconds() == {}


def test_a_trial_takes_some_time_and_leaves_nothing_behind(tiny_model: Path) -> None:
    llama = Llama(LoadOptions(tiny_model, threads=1, gpu_layers=0, context=1024))
    try:
        assert 0 < typical_seconds(llama) < 60
        assert typical_seconds(llama) > 0
    finally:
        llama.close()
