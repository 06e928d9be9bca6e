"""Files of a hub's repository: how they are asked for, and which of a listing are meant (pure).

The same choice is made among the files of a hub and among those on disk, so what was pulled is found again by what
was asked for, and no name of a file has to be known beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

PREFIX = "hf:"
"""What a name begins with that means a repository and no path."""

USUAL = "Q4_K_M"
"""The quantization taken where a repository has several and none was asked for."""

_FORM = re.compile(r"hf:([^/:]+/[^/:]+)(?:/([^:]+\.gguf)|:([A-Za-z0-9_]+))?", re.IGNORECASE)
_SEGMENT = re.compile(r"[^\x00-\x1f\x7f/\\.~-][^\x00-\x1f\x7f/\\]*")
_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf", re.IGNORECASE)
_QUANTIZATION = re.compile(
    r"(?<![A-Za-z0-9])((?:I?Q\d|TQ\d)_[A-Z0-9_]*[A-Z0-9]|MXFP4(?:_MOE)?|NVFP4|BF16|F16|F32)(?![A-Za-z0-9_])",
    re.IGNORECASE,
)


class NameFault(ValueError):
    """A name that does not lead to one model; the text is part of a sentence."""


@dataclass(frozen=True, slots=True)
class HubFiles:
    """A model in a repository ``OWNER/NAME`` of a hub: its quantization, or the very ``file``; with neither, the only
    one there or the usual one. A model cut into several files counts as one."""

    repository: str
    quantization: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        if self.file:
            return f"{PREFIX}{self.repository}/{self.file}"
        return f"{PREFIX}{self.repository}" + (f":{self.quantization}" if self.quantization else "")


def parse(name: str) -> HubFiles:
    """``hf:OWNER/REPO``, ``hf:OWNER/REPO:QUANTIZATION`` or ``hf:OWNER/REPO/FILE.gguf``. Raises NameFault."""
    found = _FORM.fullmatch(name)
    if found is None or not is_safe(found[1]) or (found[2] and not is_safe(found[2])):
        raise NameFault(f"'{name}' is not of the form hf:OWNER/REPO/FILE.gguf or hf:OWNER/REPO:QUANTIZATION")
    return HubFiles(found[1], found[3].upper() if found[3] else None, found[2])


def is_safe(path: str) -> bool:
    """Whether a path from elsewhere stays below the folder it is put into and hides nothing."""
    return len(path.encode("utf-8", "replace")) < 1000 and all(
        _SEGMENT.fullmatch(segment) and len(segment.encode("utf-8", "replace")) < 200 for segment in path.split("/")
    )


def choose(names: Iterable[str], wanted: HubFiles) -> tuple[str, ...]:
    """The files that make up the model, in order. Raises NameFault if there are none, or some of them are missing."""
    models = _models(names)
    if wanted.file is not None:
        found = [files for files in models if wanted.file in files]
        if not found:
            raise NameFault(f"there is no file {wanted.file}; there {_listed(models)}")
    else:
        found = _with_quantization(models, wanted.quantization)
    # A name without further words ("-128K", "-MTP") stands for the plain model.
    files = min(found, key=lambda files: (len(files[0]), files[0]))
    _check_whole(files)
    return files


def every(names: Iterable[str], repository: str) -> tuple[HubFiles, ...]:
    """Every model among the files of a repository, by its first file."""
    return tuple(HubFiles(repository, None, files[0]) for files in _models(names))


def quantization(name: str) -> str | None:
    """The quantization a file's name tells, in capital letters."""
    found = _QUANTIZATION.findall(name)
    return found[-1].upper() if found else None


def _models(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The models among a repository's files, each as its files in order."""
    models: dict[tuple[str, str], list[str]] = {}
    for name in sorted(names):
        base = PurePosixPath(name).name.lower()
        if not base.endswith(".gguf") or base.startswith(("mmproj", "imatrix")) or not is_safe(name):
            continue
        part = _PART.fullmatch(name)
        models.setdefault((part[1], part[3]) if part else (name, ""), []).append(name)
    return [tuple(files) for files in models.values()]


def _with_quantization(models: list[tuple[str, ...]], wanted: str | None) -> list[tuple[str, ...]]:
    if wanted is None and len(models) == 1:
        return models
    asked = (wanted or USUAL).upper()
    # \b would take the hyphen in "UD-Q4_K_XL" for an end, and "_" for none.
    pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(asked)}(?![A-Za-z0-9_])", re.IGNORECASE)
    found = [files for files in models if pattern.search(files[0])]
    if not found:
        raise NameFault(f"there is no model in {asked}; there {_listed(models)}")
    return found


def _listed(models: list[tuple[str, ...]]) -> str:
    if not models:
        return "is no GGUF file at all"
    names = sorted({quantization(files[0]) or files[0] for files in models})
    return f"are {', '.join(names)}" if len(names) > 1 else f"is {names[0]}"


def _check_whole(files: tuple[str, ...]) -> None:
    part = _PART.fullmatch(files[0])
    if part is None:
        return
    there = {int(found[2]) for name in files if (found := _PART.fullmatch(name))}
    missing = [number for number in range(1, min(int(part[3]), 1000) + 1) if number not in there]
    if missing:
        raise NameFault(f"of the {int(part[3])} parts of {part[1]}, number {missing[0]} is missing")


def parts_of(name: str) -> tuple[str, ...]:
    """The names of all parts of a model that is cut into several files, from the name of one; just it if it is whole.

    llama.cpp finds the other parts by this same rule.
    """
    part = _PART.fullmatch(name)
    if part is None or not 0 < int(part[3]) <= 1000:
        return (name,)
    return tuple(f"{part[1]}-{number:05d}-of-{part[3]}.gguf" for number in range(1, int(part[3]) + 1))
