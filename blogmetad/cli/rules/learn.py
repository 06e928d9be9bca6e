"""``rules learn``: from the posts of a blog to a rules document with its evidence."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from blogmetad import files
from blogmetad.backtest.weights import with_weights
from blogmetad.cli.options import print_json, progress
from blogmetad.errors import BlogmetadError
from blogmetad.rules import document
from blogmetad.rules.learn import Guidance, Learned, learn, read_guidance, render
from blogmetad.site.jekyll import read_site
from blogmetad.site.posts import Posts, posts_folder, read_posts
from blogmetad.values import Problem

LARGEST_GUIDANCE = 1 << 20
SHOWN = 10
"""Problems and deviations told in full on a terminal."""


@dataclass
class LearnError(BlogmetadError):
    """A site, a guidance document or an output file that cannot be used."""

    message: str
    hint: str = ""

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Lesson:
    """The posts that were read, what was learned from them, and that as the text of a rules document."""

    posts: Posts
    learned: Learned
    text: str


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="learn")(learn_rules)


def learn_rules(
    site: Annotated[Path, typer.Argument(help="A Jekyll site, or a folder of posts.")],
    guidance: Annotated[
        Path | None,
        typer.Option("--guidance", help="Your own prose on how posts are written; it goes first.", metavar="DOC"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Where to write the document; else standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The report and the document as one JSON object.")] = False,
) -> None:
    """Write a rules document from the posts you have, with the counts that speak for each of its lines.

    Example:  blogmetad rules learn ~/my-site -o ~/my-site/_blogmetad/rules.md
    """
    if not site.is_dir():
        raise LearnError(f"{site} is not a folder", "name the folder of your site, or a folder of posts")
    if out is not None:
        _check_free(out, force)
    advice = _guidance(guidance) if guidance is not None else None
    lesson = learned_from(site, posts_folder(site), advice)
    if out is not None:
        _write(out, lesson.text, force)
    if json:
        print_json(_report(lesson, out))
        return
    if out is None:
        typer.echo(lesson.text, nl=False)
    _tell(lesson.posts, lesson.learned, out)


def learned_from(site: Path, posts: Path, advice: Guidance | None = None) -> Lesson:
    """What the posts of a site teach, told on the terminal while it is found out."""
    with progress.status("reading posts") as status:
        config = read_site(site)
        found = read_posts(posts)
        name = config.title or site.resolve().name
        learned = learn(found.posts, name=name, timezone_known=config.timezone_known, guidance=advice)
        status.update("replaying posts, to see which signs tell their terms")
        learned = with_weights(learned, found.posts)
        return Lesson(found, learned, render(learned))


def _check_free(out: Path, force: bool) -> None:
    """Whether the document may be written there. A device or a pipe is never replaced by a file."""
    try:
        is_taken, is_file = out.exists(), out.is_file()
    except OSError as error:
        raise LearnError(f"{out} cannot be used: {error.strerror}", "name another file") from None
    if is_taken and not is_file:
        raise LearnError(f"{out} exists and is no file", "name a file")
    if is_taken and not force:
        raise LearnError(f"{out} exists", "name another file, or replace it with --force")


def _write(out: Path, text: str, force: bool) -> None:
    file = Path(os.path.realpath(out))
    try:
        files.make_dir(file.parent, 0o777)
        files.write_new(file, text.encode("utf-8"), replace=force)
    except OSError as error:
        raise LearnError(f"{out} cannot be written: {error.strerror}", "name a file in another folder") from None


def _guidance(file: Path) -> Guidance:
    try:
        raw, _ = files.read_stable(file.absolute(), LARGEST_GUIDANCE)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise LearnError(f"{file} cannot be read: {error.strerror}", "name a text file with your rules") from None
    except UnicodeDecodeError as error:
        raise LearnError(f"{file} is not valid UTF-8 at byte {error.start}", "save it as UTF-8") from None
    try:
        document.parse(raw, str(file))
    except document.RulesError:
        return read_guidance(text, file.name)
    raise LearnError(f"{file} is a rules document already", "use it as it is, or give prose as guidance")


def _report(lesson: Lesson, out: Path | None) -> dict[str, object]:
    found, learned = lesson.posts, lesson.learned
    return {
        "posts": len(found.posts),
        "fields": {field.name: field.rule.type for field in learned.fields},
        "deviations": [{"what": each.what, "posts": list(each.paths)} for each in learned.deviations],
        "problems": [problem.message for problem in found.problems],
        "file": str(out) if out is not None else None,
        "document": lesson.text if out is None else None,
    }


def _tell(found: Posts, learned: Learned, out: Path | None) -> None:
    """The report, on standard error: the document may be on the standard output."""
    _say(f"{len(found.posts)} posts read", found.problems)
    for deviation in learned.deviations[:SHOWN]:
        progress.print(f"  {len(deviation.paths)}x {deviation.what}", markup=False, soft_wrap=True)
    if len(learned.deviations) > SHOWN:
        progress.print(f"  and {len(learned.deviations) - SHOWN} more kinds of deviations", markup=False)
    if learned.deviations:
        progress.print("The document names the posts, at its end above the prose.", markup=False, soft_wrap=True)
    if out is not None:
        progress.print(f"wrote {out}: read it, and change what you like", style="green", markup=False, soft_wrap=True)


def _say(heading: str, problems: Sequence[Problem]) -> None:
    passed_over = f", {len(problems)} passed over" if problems else ""
    progress.print(f"{heading}{passed_over}", markup=False, soft_wrap=True)
    for problem in problems[:SHOWN]:
        progress.print(f"  {problem.message}", style="yellow", markup=False, soft_wrap=True)
    if len(problems) > SHOWN:
        progress.print(f"  and {len(problems) - SHOWN} more; --json names them all", markup=False, soft_wrap=True)
