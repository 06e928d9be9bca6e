"""Where a model computes, in words: on which device, with how many layers, and what would make it faster (pure)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from blogmetad.model.local import modes
from blogmetad.model.local.devices import Build
from blogmetad.model.store.machine import Gpu, Machine

REBUILD = 'CMAKE_ARGS="{flags}" pip install --force-reinstall --no-cache-dir llama-cpp-python'
FLAGS = {"NVIDIA": "-DGGML_CUDA=on", "AMD": "-DGGML_VULKAN=on", "Intel": "-DGGML_VULKAN=on"}


@dataclass(frozen=True, slots=True)
class Placement:
    """``mode`` as the journal names it; ``layers`` on the GPU, -1 for all; the ``devices`` that compute."""

    mode: str
    layers: int
    devices: tuple[str, ...]
    words: str


def placement(
    build: Build, gpu_layers: int, struck: Sequence[str] = (), seconds: Mapping[str, float] = MappingProxyType({})
) -> Placement:
    """Where the next load puts a model, on the devices of the build: of the modes that have not crashed here the one
    that was timed to be fastest, else the first."""
    ladder = modes.ladder(gpu_layers)
    usable = [mode for mode in ladder if mode.name not in struck] or [ladder[-1]]
    mode = min(usable, key=lambda mode: seconds.get(mode.name, math.inf))
    gpus = build.gpus if mode.gpu_layers else ()
    if gpus:
        names = tuple(f"{gpu.name} ({gpu.description}, {gpu.total / 1e9:.1f} GB)" for gpu in gpus)
        layers = "all layers" if mode.gpu_layers < 0 else f"{mode.gpu_layers} layers"
        return Placement(mode.name, mode.gpu_layers, names, f"{layers} on {' and '.join(names)}, mode {mode.name}")
    processor = tuple(device.description for device in build.devices if device.kind == "cpu")
    where = f" ({processor[0]})" if processor else ""
    words = f"on the processor{where}, mode {mode.name}{_why_not(build, gpu_layers, struck)}"
    return Placement(mode.name, 0, processor, words)


def advice(machine: Machine) -> tuple[str, ...]:
    """How to let llama.cpp use a GPU that is there and idle, a sentence each."""
    makers = {gpu.maker: gpu for gpu in machine.idle if gpu.maker is not None}
    return tuple(_hint(gpu) for gpu in makers.values())


def _hint(gpu: Gpu) -> str:
    command = REBUILD.format(flags=FLAGS[gpu.maker or "NVIDIA"])
    return f"{gpu.name} is not used: this llama.cpp was built for the processor alone. To use it: {command}"


def _why_not(build: Build, gpu_layers: int, struck: Sequence[str]) -> str:
    if build.problem:
        return f"; {build.problem}"
    if not build.gpus:
        return "; this llama.cpp sees no GPU"
    if not gpu_layers:
        return "; gpu_layers = 0 keeps it off the GPU"
    return f"; with the GPU it crashed here ({', '.join(struck)})"
