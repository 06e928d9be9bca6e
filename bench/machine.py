"""What a reader needs to judge figures, without naming the machine they come from."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import llama_cpp

from blogmetad.model.local.modes import physical_cores


def conditions() -> dict[str, object]:
    """Processor, threads, and the versions of everything that has a say."""
    return {
        "processor": _processor(),
        "threads": physical_cores(),
        "blogmetad": _blogmetad_version(),
        "llama-cpp-python": str(llama_cpp.__version__),
        "llama.cpp": llama_cpp.llama_print_system_info().decode().strip(" |"),
        "python": platform.python_version(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _blogmetad_version() -> str:
    try:
        return version("blogmetad")
    except PackageNotFoundError:
        return "a checkout that is not installed"
