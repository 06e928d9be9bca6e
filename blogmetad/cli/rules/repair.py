"""What ``rules check --fix`` does to files: shows every change, asks, keeps the originals, writes."""

from __future__ import annotations

import datetime as dt
import difflib
import errno
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from blogmetad import files
from blogmetad.cli.options import console, print_json, visible
from blogmetad.cli.rules.inspection import Ground, Inspection
from blogmetad.rules.fix import Repaired, repair
from blogmetad.site.posts import MAX_BYTES
from blogmetad.values import Problem, PublishedPost


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be repaired, by path, and why other posts are left alone."""

    repairs: Mapping[str, Repaired]
    refused: tuple[Problem, ...]


def plan(found: Inspection) -> Plan:
    """Every repair there is to make."""
    repairs: dict[str, Repaired] = {}
    refused: list[Problem] = []
    for path, post in found.posts.items():
        result = repair(post, found.law)
        if isinstance(result, Problem):
            refused.append(result)
        elif result is not None:
            repairs[path] = result
    return Plan(repairs, tuple(refused))


def mend(found: Inspection, ground: Ground, *, machine: bool, yes: bool) -> int | None:
    """Show what is to change, ask, and write it. How many posts are repaired; None if that is not all that could be,
    since it was not agreed to or a post cannot be written."""
    work = plan(found)
    _refuse(work.refused, machine)
    if not work.repairs:
        return 0
    if not yes:
        for path, repaired in work.repairs.items():
            _show(found.posts[path], repaired, machine)
        if machine or not sys.stdin.isatty() or not _agreed(len(work.repairs)):
            return None
    kept = ground.state / "fixed" / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}"
    failed = []
    for path, repaired in work.repairs.items():
        file = found.files.get(path, ground.posts / path)
        problem = _write(file, found.posts[path], repaired, _keep(kept, path))
        if problem is not None:
            failed.append(problem)
        elif yes:
            _show(found.posts[path], repaired, machine)
    _refuse(tuple(failed), machine)
    if not machine:
        done = len(work.repairs) - len(failed)
        console.print(f"{done} repaired; the originals are in {kept}", style="green", markup=False)
    return None if failed else len(work.repairs)


def _agreed(count: int) -> bool:
    return typer.confirm(f"Write {'this change' if count == 1 else f'these changes to {count} posts'}?")


def _refuse(problems: tuple[Problem, ...], machine: bool) -> None:
    for problem in problems:
        if machine:
            print_json({"file": problem.field, "id": problem.rule, "severity": "warning", "message": problem.message})
        else:
            console.print(visible(problem.message), style="yellow", markup=False)


def _show(post: PublishedPost, repaired: Repaired, machine: bool) -> None:
    lines = list(_diff(post, repaired))
    if machine:
        print_json({"file": post.path, "repaired": list(repaired.fields), "diff": "\n".join(lines) + "\n"})
        return
    for line in lines:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1]) if line[:3] not in ("+++", "---") else "bold"
        console.print(visible(line), style=style, markup=False)


def _diff(post: PublishedPost, repaired: Repaired) -> Iterator[str]:
    """A unified diff. The body is the same on both sides and left out."""
    before, after = (
        data[: len(data) - len(post.body)].decode("utf-8").replace("\r\n", "\n").split("\n")
        for data in (post.raw, repaired.content)
    )
    return difflib.unified_diff(before, after, f"a/{post.path}", f"b/{post.path}", lineterm="")


def _keep(folder: Path, path: str) -> Path:
    """Where the original of a post is kept: under its path, also if that leads elsewhere."""
    return folder.joinpath(*(part for part in Path(path).parts if part not in ("/", "..")))


def _write(file: Path, post: PublishedPost, repaired: Repaired, keep: Path) -> Problem | None:
    """Exchange a post for its repaired form, once its original is safe and if it is still what was read."""
    try:
        files.make_dir(keep.parent)
        files.write_new(keep, post.raw, mode=0o600)
        raw, status = files.read_stable(file, MAX_BYTES)
        if raw != post.raw:
            message = f"{post.path} was changed meanwhile, so it is left as it is. Run the command again."
            return Problem("fix.changed", message, post.path)
        mode = stat.S_IMODE(status.st_mode)
        files.write_new(file, repaired.content, replace=True, mode=mode)
        file.chmod(mode)
    except OSError as error:
        reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        message = f"{post.path} cannot be written: {reason}. It is as it was."
        return Problem("fix.failed", message, post.path)
    return None
