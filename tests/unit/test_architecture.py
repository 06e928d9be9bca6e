"""Imports point one way, and the native library is met in one place only."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "blogmetad"
STAGES = ("intake", "site", "rules", "model", "publish", "journal", "announce")
BASE = {
    "values",
    "outcomes",
    "offered",
    "matter",
    "strict_yaml",
    "prose",
    "inplace",
    "errors",
    "files",
    "changes",
    "config",
    "section",
    "audience",
    "notify",
    "secret",
    "liquid",
}


def imports_of(file: Path) -> set[str]:
    """The modules of ours a file imports, as dotted names below the package."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("blogmetad.") for name in found if name.startswith("blogmetad.")}


MODULES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_itself_and_what_lies_below_the_stages(stage: str) -> None:
    for file in (ROOT / stage).rglob("*.py"):
        strange = {name for name in imports_of(file) if name.split(".")[0] not in {stage, *BASE}}
        assert not strange, f"{file.name} imports {strange}"


def test_values_import_nothing_of_ours() -> None:
    assert imports_of(ROOT / "values.py") == set()
    assert imports_of(ROOT / "errors.py") == set()
    assert {name.split(".")[0] for name in imports_of(ROOT / "matter.py")} <= {"strict_yaml", "values"}
    assert {name.split(".")[0] for name in imports_of(ROOT / "inplace.py")} <= {"matter", "strict_yaml"}


def test_nothing_but_the_command_line_imports_the_command_line() -> None:
    outside = [file for file in MODULES if file.relative_to(ROOT).parts[0] != "cli" and file.name != "__main__.py"]
    assert [file.name for file in outside if any(name.split(".")[0] == "cli" for name in imports_of(file))] == []


def test_the_pipeline_opens_no_file_and_starts_no_thread() -> None:
    tree = ast.parse((ROOT / "pipeline.py").read_text("utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"open", "Path", "threading", "os", "subprocess"}
    assert not any("llama" in name or "worker" in name for name in imports_of(ROOT / "pipeline.py"))


def test_the_daemon_never_loads_the_native_library_or_a_server() -> None:
    heavy = {"llama_cpp", "numpy", "starlette", "uvicorn"}
    code = f"import sys, blogmetad.daemon, blogmetad.cli.app;sys.exit(bool({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
