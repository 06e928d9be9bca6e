"""The head of a model file, whatever its bytes are."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import gguf as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blogmetad.model.store import gguf
from blogmetad.model.store.gguf import TENSOR_TYPES, Header, Malformed, parse
from tests.tiny_gguf import CONTEXT, LAYERS


def head(data: bytes) -> Header:
    return parse(io.BytesIO(data), len(data))


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def entry(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def tensor(name: str, shape: list[int], kind: int = 0, offset: int = 0) -> bytes:
    dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + dimensions + struct.pack("<IQ", kind, offset)


def made(*parts: bytes, keys: int = 0, tensors: int = 0, version: int = 3, magic: bytes = b"GGUF") -> bytes:
    return magic + struct.pack("<IQQ", version, tensors, keys) + b"".join(parts)


@pytest.fixture(scope="module")
def tiny(tiny_model: Path) -> bytes:
    return tiny_model.read_bytes()


def test_a_real_file_is_read_as_the_reference_reads_it(tiny_model: Path) -> None:
    found, known = gguf.read(tiny_model), reference.GGUFReader(tiny_model)
    assert found.tensors == {tensor.name for tensor in known.tensors}
    assert found.weights == sum(int(tensor.n_elements) for tensor in known.tensors)
    assert found.end == max(tensor.data_offset + tensor.n_bytes for tensor in known.tensors) <= found.size
    assert set(found.values) | set(found.counts) == {key for key in known.fields if not key.startswith("GGUF.")}
    assert found.counts["tokenizer.ggml.tokens"] == len(known.fields["tokenizer.ggml.tokens"].data)
    assert found.text("tokenizer.chat_template").startswith("{%- for message in messages %}")
    assert (found.number("qwen3.context_length"), found.number("qwen3.block_count")) == (CONTEXT, LAYERS)
    assert (found.version, found.quantization) == (3, "F16")


def test_the_sizes_of_tensor_types_are_those_of_the_reference() -> None:
    known = {int(kind): size for kind, size in reference.GGML_QUANT_SIZES.items()}
    known[int(reference.GGMLQuantizationType.Q8_1)] = (32, 36)  # the reference counts a field that is no longer there
    assert {number: (block, width) for number, (_, block, width) in TENSOR_TYPES.items() if number in known} == known
    for number, (name, _, _) in TENSOR_TYPES.items():
        if number in known:
            assert reference.GGMLQuantizationType(number).name == name


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "it is empty"),
        (b"GG", "cut off"),
        (b"PK\x03\x04" + bytes(40), "not in GGUF format"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "not in GGUF format"),
        (b"<htm" + bytes(40), "not in GGUF format"),
        (b"GGUF", "cut off"),
        (made(version=1), "GGUF version 1"),
        (made(version=4), "GGUF version 4"),
        (made(version=0), "GGUF version 0"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
        (made(tensors=1 << 40), "claims to have"),
        (made(keys=1 << 63), "claims to have"),
        (made(keys=3), "cut off"),
        (made(tensors=1), "cut off"),
        (made(text("x" * (1 << 17)), keys=1), "131,072 bytes long"),
        (made(struct.pack("<Q", 1 << 60), keys=1), "bytes long"),
        (made(text("") + struct.pack("<I", 4) + bytes(4), keys=1), "a key has no name"),
        (made(entry("a", 4, bytes(4)) * 2, keys=2), "'a' is there twice"),
        (made(entry("a", 13, bytes(4)), keys=1), "type 13, which does not exist"),
        (made(entry("a", 8, struct.pack("<Q", 1 << 50)), keys=1), "the value of a is"),
        (made(entry("a", 8, struct.pack("<Q", 100)), keys=1), "cut off"),
        (made(entry("a", 9, struct.pack("<IQ", 9, 1)), keys=1), "'a' is of type 9"),
        (made(entry("a", 9, struct.pack("<IQ", 8, 1 << 40)), keys=1), "1,099,511,627,776 entries"),
        (made(entry("a", 9, struct.pack("<IQ", 8, 4000)), keys=1), "cut off"),
        (made(entry("a", 9, struct.pack("<IQ", 0, 1 << 63)), keys=1), "cut off"),
        (made(entry("a", 9, struct.pack("<IQ", 4, 1000)), keys=1), "cut off"),
        (made(entry("general.alignment", 4, struct.pack("<I", 0)), keys=1), "alignment is 0"),
        (made(entry("general.alignment", 4, struct.pack("<I", 48)), keys=1), "alignment is 48"),
        (made(entry("general.alignment", 8, text("32")), keys=1), "alignment is '32'"),
        (made(tensor("t" * 64, [4]), tensors=1), "64 bytes long"),
        (made(tensor("t", [4]), tensor("t", [4], offset=32), tensors=2), "'t' is there twice"),
        (made(tensor("t", [1, 1, 1, 1, 1]), tensors=1), "5 dimensions"),
        (made(text("t") + struct.pack("<I", 1 << 31), tensors=1), "dimensions"),
        (made(tensor("t", [1 << 62, 1 << 62]), tensors=1), "impossible shape"),
        (made(tensor("t", [33], kind=8), tensors=1), "impossible shape"),
        (made(tensor("t", [4], offset=32), tensors=1), "does not begin where"),
        (made(tensor("a", [4]), tensor("b", [4], offset=16), tensors=2), "'b' does not begin where"),
    ],
)
def test_what_is_no_model_file_is_refused_with_the_cause(data: bytes, cause: str) -> None:
    with pytest.raises(Malformed, match=cause):
        head(data)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (8, struct.pack("<Q", 16 << 20) + bytes(16 << 20)),
        (9, struct.pack("<IQ", 0, 4096) + bytes(4096)),
        (9, struct.pack("<IQ", 8, 1 << 20) + bytes(8 << 20)),
    ],
    ids=["texts", "numbers", "lists of texts"],
)
def test_a_head_that_would_fill_the_memory_is_refused(kind: int, value: bytes) -> None:
    count = gguf.ROOM // (len(value) if kind == 8 else struct.unpack("<Q", value[4:12])[0] * gguf.SPENT)
    data = made(*(entry(f"键{number}", kind, value) for number in range(count + 1)), keys=count + 1)
    with pytest.raises(Malformed, match="its head is larger than that of any real model"):
        head(data)


def test_a_tensor_type_that_is_newer_than_this_program_is_let_pass() -> None:
    found = head(made(tensor("new", [4], kind=99), tensor("b", [4], offset=160), tensors=2))
    assert found.kinds == {"type 99": 4, "F32": 4}


def test_the_end_of_the_weights_is_told_also_when_the_file_is_shorter() -> None:
    data = made(tensor("a", [5]), tensor("b", [32, 2], kind=8, offset=32), tensors=2)
    start = -(-len(data) // 32) * 32
    assert (head(data).end, head(data).size) == (start + 32 + 68, len(data))


def test_long_lists_are_counted_and_short_ones_of_numbers_kept() -> None:
    long = struct.pack("<IQ", 4, 5000) + bytes(20_000)
    words = struct.pack("<IQ", 8, 2) + text("博客") + text("b")
    found = head(
        made(
            entry("long", 9, long), entry("words", 9, words),
            entry("short", 9, struct.pack("<IQ3h", 3, 3, 1, -2, 7)), entry("yes", 7, b"\1"),
            keys=4,
        )
    )  # fmt: skip
    assert found.counts == {"long": 5000, "words": 2, "short": 3}
    assert found.values == {"short": (1, -2, 7), "yes": True}
    assert (found.number("short"), found.number("yes"), found.number("long"), found.text("yes")) == (7, None, None, "")


def test_a_model_cut_off_at_any_byte_of_its_head_is_refused_or_short_of_its_end(tiny: bytes) -> None:
    start = head(tiny).end - len(tiny)
    assert start <= 0
    for length in [*range(300), *range(300, 60_000, 997), len(tiny) // 2, len(tiny) - 1]:
        cut = tiny[:length]
        try:
            found = head(cut)
        except Malformed:
            continue
        assert found.end > found.size


MUTATIONS: list[Callable[[bytearray, int, int], None]] = [
    lambda data, at, value: data.__setitem__(at, value),
    lambda data, at, value: data.__setitem__(slice(at, at + 8), struct.pack("<Q", value << 56)),
    lambda data, at, value: data.__setitem__(slice(at, at + 4), struct.pack("<I", value)),
    lambda data, at, value: data.__delitem__(slice(at, at + value)),
    lambda data, at, value: data.__setitem__(slice(at, at), bytes([value]) * 3),
]


@settings(max_examples=400)
@given(
    st.lists(
        st.tuples(st.sampled_from(MUTATIONS), st.floats(0, 1, exclude_max=True), st.integers(0, 255)),
        min_size=1,
        max_size=6,
    )
)
def test_a_damaged_model_is_read_or_refused_and_nothing_else(
    tiny: bytes, changes: list[tuple[Callable[[bytearray, int, int], None], float, int]]
) -> None:
    data = bytearray(tiny[:120_000])
    for change, place, value in changes:
        change(data, int(place * place * place * len(data)), value)
    with suppress(Malformed):
        assert head(bytes(data)).weights >= 0


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes_behind_a_good_beginning_are_read_or_refused(tail: bytes) -> None:
    for start in (b"", b"GGUF", b"GGUF\3\0\0\0", made(keys=2, tensors=2), made(keys=0, tensors=1)):
        with suppress(Malformed):
            assert head(start + tail).size == len(start + tail)
