"""How llama.cpp should be compiled on this machine, as shell assignments for the build.

Run as a plain script before anything is installed, so it uses the standard library alone:

    eval "$(python3 blogmetad/model/local/toolchain.py) pip install llama-cpp-python"

The reason for the choice goes to stderr. What it guards against: the AMX header of older GCCs (12.2 for one)
tells the optimizer that loading a tile configuration reads 8 bytes instead of 64, so the stores that fill the
others are dropped, and llama.cpp built with it dies in its first decode on a CPU with AMX.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

OLDEST_CLANG = 14
NO_AMX = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C compiler with its C++ twin. ``amx`` says what AMX code it makes: right, broken, or none at all.

    ``chosen`` is true for one the user named in CC.
    """

    cc: str
    cxx: str
    name: str
    amx: Literal["right", "broken", "none"]
    chosen: bool = False

    @property
    def is_clang(self) -> bool:
        """Whether it belongs to the clang family, whose AMX code is the faster one."""
        return "clang" in self.name


@dataclass(frozen=True, slots=True)
class Gpu:
    """What there is of CUDA: ``nvcc``, the compiler, and a ``device`` that the driver can see."""

    nvcc: bool = False
    device: bool = False


@dataclass(frozen=True, slots=True)
class Build:
    """How to compile: None for a compiler leaves the choice to CMake. ``c_flags`` serve C and C++ alike."""

    cc: str | None
    cxx: str | None
    cmake_args: tuple[str, ...]
    c_flags: str
    reason: str


def choose(cpu_flags: frozenset[str], compilers: tuple[Compiler, ...], gpu: Gpu) -> Build:
    """The build for a CPU with these flags; ``compilers`` in order of preference, the default one first.

    Raises ValueError if there is no compiler at all.
    """
    if not compilers:
        raise ValueError("No working C and C++ compiler was found: install gcc and g++ (or clang) and run this again.")
    cuda, about_gpu = _cuda(gpu)
    default = compilers[0]
    if "amx_tile" not in cpu_flags:
        reason = f"this CPU has no AMX, so the default compiler ({default.name}) is right"
        return Build(None, None, cuda, "", reason + about_gpu)
    clang = next((compiler for compiler in compilers if compiler.is_clang), None)
    if clang is not None and not default.chosen:
        reason = f"this CPU has AMX, for which {clang.name} makes right and fast code"
        return Build(clang.cc, clang.cxx, cuda, "", reason + about_gpu)
    if default.amx == "broken":
        # GGML_NATIVE has to go: what -march=native expands to would come last and switch AMX on again.
        reason = f"this CPU has AMX, for which {default.name} makes broken code, so AMX is left out"
        return Build(None, None, ("-DGGML_NATIVE=OFF", *cuda), f"-march=native {NO_AMX}", reason + about_gpu)
    reason = f"this CPU has AMX, for which {default.name} makes {default.amx.replace('none', 'no')} code"
    return Build(None, None, cuda, "", reason + about_gpu)


def _cuda(gpu: Gpu) -> tuple[tuple[str, ...], str]:
    """CMake's arguments for the GPU and what there is to say about it."""
    if gpu.nvcc and gpu.device:
        return ("-DGGML_CUDA=on",), "; CUDA is built in, since nvcc and a GPU are there"
    if gpu.nvcc:
        return (), "; CUDA is left out, since nvidia-smi lists no GPU"
    if gpu.device:
        return (), "; there is a GPU, but without nvcc (the CUDA toolkit) it is not used"
    return (), ""


