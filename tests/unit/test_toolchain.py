from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blogmetad.model.local import toolchain
from blogmetad.model.local.toolchain import Build, Compiler, Gpu, assignments, choose

AMX = frozenset({"avx2", "avx512f", "amx_tile", "amx_int8", "amx_bf16"})
PLAIN = frozenset({"avx2", "avx512f"})
GCC_12 = Compiler("cc", "c++", "gcc 12.2.0", "broken")
GCC_14 = Compiler("cc", "c++", "gcc 14.2.0", "right")
GCC_10 = Compiler("cc", "c++", "gcc 10.2.1", "none")
CLANG = Compiler("clang-16", "clang++-16", "clang 16", "right")
NO_GPU = Gpu()


def test_a_cpu_without_amx_is_left_to_the_default_compiler() -> None:
    build = choose(PLAIN, (GCC_12, CLANG), NO_GPU)
    assert (build.cc, build.cxx, build.cmake_args, build.c_flags) == (None, None, (), "")
    assert "no AMX" in build.reason


def test_clang_is_preferred_on_a_cpu_with_amx() -> None:
    build = choose(AMX, (GCC_14, CLANG), NO_GPU)
    assert (build.cc, build.cxx, build.cmake_args, build.c_flags) == ("clang-16", "clang++-16", (), "")
    assert "clang 16" in build.reason


def test_amx_is_left_out_where_the_only_compiler_breaks_it() -> None:
    build = choose(AMX, (GCC_12,), NO_GPU)
    assert build.cc is None
    assert build.cmake_args == ("-DGGML_NATIVE=OFF",)
    assert build.c_flags == "-march=native -mno-amx-tile -mno-amx-int8 -mno-amx-bf16"


@pytest.mark.parametrize("compiler", [GCC_14, GCC_10], ids=lambda compiler: compiler.name)
def test_a_gcc_that_does_not_break_amx_is_used_as_it_is(compiler: Compiler) -> None:
    build = choose(AMX, (compiler,), NO_GPU)
    assert (build.cc, build.cmake_args, build.c_flags) == (None, (), "")


def test_a_compiler_the_user_named_is_not_replaced_but_still_kept_from_breaking_amx() -> None:
    mine = Compiler("gcc-12", "g++-12", "gcc 12.2.0", "broken", chosen=True)
    build = choose(AMX, (mine, CLANG), NO_GPU)
    assert build.cc is None
    assert "-mno-amx-tile" in build.c_flags


def test_no_compiler_at_all_is_an_error_that_says_what_to_install() -> None:
    with pytest.raises(ValueError, match=r"install gcc and g\+\+ \(or clang\)"):
        choose(AMX, (), NO_GPU)


@pytest.mark.parametrize(
    ("gpu", "arguments", "words"),
    [
        (Gpu(nvcc=True, device=True), ("-DGGML_CUDA=on",), "CUDA is built in"),
        (Gpu(nvcc=True, device=False), (), "nvidia-smi lists no GPU"),
        (Gpu(nvcc=False, device=True), (), "without nvcc"),
        (Gpu(), (), "no AMX"),
    ],
)
def test_cuda_needs_both_the_toolkit_and_a_gpu(gpu: Gpu, arguments: tuple[str, ...], words: str) -> None:
    build = choose(PLAIN, (GCC_12,), gpu)
    assert build.cmake_args == arguments
    assert words in build.reason


def test_cuda_and_a_build_without_amx_go_together() -> None:
    build = choose(AMX, (GCC_12,), Gpu(nvcc=True, device=True))
    assert build.cmake_args == ("-DGGML_NATIVE=OFF", "-DGGML_CUDA=on")


def shell(line: str, name: str) -> str:
    """What a command started behind these assignments sees in ``name``."""
    script = f'unset CC CXX CFLAGS CXXFLAGS CMAKE_ARGS; {line} {sys.executable} -c "$PROBE" {name}'
    probe = "import os, sys; sys.stdout.write(os.environ.get(sys.argv[1], '-'))"
    environ = {**os.environ, "PROBE": probe}
    return subprocess.run(["sh", "-c", script], env=environ, capture_output=True, text=True, check=True).stdout


