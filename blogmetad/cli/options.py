"""What several commands share: the configuration option, and where output goes."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from blogmetad import config as configuration
from blogmetad.cli import logs

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="The configuration file. Default: $BLOGMETAD_CONFIG, else ~/.config/blogmetad/config.toml.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, one object a line (the default when piped).")]

_ACTING = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160), *range(0xD800, 0xE000)), "\ufffd")

# A name such as :cat:.md is printed as it is; and to say that a file cannot be opened, no file has to be.
console = Console(highlight=False, soft_wrap=True, emoji=False)
progress = Console(stderr=True, highlight=False, emoji=False)


def load(file: Path | None) -> configuration.Config:
    """The configuration a command works with; sets logging up as it says. Raises ConfigError."""
    config = configuration.load(file or configuration.default_file())
    logs.configure(config.log)
    return config


def with_model(config: configuration.Config, name: str) -> configuration.Config:
    """The same configuration with another model, of this machine."""
    model = config.model.model_copy(update={"name": name, "engine": "llama.cpp"})
    return config.model_copy(update={"model": model})


def model_name(config: configuration.Config) -> str:
    """What the model is called where a person reads it."""
    if config.model.engine == "openai":
        return config.server.model or f"the model of {urlsplit(config.server.url).netloc}"
    return Path(config.model.name).name


def program() -> str:
    """How this program is called here, for commands that a person may copy."""
    called = Path(sys.argv[0])
    if called.name != "blogmetad" or shutil.which("blogmetad") == str(called):
        return "blogmetad"
    return str(called)


def as_json(asked: bool) -> bool:
    """Whether to print JSON: when asked, or when nobody looks at a terminal."""
    return asked or not sys.stdout.isatty()


def visible(text: str) -> str:
    """Somebody's text for a terminal, on which its control characters would move the cursor or clear the screen, and
    bytes of a file's name that are no text could not be written."""
    return text.translate(_ACTING)


def print_json(value: Mapping[str, object]) -> None:
    """One object on one line of standard output; escaped where it holds what cannot be written there, as file names
    that are not UTF-8."""
    line = json.dumps(value, ensure_ascii=False, default=str)
    try:
        line.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        line = json.dumps(value, default=str)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
