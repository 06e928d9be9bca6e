"""Power cuts without a machine to cut.

A blog lies on an image that is mounted through a loop device. While blogmetad works there, it is stopped before each of
many calls, and the image is copied then and there: what the kernel only has in memory is not in the copy, as after a
power cut. Each copy is then mounted, looked at, and blogmetad is started on it.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults.scene import Known, Scene

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class FileSystem:
    """How one is made and mounted. Its own timers are set so long that nothing is written because of them."""

    name: str
    megabytes: int
    make: tuple[str, ...]
    options: str


FILE_SYSTEMS = {
    "ext4": FileSystem("ext4", 64, ("mkfs.ext4", "-q", "-F", "-J", "size=4"), "commit=300"),
    "xfs": FileSystem("xfs", 320, ("mkfs.xfs", "-q", "-f"), "nouuid"),
    "btrfs": FileSystem("btrfs", 128, ("mkfs.btrfs", "-q", "-f", "-m", "single"), "commit=300"),
}


@dataclass(frozen=True, slots=True)
class Cut:
    """The power went before call ``number``. ``image`` is what the disk has then; ``promised`` is what the ledger had
    said was done."""

    number: int
    image: Path
    promised: Known


@functools.cache
def why_not(name: str) -> str | None:
    """Why power cuts cannot be tried on this file system here, if so."""
    system = FILE_SYSTEMS[name]
    if os.geteuid() != 0:
        return "only root can mount an image"
    if shutil.which(system.make[0]) is None:
        return f"{system.make[0]} is not installed"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with mounted(made(system, Path(folder)), system, Path(folder)):
                return None
        except subprocess.CalledProcessError as error:
            return f"{name} cannot be mounted here: {error.stderr.strip()}"


@contextmanager
def roomy() -> Iterator[Path]:
    """A folder for images: in memory where there is enough of it."""
    memory = Path("/dev/shm")
    enough = memory.is_dir() and shutil.disk_usage(memory).free > 4096 * MEGABYTE
    with tempfile.TemporaryDirectory(prefix="blogmetad-", dir=memory if enough else None) as folder:
        yield Path(folder)


def made(system: FileSystem, folder: Path) -> Path:
    """A new image."""
    image = folder / f"{system.name}.image"
    with image.open("wb") as file:
        file.truncate(system.megabytes * MEGABYTE)
    _run(*system.make, str(image))
    return image


@contextmanager
def mounted(image: Path, system: FileSystem, folder: Path) -> Iterator[Path]:
    """An image, mounted."""
    point = folder / "mounted"
    point.mkdir(exist_ok=True)
    _run("mount", "-t", system.name, "-o", f"loop,{system.options}", str(image), str(point))
    try:
        yield point
    finally:
        _run("umount", str(point))
        if system.name == "btrfs":  # which remembers the disk, and would take its copy for the same one
            _run("btrfs", "device", "scan", "--forget")


def cuts(system: FileSystem, folder: Path, many: int, mutant: str | None = None) -> list[Cut]:
    """Run blogmetad over a new scene, and cut the power at so many points, evenly spread over the run."""
    calls = _calls(mutant)
    points = sorted({calls * n // many for n in range(1, many + 1)})
    image, taken = made(system, folder), []
    with mounted(image, system, folder) as disk:
        scene = Scene(disk / "site").create()
        os.sync()
        with _Stoppable(scene, mutant) as run:
            for point in points:
                if not run.to(point):
                    break
                copied = folder / f"{system.name}-{point}.image"
                _copy(image, copied)
                taken.append(Cut(point, copied, _promised(scene, folder)))
    return taken


@functools.cache
def _calls(mutant: str | None) -> int:
    """How many calls there are in a run that is left alone."""
    with roomy() as folder:
        run = _Stoppable(Scene(folder / "site").create(), mutant)
        with run:
            run.to(None)
        return run.calls


class _Stoppable:
    """A run of blogmetad that stops before chosen calls. ``calls``: how many there were, once it is over."""

    def __init__(self, scene: Scene, mutant: str | None) -> None:
        words = [sys.executable, "-m", "tests.faults.stopping", str(scene.root), *([mutant] if mutant else [])]
        self.calls = 0
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> _Stoppable:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.calls:
            self.to(None)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def to(self, point: int | None) -> int:
        """Go on to just before this call, or to the end. The number of the call it stopped at, 0 at the end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{point or 0}\n")
            self._process.stdin.flush()
        said = self._process.stdout.readline().split()
        self.calls = int(said[1]) if said[:1] == ["ended"] else 0
        return int(said[1]) if said[:1] == ["stopped"] else 0


def _promised(scene: Scene, folder: Path) -> Known:
    """What the ledger has said so far, read from a copy beside the disk."""
    with tempfile.TemporaryDirectory(dir=folder) as aside:
        copied = Scene(Path(aside) / "site")
        copied.state.mkdir(parents=True)
        for file in scene.state.glob("ledger.db*"):
            shutil.copyfile(file, copied.state / file.name)
        return copied.known()


def _copy(image: Path, to: Path) -> None:
    """Copy a sparse file as it is now."""
    with image.open("rb") as source, to.open("wb") as target:
        size = os.fstat(source.fileno()).st_size
        target.truncate(size)
        at = 0
        while at < size:
            try:
                begin = os.lseek(source.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                return
            at = os.lseek(source.fileno(), begin, os.SEEK_HOLE)
            os.lseek(source.fileno(), begin, os.SEEK_SET)
            os.lseek(target.fileno(), begin, os.SEEK_SET)
            left = at - begin
            while left:
                left -= os.sendfile(target.fileno(), source.fileno(), None, left)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True)
