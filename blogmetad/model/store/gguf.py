"""The head of a GGUF file, read in plain Python: what a model is, told without llama.cpp and whatever the bytes are.

Every length is held against the file's size before anything is read by it, long arrays are passed over, and all that
can be wrong ends in Malformed.
"""

from __future__ import annotations

import math
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

Value: TypeAlias = str | int | float | bool | tuple[int | float | bool, ...]

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = 32
LONGEST_KEY, LONGEST_STRING = 1 << 16, 16 << 20
MOST_KEYS, MOST_TENSORS, MOST_STRINGS, KEPT = 1 << 16, 1 << 18, 1 << 22, 4096
MOST_DIMENSIONS, LONGEST_NAME, MOST_WEIGHTS = 4, 63, 1 << 60
"""Limits well beyond any real model; those of dimensions and names are llama.cpp's own."""

ROOM, SPENT = 128 << 20, 32
"""Bytes all that is kept of a head may take, and what an entry of a list counts for, kept or passed over."""

_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9

TENSOR_TYPES: Mapping[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18), 42: ("Q2_0", 64, 18),
}  # fmt: skip
"""By ggml's number: name, weights in a block, bytes of a block."""

FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4", 40: "Q1_0",
    41: "Q2_0",
}  # fmt: skip
"""``general.file_type``: how most of the weights are quantized."""


class Malformed(ValueError):
    """The file is no GGUF that llama.cpp could read; the text is part of a sentence."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the weights.

    ``values`` are the metadata without long arrays, ``counts`` the lengths of all arrays. ``weights`` counts the
    parameters, ``kinds`` those of each tensor type. The last tensor ends at ``end``, the file at ``size``.
    """

    version: int
    values: Mapping[str, Value]
    counts: Mapping[str, int]
    tensors: frozenset[str]
    kinds: Mapping[str, int]
    weights: int
    end: int
    size: int

    def text(self, key: str) -> str:
        """A text of the metadata, empty if there is none."""
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        """A whole number of the metadata; of one that differs from layer to layer the largest."""
        value = self.values.get(key)
        if isinstance(value, tuple):
            value = max(value, default=None)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    @property
    def quantization(self) -> str:
        """How the weights are quantized: as the file says, else as most of them are."""
        number = self.number("general.file_type")
        if number in FILE_TYPES:
            return FILE_TYPES[number]
        return max(self.kinds, key=lambda kind: self.kinds[kind], default="")


def read(path: Path) -> Header:
    """The head of a file. Raises Malformed, OSError."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for without end
        raise Malformed("it is not a regular file")
    with path.open("rb") as file:
        return parse(file, found.st_size)


def parse(file: BinaryIO, size: int) -> Header:
    """The head of a file of that size, which is read from its beginning. Raises Malformed, OSError."""
    source = _Source(file, size)
    version = _version(source)
    tensors, keys = source.number("<Q"), source.number("<Q")
    if tensors > MOST_TENSORS or keys > MOST_KEYS:
        raise Malformed(f"it claims to have {keys:,} keys and {tensors:,} tensors")
    values: dict[str, Value] = {}
    counts: dict[str, int] = {}
    for _ in range(keys):
        _read_key(source, values, counts)
    alignment = values.get("general.alignment", ALIGNMENT)
    if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1) or alignment > 1 << 20:
        raise Malformed(f"its alignment is {alignment!r}, which is no power of two")
    names, kinds, end = _read_tensors(source, tensors, alignment)
    return Header(
        version=version,
        values=values,
        counts=counts,
        tensors=names,
        kinds=kinds,
        weights=sum(kinds.values()),
        end=_padded(source.position, alignment) + end if tensors else source.position,
        size=size,
    )


class _Source:
    """A file read forward, never beyond its size."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size, self._room = file, size, ROOM
        self.position = 0

    def charge(self, count: int) -> None:
        """Have so much of memory and time been spent."""
        self._room -= count
        if self._room < 0:
            raise Malformed("its head is larger than that of any real model")

    def take(self, count: int) -> bytes:
        self._go(count)
        data = self._file.read(count)
        if len(data) != count:
            raise Malformed("it ended while it was read")
        return data

    def skip(self, count: int) -> None:
        self._go(count)
        self._file.seek(count, 1)

    def room_for(self, count: int) -> bool:
        return count <= self._size - self.position

    def number(self, form: str) -> int:
        value = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        assert isinstance(value, int)
        return value

    def text(self, longest: int, what: str) -> str:
        length = self.number("<Q")
        if length > longest:
            raise Malformed(f"{what} is {length:,} bytes long")
        self.charge(length)
        return self.take(length).decode("utf-8", "replace")

    def _go(self, count: int) -> None:
        if not self.room_for(count):
            raise Malformed("it ends in the middle of its head: it is cut off, or was not downloaded whole")
        self.position += count


