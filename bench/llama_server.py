"""Builds llama-server of the very llama.cpp that is installed: to be compared with, and to be tested against.

    python -m bench.llama_server

The sources come with llama-cpp-python's source distribution. Only the server's own files are compiled; it is linked
with the libraries llama-cpp-python has installed, so that both run the same machine code. It is put beside Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from blogmetad.model.local import toolchain

PACKAGE = "llama-cpp-python"
LIBRARIES = Path(sysconfig.get_path("purelib"), "lib")
LINKED = ("llama-common", "mtmd", "llama", "ggml", "ggml-base")
PROGRAM = Path(sys.executable).parent / "llama-server"

INCLUDED = ("tools/server", "tools/mtmd", "common", "vendor", "include", "ggml/include")
DEFINED = (
    "LLAMA_SUBPROCESS",
    "LLAMA_SHARED",
    "GGML_SHARED",
    "CPPHTTPLIB_LISTEN_BACKLOG=512",
    "CPPHTTPLIB_TCP_NODELAY=1",
    "CPPHTTPLIB_FORM_URL_ENCODED_PAYLOAD_MAX_LENGTH=1048576",
    "CPPHTTPLIB_REQUEST_URI_MAX_LENGTH=32768",
)
"""As llama.cpp's own CMake files have it for a server without TLS."""

NO_PAGES = """#pragma once
#include <array>
#include <string>
struct llama_ui_asset { std::string name; };
inline std::array<llama_ui_asset, 0> llama_ui_get_assets() { return {}; }
"""
"""Stands for the generated header of the server's web pages, of which there are none."""


class BuildError(Exception):
    """The server cannot be built here; says why."""


def sources(folder: Path) -> Path:
    """llama.cpp's sources of the version that is installed, unpacked into ``folder``."""
    wanted = f"{PACKAGE}=={version(PACKAGE)}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", PACKAGE]
    if subprocess.run([*pip, "--dest", str(folder), wanted], check=False).returncode:
        raise BuildError(f"the sources of {wanted} could not be fetched")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        inside = [member for member in packed if "/vendor/llama.cpp/" in member.name]
        packed.extractall(folder, inside, filter="data")
    (found,) = folder.glob("*/vendor/llama.cpp")
    return found


def build(source: Path, program: Path) -> None:
    """Compile and link. Raises BuildError with what the compiler said."""
    missing = [name for name in LINKED if not any(LIBRARIES.glob(f"lib{name}.*"))]
    if missing:
        raise BuildError(f"{LIBRARIES} has no {', '.join(missing)}: install {PACKAGE} from its source distribution")
    chosen = toolchain.choose(toolchain.cpu_flags(), toolchain.compilers(os.environ), toolchain.gpu())
    compiler = chosen.cxx or os.environ.get("CXX") or "c++"
    (source / "common" / "ui.h").write_text(NO_PAGES, encoding="utf-8")
    # Hidden symbols: libllama-common has an HTTP library of its own, built with TLS, that ours must not stand in for.
    flags = [
        *("-O2", "-std=c++17", "-pthread", "-fvisibility=hidden", "-w"),
        *(f"-D{name}" for name in DEFINED),
        *(f"-I{source / folder}" for folder in INCLUDED),
    ]
    files = [*(source / "tools" / "server").glob("*.cpp"), source / "vendor" / "cpp-httplib" / "httplib.cpp"]
    objects = [file.with_suffix(".o") for file in files]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        commands = ([compiler, *flags, "-c", str(f), "-o", str(o)] for f, o in zip(files, objects, strict=True))
        list(pool.map(_run, commands))
    linked = [f"-L{LIBRARIES}", f"-Wl,-rpath,{LIBRARIES}", *(f"-l{name}" for name in LINKED)]
    fresh = program.with_name(f".{program.name}.new")
    _run([compiler, "-pthread", *map(str, objects), *linked, "-o", str(fresh)])
    fresh.replace(program)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{command[0]} failed:\n{done.stderr[-2000:]}")


def main() -> int:
    """Build it; 1 with the reason where that does not work."""
    sys.stderr.write("building llama-server; this takes a minute or two\n")
    try:
        with tempfile.TemporaryDirectory() as folder:
            build(sources(Path(folder)), PROGRAM)
    except (BuildError, OSError, ValueError) as error:
        sys.stderr.write(f"llama-server: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
