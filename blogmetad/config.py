"""The configuration file: TOML into frozen, validated values. Unknown keys are errors that name key and file."""

from __future__ import annotations

import difflib
import itertools
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, Strict, ValidationError
from pydantic_core import PydanticCustomError

from blogmetad.audience import Git, Hook, Notify, in_brackets
from blogmetad.errors import BlogmetadError
from blogmetad.section import LISTED, SAID, UNQUOTED, Section

HINT = "config.example.toml lists every key with its meaning"


class ConfigError(BlogmetadError):
    """The configuration cannot be used. ``file`` and all ``faults``, a line each."""

    def __init__(self, file: Path, faults: tuple[str, ...], hint: str = "") -> None:
        super().__init__("\n".join(f"{file}: {fault}" for fault in faults))
        self.file, self.faults = file, faults
        self.hint = hint


Folder = Annotated[Path, Strict(False)]
"""A path, written as text in TOML."""


class Site(Section):
    """Where the blog lives. Relative folders lie in ``root``; a relative ``root`` lies beside the file."""

    root: Folder
    drafts: Folder = Path("_inbox")
    posts: Folder = Path("_posts")
    journal: Folder = Path("_journal")
    review: Folder = Path("_review")
    state: Folder = Path(".blogmetad")
    rules: Folder = Path("_blogmetad/rules.md")


Ready = Literal["settled", "marked"]
"""Which drafts are taken up: all that have settled, or those that are marked as ready."""


class Intake(Section):
    """When a file counts as whole, and how the drafts folder is watched. Seconds and bytes."""

    settle_seconds: float = Field(default=2.0, ge=0.0, le=3600.0)
    rescan_seconds: float = Field(default=60.0, ge=1.0, le=86400.0)
    polling: bool = False
    ready: Ready = "settled"
    max_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)


AT_ONCE = 4
"""Drafts at a time where ``parallel`` does not say."""


class Model(Section):
    """Which model, and what it may use. ``name`` is one of the catalogue or the path of a GGUF file; with the engine
    ``openai`` the model is on a server, and ``[server]`` says which."""

    engine: Literal["llama.cpp", "openai"] = "llama.cpp"
    name: str = "starter"
    threads: int = Field(default=0, ge=0, le=1024)
    gpu_layers: int = Field(default=-1, ge=-1)
    context: int = Field(default=4096, ge=1024)
    digest_tokens: int = Field(default=640, ge=64, le=100_000)
    idle_seconds: float = Field(default=300.0, ge=0.0, le=31_536_000.0)
    load_timeout: float = Field(default=300.0, gt=0.0)
    job_timeout: float = Field(default=600.0, gt=0.0)
    parallel: int = Field(default=0, ge=0, le=16)
    thinking: Literal["off", "on"] = "off"
    thinking_tokens: int = Field(default=1024, ge=1, le=100_000)

    @property
    def drafts_at_once(self) -> int:
        """How many drafts are handed to the model at a time; on a processor they take turns there."""
        return self.parallel or AT_ONCE


