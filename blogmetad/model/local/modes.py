"""Ways to run a model, and what is known of them on this machine: which crashed, and how fast the others are.

gcc 12 miscompiles llama.cpp's AMX path: a default build dies of SIGSEGV at its first decode. Nothing but trying
tells, so a mode that crashes before its first answer is struck out and the next one is used, now and at later starts.
Nothing but trying tells either whether repacked weights pay: they made one model faster and another a third slower.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from blogmetad.model.local.devices import library_folder


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to load: a name for the journal, layers on the GPU (-1: all), AMX and repacked weights or not."""

    name: str
    gpu_layers: int
    extra_buffers: bool


def ladder(gpu_layers: int) -> tuple[Mode, ...]:
    """The modes to try, in this order. A build without GPU support ignores ``gpu_layers``."""
    cpu = Mode("cpu", 0, True)
    best = (Mode("fast", gpu_layers, True), cpu) if gpu_layers else (cpu,)
    return (*best, Mode("plain", 0, False))


def physical_cores() -> int:
    """Cores this process may run on, hyper-threads counted once: more threads than that slow a decode down."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    siblings: set[str] = set()
    for cpu in allowed:
        file = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        siblings.add(file.read_text().strip() if file.exists() else str(cpu))
    return max(1, len(siblings))


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().split("\n\n")[0].splitlines() if info.exists() else [platform.processor()]
    stable = [line for line in lines if line.startswith(("model name", "flags", "Features"))]
    return hashlib.sha256("\n".join(stable).encode()).hexdigest()[:16]


def _build() -> str:
    """Which build of llama.cpp is installed: one version built anew, for a GPU, has other modes that are fast."""
    folder = library_folder()
    files = sorted(folder.glob("*.so")) if folder is not None else []
    facts = [f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Struck:
    """A mode that crashed: why, in words."""

    mode: str
    because: str


class Memory:
    """What trying the modes has shown here, kept in a small JSON file. A damaged or foreign file counts as empty."""

    def __init__(self, file: Path, model: Path, version: str) -> None:
        self._file = file
        self._key = f"{_machine()}/{version}-{_build()}/{model.name}"

    def struck(self) -> tuple[Struck, ...]:
        """The modes not to try again with this model, library and processor."""
        return tuple(Struck(mode, str(why)) for mode, why in self._of("struck").items())

    def seconds(self) -> dict[str, float]:
        """How long a typical draft takes in the modes that were timed."""
        return {mode: float(s) for mode, s in self._of("seconds").items() if isinstance(s, int | float)}

    def strike(self, mode: str, because: str) -> None:
        """Remember that ``mode`` crashed."""
        self._write("struck", mode, because)

    def timed(self, mode: str, seconds: float) -> None:
        """Remember how long a typical draft takes in ``mode``."""
        self._write("seconds", mode, round(seconds, 3))

    def _of(self, what: str) -> dict[str, object]:
        known = self._read().get(self._key)
        found = known.get(what) if isinstance(known, dict) else None
        return {str(mode): value for mode, value in found.items()} if isinstance(found, dict) else {}

    def _write(self, what: str, mode: str, value: object) -> None:
        known = self._read()
        mine = {name: self._of(name) for name in ("struck", "seconds")}
        mine[what][mode] = value
        known[self._key] = mine
        temporary = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        temporary.replace(self._file)

    def _read(self) -> dict[str, object]:
        try:
            known = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
