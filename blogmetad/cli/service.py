"""``blogmetad service``: the daemon as a service of your own user, kept running by systemd."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from blogmetad import config as configuration
from blogmetad import files
from blogmetad.cli import logs, share
from blogmetad.cli.backup import keep_earlier
from blogmetad.cli.exits import Exit
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json, visible
from blogmetad.cli.running import daemon_pid
from blogmetad.config import Config
from blogmetad.lock import AlreadyRunning
from blogmetad.service import manager, unit
from blogmetad.service.manager import Seen, ServiceError

HELP = """Have systemd keep blogmetad running, as a service of your own user.

Example:  blogmetad service install
"""

app = typer.Typer(help=HELP, no_args_is_help=True)

LINES = 40
"""Log lines that are shown unless more are asked for."""

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be written and run, and do nothing.")]


@app.command()
def install(config: ConfigOption = None, dry_run: DryRun = False) -> None:
    """Write the unit for this installation and this configuration, and start it now and at every login.

    Done again, it brings the unit up to date, and restarts the service only if that changed something.

    Example:  blogmetad service install --dry-run
    """
    settings, target = load(config), manager.file()
    text = wanted(config)
    if dry_run:
        console.print(f"would write {target}:\n", markup=False)
        console.print(visible(text), markup=False)
        for command in (manager.RELOAD, manager.ENABLE, manager.RESTART):
            console.print(f"would run  {shlex.join(command)}", markup=False)
        return
    put_up(settings, text)


@app.command()
def uninstall(dry_run: DryRun = False) -> None:
    """Stop the service and remove its unit. Configuration, drafts, posts and journal stay as they are.

    Example:  blogmetad service uninstall
    """
    target = manager.file()
    if not os.path.lexists(target):
        console.print(f"nothing to do: there is no {target}", markup=False)
        return
    if dry_run:
        for command in (manager.DISABLE, ("rm", str(target)), manager.RELOAD):
            console.print(f"would run  {shlex.join(command)}", markup=False)
        return
    absent = manager.absence()
    if absent is None:
        _run(manager.DISABLE)
    if not _is_ours(target):
        keep_earlier(target, b"", "unit, which is not of our making, is")
    files.remove(target)
    files.remove(target.parent / "default.target.wants" / unit.NAME)
    console.print(f"removed {target}", style="green", markup=False)
    if absent is None:
        _run(manager.RELOAD)


@app.command()
def status(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show whether the service is installed, up to date, enabled and running. Exits with 0 if it runs, else with 1.

    Example:  blogmetad service status --json
    """
    load(config)
    target, absent = manager.file(), manager.absence()
    seen = manager.look() if absent is None else None
    stale = standing(config)
    row: dict[str, object] = {
        "unit": str(target),
        "installed": target.exists(),
        "up_to_date": target.exists() and not stale,
        **({} if seen is None else {"runs": seen.runs, **asdict(seen)}),
        "problem": str(absent) if absent else None,
    }
    if as_json(json):
        print_json(row)
    else:
        for line in _lines(target, stale, seen, absent):
            console.print(line, markup=False)
    raise typer.Exit(Exit.OK if seen is not None and seen.runs else Exit.NEEDS_YOU)


