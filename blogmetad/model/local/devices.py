"""What the installed llama.cpp can compute on: asked in a process of its own, since drivers may crash or hang.

Run as ``python -m blogmetad.model.local.devices`` it loads llama.cpp's backends, without the rest of the binding, and
prints them as JSON. It is also told here, without loading anything, which kinds of models the library knows.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import json
import mmap
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

PATIENCE = 20.0
"""Seconds the process has: a GPU's driver takes some to wake up."""

KINDS: tuple[Literal["cpu", "gpu", "igpu", "other"], ...] = ("cpu", "gpu", "igpu")
"""By ggml's numbers; what comes behind them are helpers of the processor."""


@dataclass(frozen=True, slots=True)
class Device:
    """Something llama.cpp can compute on. Memory in bytes, 0 if not known; an ``igpu`` shares the processor's."""

    name: str
    description: str
    kind: Literal["cpu", "gpu", "igpu", "other"]
    free: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Build:
    """The installed llama.cpp: its version and devices. ``problem`` says why they are not known."""

    version: str
    devices: tuple[Device, ...] = ()
    problem: str = ""

    @property
    def gpus(self) -> tuple[Device, ...]:
        """The devices that layers of a model can be moved to."""
        return tuple(device for device in self.devices if device.kind in ("gpu", "igpu"))


def installed(patience: float = PATIENCE) -> Build:
    """Ask, in a process of its own. Never raises: what goes wrong is told."""
    try:
        version = importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        return Build("", problem="llama-cpp-python is not installed")
    try:
        command = [sys.executable, "-m", "blogmetad.model.local.devices"]
        done = subprocess.run(command, capture_output=True, timeout=patience, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
            why = f": {said[-1]}" if said else ""
            return Build(version, problem=f"asking llama.cpp for its devices ended with {how}{why}")
        return Build(version, tuple(Device(**device) for device in json.loads(done.stdout.splitlines()[-1])))
    except subprocess.TimeoutExpired:
        return Build(version, problem=f"llama.cpp did not tell its devices within {patience:.0f} seconds")
    except (OSError, ValueError, TypeError, IndexError) as error:
        return Build(version, problem=f"llama.cpp did not tell its devices ({error})")


def knows(architecture: str) -> bool | None:
    """Whether the installed llama.cpp can load that kind of model, by its table of names; None if it is not found."""
    folder = library_folder()
    name = architecture.encode("utf-8", "replace")
    if folder is None or not name or b"\0" in name:
        return None if folder is None else False
    try:
        with (folder / "libllama.so").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            return text.find(name + b"\0") >= 0
    except (OSError, ValueError):
        return None


def library_folder() -> Path | None:
    """Where llama-cpp-python keeps llama.cpp, found without importing it; None if it is not installed."""
    named = os.environ.get("LLAMA_CPP_LIB_PATH")
    if named:
        return Path(named)
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "lib"


def _devices(folder: Path) -> list[Device]:
    """Every device of every backend; this is what wakes the drivers."""
    library = ctypes.CDLL(str(folder / "libggml.so"))
    pointer, size = ctypes.c_void_p, ctypes.c_size_t

    def function(name: str, result: type | None, *arguments: type) -> Callable[..., Any]:
        found: ctypes._NamedFuncPointer = getattr(library, f"ggml_backend_{name}")
        found.restype, found.argtypes = result, list(arguments)
        return found

    # Backends that were built apart from the library lie beside it. With the others in it, this finds nothing.
    function("load_all_from_path", None, ctypes.c_char_p)(os.fsencode(folder))
    get = function("dev_get", pointer, size)
    name, description = (function(f"dev_{what}", ctypes.c_char_p, pointer) for what in ("name", "description"))
    kind = function("dev_type", ctypes.c_int, pointer)
    memory = function("dev_memory", None, pointer, ctypes.POINTER(size), ctypes.POINTER(size))
    found: list[Device] = []
    for number in range(function("dev_count", size)()):
        device, free, total = get(number), size(), size()
        memory(device, ctypes.byref(free), ctypes.byref(total))
        which = kind(device)
        found.append(
            Device(
                name(device).decode("utf-8", "replace"),
                description(device).decode("utf-8", "replace"),
                KINDS[which] if which < len(KINDS) else "other",
                free.value,
                total.value,
            )
        )
    return found


def main() -> int:
    """Print the devices as one line of JSON; exit code 1 if there is no llama.cpp to ask."""
    folder = library_folder()
    if folder is None or not (folder / "libggml.so").exists():
        print(f"there is no llama.cpp in {folder}", file=sys.stderr)
        return 1
    said = os.dup(1)
    os.dup2(2, 1)  # whatever drivers print must not end up in the answer
    line = json.dumps([asdict(device) for device in _devices(folder)])
    os.write(said, f"{line}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