def assignments(build: Build, environ: Mapping[str, str]) -> tuple[str, str]:
    """The build as shell assignments in one line (empty if nothing needs saying), and the reason in one line.

    What the user has set in CMAKE_ARGS, CFLAGS and CXXFLAGS stays and comes last, so it wins.
    """
    values: dict[str, str] = {}
    kept: list[str] = []
    if build.cc and build.cxx:
        values |= {"CC": build.cc, "CXX": build.cxx}
    ours = {"CMAKE_ARGS": " ".join(build.cmake_args), "CFLAGS": build.c_flags, "CXXFLAGS": build.c_flags}
    for name, value in ours.items():
        theirs = environ.get(name, "").strip()
        if theirs:
            kept.append(name)
        if value:
            values[name] = f"{value} {theirs}".strip()
    line = " ".join(f"{name}={shlex.quote(value)}" for name, value in values.items())
    note = f"; your {' and '.join(kept)} {'is' if len(kept) == 1 else 'are'} kept" if kept else ""
    return line, f"llama.cpp: {build.reason}{note}."


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """The CPU's features as Linux names them; empty where Linux is not."""
    try:
        found = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text(), re.MULTILINE)
    except OSError:
        return frozenset()
    return frozenset(found[1].split()) if found else frozenset()


def compilers(environ: Mapping[str, str]) -> tuple[Compiler, ...]:
    """The compilers that work here: the user's CC or the system's default, then every clang on the PATH."""
    cc = environ.get("CC", "").strip()
    chosen = _inspect(cc or "cc", environ.get("CXX", "").strip() or _twin(cc or "cc"), chosen=bool(cc))
    clangs = [
        _inspect(cc, _twin(cc))
        for cc in ("clang", *(f"clang-{version}" for version in range(30, OLDEST_CLANG - 1, -1)))
        if shutil.which(cc) and shutil.which(_twin(cc))
    ]
    return tuple(compiler for compiler in (chosen, *clangs) if compiler is not None)


def _twin(cc: str) -> str:
    """The C++ compiler that belongs to a C compiler: ``clang-16`` -> ``clang++-16``."""
    folder, name = os.path.split(cc)
    name = "c++" if name == "cc" else name.replace("clang", "clang++").replace("gcc", "g++")
    return str(Path(folder) / name) if folder else name


def _inspect(cc: str, cxx: str, *, chosen: bool = False) -> Compiler | None:
    """What ``cc`` is; None if it does not run or cannot compile C++ (a clang without a standard library)."""
    version = _output([*shlex.split(cc), "--version"]).partition("\n")[0]
    if not version or not _compiles(cxx):
        return None
    if "clang" in version:
        number = re.search(r"version (\d+)", version)
        if number and int(number[1]) < OLDEST_CLANG and not chosen:
            return None
        return Compiler(cc, cxx, f"clang {number[1] if number else ''}".strip(), "right", chosen)
    header = Path(_output([*shlex.split(cc), "-print-file-name=include/amxtileintrin.h"]).strip())
    name = "gcc " + _output([*shlex.split(cc), "-dumpfullversion"]).strip()
    return Compiler(cc, cxx, name, amx_of_gcc(header.read_text()) if header.is_file() else "none", chosen)


def amx_of_gcc(header: str) -> Literal["right", "broken"]:
    """Tell a repaired ``amxtileintrin.h`` from a broken one; distributions backport without a new version."""
    return "right" if "__builtin_ia32_ldtilecfg" in header else "broken"


def _compiles(cxx: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.cpp")
        source.write_text("#include <vector>\nint main() { return static_cast<int>(std::vector<int>().size()); }\n")
        return _runs([*shlex.split(cxx), str(source), "-o", str(Path(folder, "probe"))])


def gpu() -> Gpu:
    """What there is of CUDA here; macOS has none, and Metal is llama.cpp's own default there."""
    if platform.system() == "Darwin":
        return Gpu()
    return Gpu(shutil.which("nvcc") is not None, "GPU " in _output(["nvidia-smi", "-L"]))


def _run(command: list[str]) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None


def _output(command: list[str]) -> str:
    done = _run(command)
    return done.stdout if done is not None and done.returncode == 0 else ""


def _runs(command: list[str]) -> bool:
    done = _run(command)
    return done is not None and done.returncode == 0


def main() -> int:
    """Print the assignments to stdout and the reason to stderr; 1 if nothing here can compile."""
    try:
        build = choose(cpu_flags(), compilers(os.environ), gpu())
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    line, reason = assignments(build, os.environ)
    sys.stdout.write(f"{line}\n")
    sys.stderr.write(f"{reason}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