@app.command(name="logs")
def show_logs(
    lines: Annotated[int, typer.Option("-n", "--lines", help="How many of the latest lines.", min=0)] = LINES,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Only from then on, as journalctl takes it.", show_default=False)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what the service has logged, from systemd's journal.

    Example:  blogmetad service logs --since yesterday -f
    """
    command = ["journalctl", f"--user-unit={unit.NAME}", "--output=cat", "--no-pager", f"--lines={lines}"]
    command += [f"--since={since}"] if since else []
    command += ["--follow"] if follow else []
    machine = as_json(json)
    try:
        reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace")
    except FileNotFoundError:
        raise ServiceError("there is no systemd here (no journalctl)", manager.instead()) from None
    assert reader.stdout is not None
    try:
        for line in reader.stdout:
            typer.echo(line if machine else logs.readable(visible(line.rstrip("\n"))), nl=not machine)
            sys.stdout.flush()
    finally:
        reader.terminate()
        code = reader.wait()
    if code > 0:
        raise ServiceError(f"journalctl ended with code {code}", "see what it said above")


def wanted(config: Path | None) -> str:
    """The unit as it has to be for this installation and this configuration."""
    file = (config or configuration.default_file()).expanduser().absolute()
    template = (share.folder("systemd") / unit.NAME).read_text("utf-8")
    text = unit.rendered(template, (*ourselves(), "run", "--config", str(file)), environment())
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        message = f"systemd takes only paths that are UTF-8, and one of these is not: {text!r}"
        raise ServiceError(message, "rename the folder, or start 'blogmetad run' in another way") from None
    return text


def standing(config: Path | None) -> str:
    """What is wrong with the unit that is installed, in words; empty if it is as it has to be, or not there."""
    text = wanted(config)
    try:
        found = manager.file().read_text("utf-8", "replace")
    except OSError:
        return ""
    if found == text:
        return ""
    if unit.start_line(found) != unit.start_line(text):
        return f"it starts {unit.start_line(found) or 'nothing'}, and not {unit.start_line(text)}"
    return "it was written by another version of blogmetad, or changed by hand"


def put_up(settings: Config, text: str) -> None:
    """Write the unit, enable it, and have it run. Raises ServiceError; AlreadyRunning for a daemon beside it."""
    absent = manager.absence()
    if absent is not None:
        raise absent
    target, before, pid = manager.file(), manager.look(), daemon_pid(settings.site.state)
    if pid is not None and not before.runs:
        error = AlreadyRunning(str(pid or ""))
        error.hint = "stop that one first (Ctrl-C where it runs), then install the service again"
        raise error
    content = text.encode("utf-8")
    changed = not target.is_file() or target.read_bytes() != content
    if changed:
        files.make_dir(target.parent, 0o755)
        if os.path.lexists(target) and not _is_ours(target):
            keep_earlier(target, content, "unit, which is not of our making, is")
        files.write_new(target, content, replace=True)
        console.print(f"wrote {target}", style="green", markup=False)
        _run(manager.RELOAD)
    else:
        console.print(f"{target} is as it should be", markup=False)
    _run(manager.ENABLE)
    if changed or not before.runs:
        manager.tell(manager.RESET, check=False)
        _run(manager.RESTART)
    for line in _lines(target, "", manager.look(), None):
        console.print(line, markup=False)
    for sentence in _advice(settings):
        console.print(sentence, style="yellow", markup=False)


def _run(command: Sequence[str]) -> None:
    console.print(f"run   {shlex.join(command)}", markup=False)
    manager.tell(command)


def _is_ours(target: Path) -> bool:
    """Whether the unit was written by us; a link was not."""
    with suppress(OSError):
        return not target.is_symlink() and unit.is_ours(target.read_text("utf-8", "replace"))
    return False


def ourselves() -> tuple[str, ...]:
    """What starts this very installation, whatever the PATH says."""
    script = Path(sys.executable).parent / "blogmetad"
    return (str(script),) if os.access(script, os.X_OK) else (sys.executable, "-m", "blogmetad")


def environment() -> dict[str, str]:
    """What of this shell's environment the service has to have too, in order to find the same models."""
    data = os.environ.get("XDG_DATA_HOME", "")
    return {"XDG_DATA_HOME": data} if Path(data).is_absolute() else {}


def _advice(settings: Config) -> Iterator[str]:
    if settings.model.engine == "openai" and settings.server.key_variable:
        name = settings.server.key_variable
        yield f"the service does not see your shell's {name}: give it the key as a credential (see key_credential)"


def _lines(target: Path, stale: str, seen: Seen | None, absent: ServiceError | None) -> Iterator[str]:
    """How things stand, for a person."""
    if not target.exists():
        yield f"not installed: there is no {target} (install it with: blogmetad service install)"
    elif stale:
        yield f"unit      {target}: {visible(stale)} (mend it with: blogmetad service install)"
    else:
        yield f"unit      {target}"
    if absent is not None:
        yield f"{absent}\n  {absent.hint}"
    if seen is None or not target.exists():
        return
    runs = f"running, process {seen.pid}, since {seen.since}" if seen.runs and seen.pid else seen.active or "unknown"
    yield f"service   {runs}" + (f" ({seen.says})" if seen.says else "")
    if seen.active == "failed":
        yield f"          it ended with '{seen.result}'; see: blogmetad service logs"
    yield f"at login  {'starts' if seen.enabled == 'enabled' else f'does not start ({seen.enabled})'}"
    if seen.lingering is False:
        yield "logged out it stops; to have it run always:  loginctl enable-linger"