def _address(url: str) -> str:
    """An address to which ``/chat/completions`` can be put; ``/v1`` is added where there is no path."""
    if not url:
        return url
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or any(character.isspace() for character in url):
        raise PydanticCustomError(UNQUOTED, "must be an address such as http://localhost:8080/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise PydanticCustomError(UNQUOTED, "must hold no user, password or question mark; for a key, see key_variable")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/v1'}"


def _named(pattern: str, what: str) -> AfterValidator:
    """A name that matches a pattern. What does not is not quoted: it could be the key itself."""

    def check(name: str) -> str:
        if name and not re.fullmatch(pattern, name):
            raise PydanticCustomError(UNQUOTED, what)
        return name

    return AfterValidator(check)


class Server(Section):
    """A server that answers in place of a model here. ``model`` is its name there; empty: the only one it has.

    Its key is read from the environment variable or the systemd credential of the name given; it never stands here.
    """

    url: Annotated[str, AfterValidator(_address)] = ""
    model: str = ""
    key_variable: Annotated[
        str, _named("[A-Za-z_][A-Za-z0-9_]*", "must be the name of an environment variable, not the key itself")
    ] = ""
    key_credential: Annotated[
        str, _named("[A-Za-z0-9_][A-Za-z0-9_.-]*", "must be the name of a credential, not a path and not the key")
    ] = ""
    retries: int = Field(default=4, ge=0, le=20)


Mode = Literal["auto", "review"]
"""Whether posts are published at once, or when their author has approved them."""


class Publish(Section):
    """How drafts become posts: at once (``auto``), or when their author has approved them (``review``). ``attempts``
    is how often a draft may cost the model its life before it is parked."""

    mode: Mode = "auto"
    hold_future: bool = True
    attempts: int = Field(default=3, ge=1, le=20)
    keep_days: int = Field(default=30, ge=1, le=36_500)


class Journal(Section):
    """What the journal tells beside every draft's story. ``digest``: an entry about each week, or none."""

    digest: Literal["weekly", "off"] = "weekly"


class Log(Section):
    """Log lines on standard error: pretty on a terminal, JSON elsewhere, unless ``format`` says which."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class Config(Section):
    """Everything configurable. Paths are absolute once loaded."""

    site: Site
    intake: Intake = Intake()
    model: Model = Model()
    server: Server = Server()
    publish: Publish = Publish()
    journal: Journal = Journal()
    git: Git = Git()
    notify: Notify = Notify()
    log: Log = Log()
    hooks: Annotated[tuple[Hook, ...], LISTED, BeforeValidator(in_brackets)] = ()


def load(file: Path) -> Config:
    """Read and validate; every path in the result is absolute. Raises ConfigError with all faults at once."""
    try:
        # utf-8-sig: some editors begin the file with a byte-order mark, which TOML does not know.
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(file, ("there is no such file",), "write one with: blogmetad init SITE") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(file, (f"cannot be read: {error}",)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(file, (f"is not valid TOML: {error}",)) from None
    try:
        config = Config.model_validate(table)
    except ValidationError as error:
        raise ConfigError(file, tuple(_fault(e) for e in error.errors()), HINT) from None
    try:
        site = _absolute(config.site, file)
    except RuntimeError:  # pathlib's word for a ~name that is no user of this machine
        raise ConfigError(file, ("[site]: a path begins with the ~name of an unknown user",), HINT) from None
    if config.model.engine == "openai" and not config.server.url:
        raise ConfigError(file, ('[server] url: is missing; [model] engine = "openai" needs a server',), HINT)
    clashes = _clashes(site)
    if clashes:
        raise ConfigError(file, clashes, HINT)
    return config.model_copy(update={"site": site})


def _absolute(site: Site, file: Path) -> Site:
    """``site`` with every path made absolute. Raises RuntimeError for the home of an unknown user."""
    root = (file.parent / site.root.expanduser()).resolve()
    folders = {
        name: Path(os.path.normpath(root / path.expanduser()))
        for name, path in site.model_dump().items()
        if name != "root"
    }
    return Site(root=root, **folders)


def _clashes(site: Site) -> tuple[str, ...]:
    """Folders that must not be one or lie in another: a draft among the posts would count as published."""
    folders = {name: getattr(site, name).resolve() for name in ("drafts", "posts", "review", "journal", "state")}
    same = tuple(
        f"[site] {one}: is the same folder as '{other}' ({folders[one]}); each needs one of its own"
        for one, other in itertools.combinations(folders, 2)
        if folders[one] == folders[other]
    )
    inside = tuple(
        f"[site] {name}: lies inside 'posts' ({folder}), so what is in it would count as published"
        for name, folder in folders.items()
        if folders["posts"] in folder.parents
    )
    return same + inside


def _fault(error: Any) -> str:
    """One validation error in words: where, what, and the nearest key that exists."""
    where = [str(part) for part in error["loc"]]
    key, place = where[-1], _place(where)
    if error["type"] == "extra_forbidden":
        known = _keys(where[:-1])
        close = difflib.get_close_matches(key, known, n=1)
        meant = f"did you mean '{close[0]}'?" if close else f"known keys are {', '.join(known)}"
        return f"{place}: is not a key here; {meant}"
    if error["type"] == "missing":
        return f"{place}: is missing, and there is no default for it"
    if error["type"] in (UNQUOTED, SAID):
        return f"{place}: {error['msg']}"
    wanted = _WANTED.get(error["type"]) or error["msg"].removeprefix("Input should be").strip()
    return f"{place}: must be {wanted}, but it is {error['input']!r}"


def _place(where: list[str]) -> str:
    """A key as it is found in the file. Sections of which there may be many are counted from one."""
    if where[1:2] and where[1].isdigit():
        number, inside = int(where[1]) + 1, where[2:]
        return f"[[{where[0]}]] number {number}" + (f", {inside[0]}" if inside else "")
    section = ".".join(where[:-1])
    return f"[{section}] {where[-1]}" if section else f"[{where[-1]}]"


_WANTED = {
    "model_type": "a section with keys of its own",
    "tuple_type": "a list",
    "path_type": "a path in quotes",
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
}


def _keys(path: list[str]) -> list[str]:
    model: type[BaseModel] = Config
    for part in path:
        if part.isdigit():
            continue  # one of a list of sections
        annotation = model.model_fields[part].annotation
        inner = next((each for each in get_args(annotation) if isinstance(each, type)), annotation)
        assert isinstance(inner, type)
        model = inner
    return list(model.model_fields)


def default_file() -> Path:
    """Where the configuration is looked for: $BLOGMETAD_CONFIG, else the user's configuration folder."""
    named = os.environ.get("BLOGMETAD_CONFIG")
    if named:
        return Path(named).expanduser()
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "blogmetad" / "config.toml"
