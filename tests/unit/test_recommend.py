"""Which model suits a machine, what a machine has, and where a model runs on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from blogmetad.model.catalog import CATALOG, PackageParts
from blogmetad.model.local import devices
from blogmetad.model.local.devices import Build, Device
from blogmetad.model.local.modes import Memory
from blogmetad.model.local.placement import advice, placement
from blogmetad.model.store.machine import Gpu, Machine, look
from blogmetad.model.store.memory import need
from blogmetad.model.store.recommend import recommend, seconds

GB = 10**9
CARD = Device("CUDA0", "NVIDIA H100", "gpu", 80 * GB, 85 * GB)
PROCESSOR = Device("CPU", "AMD EPYC", "cpu", 20 * GB, 24 * GB)
SHARED = Device("Vulkan0", "Iris Xe", "igpu", 12 * GB, 16 * GB)


def machine(memory: float, cores: int, *, gpu: float = 0, disk: float = 1000, limited: bool = False) -> Machine:
    usable = (Gpu("CUDA0 (a card)", int(gpu * GB)),) if gpu else ()
    return Machine(int(memory * GB), limited, cores, int(disk * GB), usable)


# Recommending


@pytest.mark.parametrize(
    ("given", "model", "place"),
    [
        (machine(0.5, 1), "starter", "processor"),
        (machine(1.6, 2), "starter", "processor"),
        (machine(4, 1), "qwen3-0.6b", "processor"),
        (machine(16, 2), "qwen3-1.7b", "processor"),
        (machine(16, 4), "qwen3-4b", "processor"),
        (machine(6, 4), "qwen3-4b", "processor"),
        (machine(4, 4), "qwen3-1.7b", "processor"),
        (machine(16, 8), "qwen3-8b", "processor"),
        (machine(32, 8), "qwen3-30b-a3b", "processor"),
        (machine(16, 4, gpu=12), "qwen3-14b", "gpu"),
        (machine(16, 2, gpu=4), "qwen3-4b", "gpu"),
        (machine(64, 8, gpu=24), "qwen3-32b", "gpu"),
        (machine(500, 64, gpu=320), "qwen3-235b-a22b", "gpu"),
        (machine(64, 16, gpu=8), "qwen3-8b", "gpu"),
        (machine(500, 64, gpu=24), "qwen3-32b", "gpu"),
        (machine(64, 16, gpu=2), "qwen3-30b-a3b", "processor"),
        (machine(64, 16, disk=8), "qwen3-8b", "processor"),
        (machine(64, 16, disk=0.1), "starter", "processor"),
    ],
)
def test_the_most_able_model_that_fits_and_is_quick_enough_is_chosen(given: Machine, model: str, place: str) -> None:
    found = recommend(given)
    assert (found.model.name, found.chosen.place) == (model, place)
    assert any(reason.startswith(f"{model}: ") for reason in found.reasons)


def test_every_model_gets_a_verdict_with_its_reason() -> None:
    found = {verdict.model.name: verdict for verdict in recommend(machine(16, 4, disk=100)).verdicts}
    assert list(found) == list(CATALOG)
    assert found["qwen3-4b"].because == "it fits in memory, and a draft takes some 26 seconds on 4 cores"
    assert found["qwen3-8b"].because == "a draft would take some 53 seconds on 4 cores"
    assert found["qwen3-32b"].because == "it needs 21.3 GB of memory, which is too much where 16.0 GB are free"
    assert found["qwen3-235b-a22b"].because == "its 142.0 GB do not fit on the disk (100.0 GB free)"


def test_the_reasons_name_memory_cores_disk_and_the_next_better_model() -> None:
    assert recommend(machine(4, 1, limited=True, disk=50)).reasons == (
        "a control group leaves 4.0 GB of free memory, 1 core and 50.0 GB of disk",
        "llama.cpp computes on the processor",
        "qwen3-0.6b: it fits in memory, and a draft takes some 17 seconds on 1 core",
        "qwen3-1.7b is passed over: a draft would take some 49 seconds on 1 core",
        "memory is reckoned for 4096 tokens in view, which is what drafts need",
    )


def test_a_model_that_does_not_fit_the_gpu_says_how_to_keep_it_off() -> None:
    assert any("gpu_layers = 0" in reason for reason in recommend(machine(64, 16, gpu=2)).reasons)
    assert not any("gpu_layers" in reason for reason in recommend(machine(64, 16)).reasons)


def test_a_model_that_is_here_needs_no_room_on_the_disk() -> None:
    full = machine(16, 4, disk=0.5)
    assert recommend(full).model.name == "starter"
    assert recommend(full, here={"qwen3-4b"}).model.name == "qwen3-4b"


def test_without_a_hub_the_larger_starter_is_for_machines_that_run_it_quickly() -> None:
    assert recommend(machine(16, 2)).without_hub.name == "starter"
    assert recommend(machine(16, 4)).without_hub.name == "starter-1.5b"


def test_models_of_which_few_weights_take_part_in_each_token_are_quicker() -> None:
    assert seconds(CATALOG["qwen3-30b-a3b"], 8) < seconds(CATALOG["qwen3-8b"], 8) < seconds(CATALOG["qwen3-8b"], 4)


def test_memory_grows_with_the_tokens_in_view() -> None:
    model = CATALOG["qwen3-8b"]
    assert need(model, 8192).total - need(model, 4096).total == 4096 * 144 * 1024
    assert need(model).total > model.size_bytes


def test_among_few_models_one_of_them_is_chosen() -> None:
    small = [model for model in CATALOG.values() if model.size_bytes < GB]
    assert recommend(machine(64, 16), models=small).model.name == "qwen3-0.6b"
    starters = [model for model in CATALOG.values() if isinstance(model.source, PackageParts)]
    assert recommend(machine(64, 16), models=starters).model.name == "starter-1.5b"


# The machine


def grow(root: Path, **files: str) -> Path:
    for name, content in files.items():
        file = root / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return root


MEMINFO = "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:    8000000 kB\n"


def test_this_machine_has_memory_cores_and_a_disk(tmp_path: Path) -> None:
    found = look(tmp_path / "not" / "there", Build("0", (PROCESSOR,)))
    assert found.memory > 10**8
    assert found.cores >= 1
    assert found.disk > 0


def test_memory_is_what_the_kernel_says_is_available(tmp_path: Path) -> None:
    root = grow(tmp_path, proc__meminfo=MEMINFO)
    found = look(tmp_path, Build("0"), root)
    assert (found.memory, found.limited) == (8_192_000_000, False)


def test_the_tightest_control_group_counts_and_what_it_could_give_back_does_not(tmp_path: Path) -> None:
    root = grow(
        tmp_path,
        proc__meminfo=MEMINFO,
        proc__self__cgroup="0::/user.slice/blogmetad.service\n",
        sys__fs__cgroup__user_dot_slice__blogmetad_dot_service__memory_dot_max="4000000000\n",
        sys__fs__cgroup__user_dot_slice__blogmetad_dot_service__memory_dot_high="max\n",
        sys__fs__cgroup__user_dot_slice__blogmetad_dot_service__memory_dot_current="3000000000\n",
        sys__fs__cgroup__user_dot_slice__blogmetad_dot_service__memory_dot_stat="anon 1\ninactive_file 500000000\n",
        sys__fs__cgroup__user_dot_slice__memory_dot_max="9000000000\n",
        sys__fs__cgroup__user_dot_slice__memory_dot_current="3000000000\n",
    )
    found = look(tmp_path, Build("0"), root)
    assert (found.memory, found.limited) == (1_500_000_000, True)


def test_control_groups_of_the_first_version_count_too(tmp_path: Path) -> None:
    root = grow(
        tmp_path,
        proc__meminfo=MEMINFO,
        proc__self__cgroup="4:memory:/box\n1:cpu:/box\n",
        sys__fs__cgroup__memory__box__memory_dot_limit_in_bytes="2000000000\n",
        sys__fs__cgroup__memory__box__memory_dot_usage_in_bytes="500000000\n",
        sys__fs__cgroup__memory__memory_dot_limit_in_bytes="9223372036854771712\n",
        sys__fs__cgroup__memory__memory_dot_usage_in_bytes="1\n",
    )
    assert look(tmp_path, Build("0"), root).memory == 1_500_000_000


def test_a_kernel_that_tells_nothing_has_no_memory_to_give(tmp_path: Path) -> None:
    assert look(tmp_path, Build("0"), tmp_path).memory == 0


def test_a_card_that_the_library_computes_on_is_usable_and_one_that_shares_memory_is_not(tmp_path: Path) -> None:
    assert look(tmp_path, Build("0", (PROCESSOR, CARD))).usable == (Gpu("CUDA0 (NVIDIA H100)", 80 * GB),)
    assert look(tmp_path, Build("0", (PROCESSOR, SHARED))).usable == ()


def test_a_card_that_the_library_cannot_use_is_idle_and_how_to_use_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    grow(tools, **{"nvidia-smi": "#!/bin/sh\necho 'NVIDIA GeForce RTX 4090, 23000'\necho 'broken line'\n"})
    (tools / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    root = grow(
        tmp_path / "root",
        sys__class__drm__card0__device__vendor="0x10de\n",
        sys__class__drm__card1__device__vendor="0x1002\n",
        sys__class__drm__card1__device__mem_info_vram_total="17163091968\n",
        sys__class__drm__card1__device__mem_info_vram_used="1000000000\n",
        sys__class__drm__card2__device__vendor="0x8086\n",
        sys__class__drm__card3__device__vendor="0x1002\n",
        sys__class__drm__card3__device__mem_info_vram_total="536870912\n",
    )
    found = look(tmp_path, Build("0", (PROCESSOR,)), root)
    assert found.usable == ()
    assert found.idle == (
        Gpu("NVIDIA GeForce RTX 4090", 23000 * 2**20, "NVIDIA"),
        Gpu("an AMD GPU", 16_163_091_968, "AMD"),
    )
    nvidia, amd = advice(found)
    assert 'CMAKE_ARGS="-DGGML_CUDA=on" pip install --force-reinstall --no-cache-dir llama-cpp-python' in nvidia
    assert "-DGGML_VULKAN=on" in amd
    assert look(tmp_path, Build("0", (PROCESSOR, CARD)), root).idle == ()


# Where a model runs


@pytest.mark.parametrize(
    ("build", "layers", "struck", "mode", "words"),
    [
        (Build("1", (PROCESSOR, CARD)), -1, (), "fast", "all layers on CUDA0 (NVIDIA H100, 85.0 GB), mode fast"),
        (Build("1", (PROCESSOR, CARD)), 20, (), "fast", "20 layers on CUDA0"),
        (Build("1", (PROCESSOR, CARD)), 0, (), "cpu", "gpu_layers = 0 keeps it off the GPU"),
        (Build("1", (PROCESSOR, CARD)), -1, ("fast",), "cpu", "with the GPU it crashed here (fast)"),
        (
            Build("1", (PROCESSOR,)),
            -1,
            (),
            "fast",
            "on the processor (AMD EPYC), mode fast; this llama.cpp sees no GPU",
        ),
        (Build("1", (PROCESSOR,)), -1, ("fast", "cpu", "plain"), "plain", "mode plain"),
        (Build("", problem="llama-cpp-python is not installed"), -1, (), "fast", "is not installed"),
    ],
)
def test_where_a_model_runs_is_told_with_the_reason(
    build: Build, layers: int, struck: tuple[str, ...], mode: str, words: str
) -> None:
    found = placement(build, layers, struck)
    assert found.mode == mode
    assert words in found.words


def test_the_mode_that_was_timed_to_be_fastest_is_the_one_that_runs() -> None:
    build = Build("1", (PROCESSOR,))
    assert placement(build, -1, (), {"fast": 2.0, "plain": 1.0}).mode == "plain"
    assert placement(build, -1, ("plain",), {"fast": 2.0, "plain": 1.0}).mode == "fast"


def test_what_was_found_out_about_modes_does_not_bind_another_build_of_the_same_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for build in ("processor", "gpu"):
        (tmp_path / build).mkdir()
        (tmp_path / build / "libllama.so").write_bytes(build.encode())
    for build, struck in (("processor", 1), ("gpu", 0), ("processor", 1)):
        monkeypatch.setenv("LLAMA_CPP_LIB_PATH", str(tmp_path / build))
        memory = Memory(tmp_path / "engine.json", Path("模型.gguf"), "1")
        if build == "processor" and not memory.struck():
            memory.strike("fast", "was killed by SIGSEGV")
        assert len(memory.struck()) == struck


# The installed library


def test_the_installed_library_tells_its_devices_from_a_process_of_its_own() -> None:
    build = devices.installed()
    assert build.problem == ""
    assert [device.kind for device in build.devices].count("cpu") == 1
    assert all(device.total > 0 for device in build.devices if device.kind == "cpu")


def test_asking_for_devices_loads_no_binding_and_no_numpy() -> None:
    code = (
        "import sys; from blogmetad.model.local import devices; devices.main();"
        "sys.exit('llama_cpp' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("known", "names"),
    [(True, ("qwen3", "qwen3moe", "qwen2", "llama")), (False, ("qwen99", "", "qwen3\0", "千问"))],
)
def test_the_installed_library_tells_which_kinds_of_models_it_knows(known: bool, names: tuple[str, ...]) -> None:
    assert {devices.knows(name) for name in names} == {known}


def test_a_library_that_is_not_where_it_should_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CPP_LIB_PATH", str(tmp_path))
    assert devices.knows("qwen3") is None
    assert "there is no llama.cpp in" in devices.installed().problem


def test_a_library_that_crashes_or_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CPP_LIB_PATH", str(tmp_path))
    (tmp_path / "libggml.so").write_bytes(b"\x7fELF no library")
    assert "ended with exit code 1" in devices.installed().problem
    assert "within 0 seconds" in devices.installed(patience=0.01).problem