def _version(source: _Source) -> int:
    if not source.room_for(1):
        raise Malformed("it is empty")
    magic = source.take(4)
    if magic != MAGIC:
        raise Malformed(f"it is not in GGUF format (it begins with {magic!r}, not with 'GGUF')")
    version = source.number("<I")
    if version and not version & 0xFFFF:
        raise Malformed("it is a big-endian GGUF, for another kind of processor")
    if version not in VERSIONS:
        raise Malformed(f"it is GGUF version {version}; llama.cpp reads 2 and 3")
    return version


def _read_key(source: _Source, values: dict[str, Value], counts: dict[str, int]) -> None:
    key = source.text(LONGEST_KEY, "the name of a key")
    if not key or key in values or key in counts:
        raise Malformed(f"the key {key!r} is there twice" if key else "a key has no name")
    kind = source.number("<I")
    if kind == _STRING:
        values[key] = source.text(LONGEST_STRING, f"the value of {key}")
    elif kind in _NUMBERS:
        (values[key],) = _numbers(source, kind, 1)
    elif kind == _ARRAY:
        inner, count = source.number("<I"), source.number("<Q")
        counts[key] = count
        kept = _read_array(source, key, inner, count)
        if kept is not None:
            values[key] = kept
    else:
        raise Malformed(f"the key {key!r} is of type {kind}, which does not exist")


def _read_array(source: _Source, key: str, kind: int, count: int) -> tuple[int | float | bool, ...] | None:
    """The numbers of a short array; None for a long one or one of texts, which is passed over."""
    if kind == _STRING:
        if count > MOST_STRINGS:
            raise Malformed(f"the list {key!r} claims to have {count:,} entries")
        source.charge(count * SPENT)
        for _ in range(count):
            source.skip(source.number("<Q"))
        return None
    if kind not in _NUMBERS:
        raise Malformed(f"the list {key!r} is of type {kind}, which does not exist")
    if count <= KEPT:
        source.charge(count * SPENT)
        return _numbers(source, kind, count)
    source.skip(count * struct.calcsize(_NUMBERS[kind]))
    return None


def _numbers(source: _Source, kind: int, count: int) -> tuple[int | float | bool, ...]:
    form = f"<{count}{_NUMBERS[kind][1]}"
    return struct.unpack(form, source.take(struct.calcsize(form)))


def _read_tensors(source: _Source, count: int, alignment: int) -> tuple[frozenset[str], dict[str, int], int]:
    """The names of all tensors, the weights of each type, and where the last one ends, counted from the first.

    Each has to begin where the one before it ends; behind one of a type that is not known here that cannot be told.
    """
    names: set[str] = set()
    kinds: dict[str, int] = {}
    end, expected = 0, 0
    known = True
    for _ in range(count):
        name = source.text(LONGEST_NAME, "the name of a tensor")
        if name in names:
            raise Malformed(f"the tensor {name!r} is there twice")
        names.add(name)
        shape, kind, offset = _shape(source, name), source.number("<I"), source.number("<Q")
        label, block, width = TENSOR_TYPES.get(kind, (f"type {kind}", 1, 0))
        weights = math.prod(shape)
        if weights > MOST_WEIGHTS or (shape[0] if shape else 1) % block:
            raise Malformed(f"the tensor {name!r} has the impossible shape {shape}")
        if known and offset != expected:
            raise Malformed(f"the tensor {name!r} does not begin where the one before it ends")
        known = known and width > 0
        kinds[label] = kinds.get(label, 0) + weights
        end = expected + weights // block * width
        expected = _padded(end, alignment)
    return frozenset(names), kinds, end


def _shape(source: _Source, name: str) -> list[int]:
    dimensions = source.number("<I")
    if dimensions > MOST_DIMENSIONS:
        raise Malformed(f"the tensor {name!r} has {dimensions:,} dimensions")
    return [source.number("<Q") for _ in range(dimensions)]


def _padded(count: int, alignment: int) -> int:
    return -(-count // alignment) * alignment
