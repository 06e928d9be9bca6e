"""What this machine has for a model: read from the kernel, the graphics driver's own tool and llama.cpp."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from blogmetad.model.local.devices import Build
from blogmetad.model.local.modes import physical_cores
from blogmetad.model.store.place import free_on_disk

Maker: TypeAlias = Literal["NVIDIA", "AMD", "Intel"]

VENDORS: dict[str, Maker] = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}
OWN_MEMORY = 2_000_000_000
"""Bytes of its own from which on a GPU is worth a word; below, it is one that draws windows."""

UNLIMITED = 1 << 60


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU, whether llama.cpp can use it or not. ``free`` is in bytes, 0 if nobody tells."""

    name: str
    free: int
    maker: Maker | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is. ``memory`` is what a program may still take, ``limited`` if a control group says so and not the
    hardware; ``disk`` is free where models are kept; all in bytes. ``usable`` are the GPUs with memory of their own
    that the installed llama.cpp computes on, ``idle`` those it does not."""

    memory: int
    limited: bool
    cores: int
    disk: int
    usable: tuple[Gpu, ...] = ()
    idle: tuple[Gpu, ...] = ()


def look(models: Path, build: Build, root: Path = Path("/")) -> Machine:
    """The machine as it is now. ``root`` is where ``proc`` and ``sys`` are found."""
    memory, limit = _available(root), _group_leaves(root)
    usable = tuple(
        Gpu(f"{device.name} ({device.description})", device.free) for device in build.gpus if device.kind == "gpu"
    )
    idle = () if build.gpus else tuple(_present(root))
    return Machine(
        memory=min(memory, limit),
        limited=limit < memory,
        cores=physical_cores(),
        disk=free_on_disk(models),
        usable=usable,
        idle=idle,
    )


def _available(root: Path) -> int:
    """What the kernel thinks can be taken without swapping; 0 if it does not tell."""
    try:
        lines = (root / "proc/meminfo").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    for line in lines:
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return 0


def _group_leaves(root: Path) -> int:
    """What the control groups this process is in still allow, by the tightest of them."""
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8", "replace").splitlines()
    except OSError:
        return UNLIMITED
    leaves = [UNLIMITED]
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if not controllers:
            for limit in ("memory.max", "memory.high"):
                leaves += _left(root / "sys/fs/cgroup", group, limit, "memory.current")
        elif "memory" in controllers.split(","):
            base = root / "sys/fs/cgroup/memory"
            leaves += _left(base, group, "memory.limit_in_bytes", "memory.usage_in_bytes")
    return min(leaves)


def _left(base: Path, group: str, limit: str, usage: str) -> Iterator[int]:
    """What each group from the process's own up to the root leaves. In a container only the root may be visible."""
    folder = base / group.lstrip("/")
    for here in (folder, *folder.parents):
        most, used = _number(here / limit), _number(here / usage)
        if most is not None and used is not None and most < UNLIMITED:
            yield max(0, most - used + _reclaimable(here / "memory.stat"))
        if here == base:
            return


def _reclaimable(stat: Path) -> int:
    """File pages that the kernel gives back under pressure: they count as used, and are not lost to a program."""
    try:
        lines = stat.read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    found = dict(line.split(" ", 1) for line in lines if " " in line)
    return int(found.get("inactive_file", found.get("total_inactive_file", "0")))


def _number(file: Path) -> int | None:
    try:
        text = file.read_text("ascii", "replace").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _present(root: Path) -> Iterator[Gpu]:
    """GPUs with memory of their own that are in this machine, as far as anybody tells."""
    nvidia = tuple(_nvidia())
    yield from nvidia
    for vendor in sorted((root / "sys/class/drm").glob("card?/device/vendor")):
        try:
            maker = VENDORS.get(vendor.read_text("ascii", "replace").strip())
        except OSError:
            continue
        if maker == "NVIDIA" and not nvidia:
            yield Gpu("an NVIDIA GPU", 0, maker)
        own = _number(vendor.with_name("mem_info_vram_total")) or 0
        if maker == "AMD" and own >= OWN_MEMORY:
            yield Gpu("an AMD GPU", own - (_number(vendor.with_name("mem_info_vram_used")) or 0), maker)


def _nvidia() -> Iterator[Gpu]:
    """What NVIDIA's own tool says; nothing if it is not there or does not answer."""
    command = ["nvidia-smi", "--query-gpu=name,memory.free", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        name, comma, free = line.rpartition(",")
        if not comma:
            continue
        yield Gpu(name.strip(), int(free) * 1024 * 1024 if free.strip().isdigit() else 0, "NVIDIA")
