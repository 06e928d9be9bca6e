"""Whether a model file will load, told from its head: a tiny real one, damaged in every way a file can be."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest

from blogmetad.model.store.inspection import Inspection, inspect
from tests.templates import ALWAYS, HYBRID, INSTRUCT, SWITCHED
from tests.tiny_gguf import CONTEXT, HEAD, KV_HEADS, LAYERS, write_tiny_qwen3

PLENTY = 10**11


def look(file: Path, *, context: int = CONTEXT, memory: int = PLENTY, known: bool | None = True) -> Inspection:
    return inspect(file, context=context, memory=memory, knows=lambda _: known)


def written(file: Path, architecture: str = "qwen3", **changed: object) -> Path:
    """A small GGUF; ``changed`` sets or, with None, leaves out what it holds."""
    writer = gguf.GGUFWriter(file, architecture)
    kind = changed.get("type", "model")
    if kind is not None:
        writer.add_type(str(kind))
    writer.add_context_length(int(str(changed.get("context", 512))))
    if changed.get("tokens", True):
        writer.add_token_list(["a", "b"])
    if "template" in changed:
        writer.add_chat_template(str(changed["template"]))
    heads = changed.get("heads")
    if isinstance(heads, list):
        writer.add_head_count_kv(heads)
        writer.add_key_length(64)
        writer.add_value_length(32)
    if "parts" in changed:
        writer.add_uint16("split.count", int(str(changed["parts"])))
    writer.add_tensor(str(changed.get("tensor", "token_embd.weight")), np.zeros((2, 32), dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def test_a_good_model_has_no_fault_and_all_its_facts(tiny_model: Path) -> None:
    seen = look(tiny_model)
    assert (seen.faults, seen.warnings) == ((), ())
    assert seen.facts is not None
    assert (seen.facts.architecture, seen.facts.quantization, seen.facts.thinking) == ("qwen3", "F16", "switchable")
    assert (seen.facts.context, seen.facts.files) == (CONTEXT, (tiny_model,))
    assert seen.facts.vocabulary is not None
    assert 2000 < seen.facts.vocabulary < 2200
    assert seen.facts.need.weights == tiny_model.stat().st_size
    assert seen.facts.need.view == CONTEXT * LAYERS * KV_HEADS * 2 * HEAD * 2


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing in it": (lambda _: b"", "it is empty"),
    "its first bytes only": (lambda data: data[:100], "cut off"),
    "half of its head": (lambda data: data[:30_000], "cut off"),
    "a byte short": (lambda data: data[:-1], "its last 1 bytes are missing"),
    "half of its weights": (lambda data: data[: len(data) // 2], r"its last [\d,]+ bytes are missing"),
    "a web page": (lambda _: b"<!DOCTYPE html><html>404</html>" * 20, "not in GGUF format"),
    "a pointer of git": (lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "not in GGUF format"),
    "an archive": (lambda data: b"PK\x03\x04" + data, "not in GGUF format"),
    "version 1": (lambda data: data[:4] + b"\1\0\0\0" + data[8:], "GGUF version 1"),
    "version 9": (lambda data: data[:4] + b"\x09\0\0\0" + data[8:], "GGUF version 9"),
    "big-endian": (lambda data: data[:4] + b"\0\0\0\3" + data[8:], "big-endian"),
    "many tensors": (lambda data: data[:8] + b"\xff" * 8 + data[16:], "claims to have"),
    "many keys": (lambda data: data[:16] + b"\xff" * 8 + data[24:], "claims to have"),
    "one key too few": (lambda data: data[:16] + bytes([data[16] - 1]) + data[17:], r"cannot be loaded"),
    "one key too many": (lambda data: data[:16] + bytes([data[16] + 1]) + data[17:], r"cannot be loaded"),
    "one tensor too many": (lambda data: data[:8] + bytes([data[8] + 1]) + data[9:], r"cannot be loaded"),
    "zeros": (lambda data: data[:24] + bytes(len(data) - 24), "a key has no name"),
    "a part of it moved": (lambda data: data[:5000] + data[5001:], r"cannot be loaded"),
    "no architecture": (
        lambda data: data.replace(b"general.architecture", b"general.architexture"),
        "general.architecture is missing",
    ),
    "another vocabulary": (lambda data: data.replace(b"tokenizer.ggml.tokens", b"tokenizer.ggml.tokenz"), "vocabulary"),
    "other weights": (lambda data: data.replace(b"token_embd.weight", b"token_embd.weighs"), "holds no weights"),
    "a broken template": (lambda data: data.replace(b"{%- endfor %}", b"{%- endfox %}"), "template cannot be used"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_refused_with_its_name_and_the_cause(tmp_path: Path, tiny_model: Path, damage: str) -> None:
    change, cause = DAMAGES[damage]
    file = tmp_path / "模型.gguf"
    file.write_bytes(change(tiny_model.read_bytes()))
    (fault,) = look(file).faults
    assert re.search(cause, fault), fault


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    assert "No such file" in look(tmp_path / "none.gguf").faults[0]
    assert "it is not a regular file" in look(tmp_path).faults[0]
    os.mkfifo(tmp_path / "pipe.gguf")
    assert "it is not a regular file" in look(tmp_path / "pipe.gguf").faults[0]


@pytest.mark.parametrize(
    ("architecture", "changed", "cause"),
    [
        ("bert", {}, "turns text into vectors"),
        ("clip", {}, "pictures or sound"),
        ("llada", {}, "diffusion model"),
        ("t5", {}, "encoder-decoder"),
        ("qwen3", {"type": "adapter"}, "an adapter"),
        ("qwen3", {"type": "mmproj"}, "looks at pictures"),
        ("qwen3", {"tokens": False}, "no vocabulary"),
        ("qwen3", {"tensor": "output.weight"}, "holds no weights"),
        ("qwen3", {"template": "{{ messages[0].content }}"}, "leaves a message out"),
        ("qwen3", {"template": "{{ raise_exception('no system') }}"}, "'raise_exception' is undefined"),
        ("qwen3", {"template": "{{ 1 / 0 }}"}, "ZeroDivisionError"),
        ("qwen3", {"template": "{{ ''.__class__.__mro__ }}"}, "SecurityError"),
        ("qwen3", {"template": "{% for a in range(10**9) %}{% endfor %}"}, "OverflowError"),
    ],
)  # fmt: skip
def test_a_sound_file_that_is_no_model_for_writing_is_refused(
    tmp_path: Path, architecture: str, changed: dict[str, object], cause: str
) -> None:
    (fault,) = look(written(tmp_path / "x.gguf", architecture, **changed)).faults
    assert cause in fault


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ ('长' * 4000000000) | length }}",
        "{% set all = namespace(x='x' * 1000) %}{% for a in range(99) %}{% set all.x = all.x * 10 %}{% endfor %}",
    ],
    ids=["time", "memory", "memory by and by"],
)
def test_a_template_that_takes_all_there_is_of_time_or_memory_is_refused(tmp_path: Path, template: str) -> None:
    (fault,) = look(written(tmp_path / "x.gguf", template=template)).faults
    assert fault.startswith("Its chat template cannot be used (")
    assert "without end" in fault or "MemoryError" in fault


def test_a_kind_of_model_that_the_installed_library_does_not_know_is_refused(tiny_model: Path) -> None:
    (fault,) = look(tiny_model, known=False).faults
    assert "does not know models of the kind 'qwen3'" in fault
    assert "pip install --upgrade llama-cpp-python" in fault
    assert look(tiny_model, known=None).faults == ()


@pytest.mark.parametrize(
    ("template", "thinking"),
    [(HYBRID, "switchable"), (SWITCHED, "switchable"), (INSTRUCT, "never"), (ALWAYS, "always")],
)
def test_the_template_tells_whether_a_model_thinks(tmp_path: Path, template: str, thinking: str) -> None:
    facts = look(write_tiny_qwen3(tmp_path / "tiny.gguf", template=template)).facts
    assert facts is not None
    assert facts.thinking == thinking


def test_what_can_be_lived_with_is_a_warning(tmp_path: Path) -> None:
    seen = look(written(tmp_path / "x.gguf", context=512), context=2048, memory=1000)
    assert seen.faults == ()
    template, view, memory = seen.warnings
    assert "no chat template" in template
    assert "512 tokens in view" in view
    assert "0.5 GB of memory and 0.0 GB are free" in memory


def test_memory_is_reckoned_by_layer_where_layers_differ(tmp_path: Path) -> None:
    facts = look(written(tmp_path / "x.gguf", heads=[0, 8, 0, 4], context=1000), context=1000).facts
    assert facts is not None
    assert facts.need.view == 1000 * 12 * (64 + 32) * 2


def parts(folder: Path, count: int = 3) -> list[Path]:
    return [
        written(folder / f"big-{n:05d}-of-{count:05d}.gguf", parts=count, **({} if n == 1 else {"tensor": f"blk.{n}"}))
        for n in range(1, count + 1)
    ]


def test_a_model_in_several_files_is_one_model(tmp_path: Path) -> None:
    files = parts(tmp_path)
    seen = look(files[0])
    assert seen.faults == ()
    assert seen.facts is not None
    assert seen.facts.files == tuple(files)
    assert seen.facts.parameters == 3 * 64
    assert seen.facts.need.weights == sum(file.stat().st_size for file in files)


def test_a_part_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    files = parts(tmp_path)
    files[1].write_bytes(files[1].read_bytes()[:-40])
    files[2].unlink()
    faults = look(files[0]).faults
    assert f"{files[2]}, a part of the model, cannot be read: No such file" in faults[0]
    assert f"{files[1]} is cut off" in faults[1]


def test_another_part_than_the_first_says_which_one_is(tmp_path: Path) -> None:
    files = parts(tmp_path)
    assert look(files[1]).faults == (f"{files[1]} is not the first part of the model. Name {files[0].name}.",)


def test_a_part_that_was_given_another_name_is_told(tmp_path: Path) -> None:
    renamed = shutil.move(parts(tmp_path)[0], tmp_path / "big.gguf")
    assert "does not end in -00001-of-00003.gguf" in look(Path(renamed)).faults[0]