def test_the_assignments_reach_a_command_through_a_shell() -> None:
    line, reason = assignments(choose(AMX, (GCC_12,), NO_GPU), {})
    assert shell(line, "CMAKE_ARGS") == "-DGGML_NATIVE=OFF"
    assert shell(line, "CXXFLAGS") == "-march=native -mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
    assert shell(line, "CC") == "-"
    assert "\n" not in reason


def test_the_users_own_settings_are_kept_come_last_and_are_mentioned() -> None:
    mine = {"CMAKE_ARGS": "-DGGML_BLAS=ON -DNOTE='with 空格'", "CFLAGS": "-O2"}
    line, reason = assignments(choose(AMX, (GCC_12,), NO_GPU), mine)
    assert shell(line, "CMAKE_ARGS") == "-DGGML_NATIVE=OFF -DGGML_BLAS=ON -DNOTE='with 空格'"
    assert shell(line, "CFLAGS").endswith("-mno-amx-bf16 -O2")
    assert reason.endswith("; your CMAKE_ARGS and CFLAGS are kept.")


def test_nothing_is_assigned_where_nothing_needs_saying() -> None:
    assert assignments(Build(None, None, (), "", "all is well"), {"CMAKE_ARGS": "-DX=1"}) == (
        "",
        "llama.cpp: all is well; your CMAKE_ARGS is kept.",
    )


def test_cpu_flags_are_read_from_the_first_processor(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu amx_tile avx2\n\nprocessor\t: 1\nflags\t\t: fpu\n")
    assert toolchain.cpu_flags(cpuinfo) == {"fpu", "amx_tile", "avx2"}
    assert toolchain.cpu_flags(tmp_path / "missing") == frozenset()


def test_a_repaired_header_is_told_from_a_broken_one() -> None:
    assert toolchain.amx_of_gcc('__asm__ volatile ("ldtilecfg\\t%X0" :: "m" (*((const void **)x)));') == "broken"
    assert toolchain.amx_of_gcc("  __builtin_ia32_ldtilecfg (__config);") == "right"


@pytest.mark.skipif("gcc" not in toolchain._output(["gcc", "--version"]), reason="no gcc here")
def test_gcc_makes_no_amx_code_with_these_flags_and_what_llama_cpp_adds_to_them() -> None:
    flags = ["-march=sapphirerapids", *toolchain.NO_AMX.split(), "-msse4.2", "-mf16c", "-mfma", "-mavx2"]
    done = subprocess.run(
        ["gcc", *flags, "-dM", "-E", "-x", "c", "/dev/null"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("this gcc is for another CPU or too old to know AMX")
    assert "__AVX512F__" in done.stdout
    assert "__AMX" not in done.stdout


def script(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_every_working_clang_on_the_path_is_found_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in (13, 14, 16, 18):
        name = "Debian clang" if version == 16 else "clang"
        script(tmp_path, f"clang-{version}", f"echo '{name} version {version}.0.6 (1~deb)'")
        # clang 18 is there without a C++ standard library: it cannot build llama.cpp
        script(tmp_path, f"clang++-{version}", "exit 1" if version == 18 else "exit 0")
    script(tmp_path, "clang-17", "echo clang version 17.0.0")  # no clang++-17 beside it
    monkeypatch.setenv("PATH", str(tmp_path))
    found = toolchain.compilers({})
    assert [(compiler.cc, compiler.cxx, compiler.name) for compiler in found] == [
        ("clang-16", "clang++-16", "clang 16"),
        ("clang-14", "clang++-14", "clang 14"),
    ]


@pytest.mark.parametrize(
    ("cc", "cxx"),
    [("cc", "c++"), ("gcc-12", "g++-12"), ("/opt/llvm/bin/clang-16", "/opt/llvm/bin/clang++-16")],
)
def test_the_cpp_compiler_is_the_twin_of_the_c_compiler(cc: str, cxx: str) -> None:
    assert toolchain._twin(cc) == cxx


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
def test_the_script_runs_with_a_bare_python_and_prints_one_line_of_assignments_and_one_reason() -> None:
    done = subprocess.run([sys.executable, "-S", toolchain.__file__], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all("=" in word for word in shlex.split(done.stdout))
    assert done.stdout.count("\n") == done.stderr.count("\n") == 1
    assert done.stderr.startswith("llama.cpp: ")


def test_the_script_fails_with_a_sentence_where_nothing_can_compile(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", toolchain.__file__],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("No working C and C++ compiler was found")
