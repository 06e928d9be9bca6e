"""What the tests share: a home of their own, the tiny model (made once a run), the starter models."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from blogmetad.cli import logs
from blogmetad.model import catalog
from tests.tiny_gguf import write_tiny_qwen3

# A slow machine is no failure: what these tests look for is wrong bytes, not late ones. The same examples every time,
# so that a change is judged and not chance; other ones, and many, with --full.
settings.register_profile("blogmetad", deadline=None, derandomize=True)
settings.register_profile("full", deadline=None, max_examples=1000)

pytest_plugins = ["tests.tally"]

STARTERS = {
    name: catalog.models_folder() / model.source.filename
    for name, model in catalog.CATALOG.items()
    if isinstance(model.source, catalog.PackageParts)
}
"""Read before any test moves the home folder."""

NOWHERE = "http://127.0.0.1:9"
"""The discard port: whoever asks there is refused at once."""


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("full" if config.getoption("--full") else "blogmetad")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, and no hub: no test reads or writes the real one, or asks anybody outside."""
    folder = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("XDG_", "BLOGMETAD_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    for name in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
        monkeypatch.setenv(name, NOWHERE)
    for name in ("HF_TOKEN", "MODELSCOPE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(autouse=True)
def logging_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that a test calls in this process does not set up logging: its standard error is closed afterwards, and
    every test behind it would write there."""
    monkeypatch.setattr(logs, "configure", lambda _: None)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF of a few megabytes with the qwen3 architecture: random, but real to llama.cpp."""
    return write_tiny_qwen3(tmp_path_factory.mktemp("model") / "tiny-qwen3.gguf")


def _starter(name: str) -> Path:
    if not STARTERS[name].exists():
        pytest.skip(f"the model {name} is not here; get it with: blogmetad model pull {name}")
    return STARTERS[name]


@pytest.fixture(scope="session")
def starter() -> Path:
    """The 0.5B starter model."""
    return _starter("starter")


@pytest.fixture(scope="session")
def starter15() -> Path:
    """The 1.5B starter model."""
    return _starter("starter-1.5b")
