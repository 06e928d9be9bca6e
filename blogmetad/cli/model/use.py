"""``model use``: write the model's name into the configuration, and nothing else."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Annotated

import typer

from blogmetad import config as configuration
from blogmetad import files, setting
from blogmetad.cli import complete
from blogmetad.cli.model.pull import MODEL_NAME
from blogmetad.cli.options import ConfigOption, console
from blogmetad.config import ConfigError
from blogmetad.model import catalog

NEXT = "write it yourself, in the section [model]: name = ..."


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="use")(use)


def use(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE", help=f"{MODEL_NAME} Or the path of a GGUF file.", autocompletion=complete.models_here
        ),
    ],
    config: ConfigOption = None,
) -> None:
    """Make a model the one that is used: sets [model] name in the configuration; comments and all else stay.

    Example:  blogmetad model use qwen3-4b
    """
    file = (config or configuration.default_file()).expanduser().absolute()
    settings = configuration.load(file)
    model = catalog.resolve(name, Path.cwd())
    value = name if catalog.source_of(name) is not None else str(model)
    write(file, value, server=settings.model.engine == "openai")
    console.print(f"{file}: the model is {value}", style="green", markup=False)
    console.print("a blogmetad that is running goes by it after a restart", markup=False)


def write(file: Path, name: str, *, server: bool) -> None:
    """Set the name, and with ``server`` also the engine. Raises ConfigError, having done nothing."""
    target = file.resolve()  # what a link leads to is changed, and stays a link's target
    try:
        old = target.read_bytes()
        mark = b"\xef\xbb\xbf" if old.startswith(b"\xef\xbb\xbf") else b""
        text = setting.changed(old[len(mark) :].decode("utf-8"), "model", "name", name)
        if server:
            text = setting.changed(text, "model", "engine", "llama.cpp")
    except setting.SettingFault as fault:
        raise ConfigError(file, (str(fault),), NEXT) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(file, (f"cannot be read: {error}",)) from None
    trial = target.with_name(f".{target.name}.trial")
    try:
        trial.write_bytes(mark + text.encode("utf-8"))
        configuration.load(trial)
        files.write_new(target, mark + text.encode("utf-8"), replace=True, mode=stat.S_IMODE(target.stat().st_mode))
    except OSError as error:
        raise ConfigError(file, (f"cannot be written: {error}",)) from None
    finally:
        trial.unlink(missing_ok=True)
