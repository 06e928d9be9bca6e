"""What runs: the daemon on a site, and the model, or where it would."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.model import catalog
from blogmetad.model.local import devices, modes
from blogmetad.model.local.placement import advice, placement
from blogmetad.model.store.machine import look


def model_state(settings: Config) -> str:
    """Where the configured model is, or why it is not there, in words."""
    if settings.model.engine == "openai":
        return f"on {settings.server.url}"
    try:
        return str(catalog.resolve(settings.model.name, settings.site.root))
    except BlogmetadError as error:
        return f"{error} {error.hint}".strip()


@dataclass(frozen=True, slots=True)
class Runs:
    """Where the model computes when it is loaded next: in words, as the mode and the devices, and what would make it
    faster."""

    words: str
    mode: str | None = None
    devices: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def where_it_runs(settings: Config) -> Runs:
    """Where the model computes, as far as can be told without loading it."""
    if settings.model.engine == "openai":
        return Runs("on the server")
    build = devices.installed()
    # What was found out about the modes is kept by the file's name, so it need not be there.
    model = Path(settings.model.name)
    with suppress(BlogmetadError):
        model = catalog.resolve(settings.model.name, settings.site.root)
    known = modes.Memory(settings.site.state / "engine.json", model, build.version)
    struck = [crash.mode for crash in known.struck()]
    place = placement(build, settings.model.gpu_layers, struck, known.seconds())
    tips = advice(look(catalog.models_folder(), build)) if settings.model.gpu_layers else ()
    return Runs(place.words, place.mode, place.devices, tips)


def daemon_pid(state: Path) -> int | None:
    """The process that holds the site's lock, None if none does."""
    try:
        fd = os.open(state / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(fd, 32).decode("ascii", "ignore").strip()
        return int(text) if text.isdigit() else 0
    else:
        return None
    finally:
        os.close(fd)
