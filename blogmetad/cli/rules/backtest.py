"""``rules backtest``: what proposals are worth, measured on the posts a blog already has."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from blogmetad import config as configuration
from blogmetad.backtest import laws
from blogmetad.backtest.compare import Comparison, compare
from blogmetad.backtest.hide import sample
from blogmetad.backtest.laws import RulesFor
from blogmetad.backtest.replay import Stand, recalling, replay
from blogmetad.backtest.result import About, Case, Result, parse, summarise
from blogmetad.cli import complete, logs
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, load, model_name, print_json, progress
from blogmetad.cli.rules import scores
from blogmetad.cli.rules.check import RULES_IN_SITE
from blogmetad.cli.share import ready_made_rules
from blogmetad.config import Config
from blogmetad.daemon import open_proposer
from blogmetad.errors import BlogmetadError
from blogmetad.model import catalog
from blogmetad.model.proposal import Proposer
from blogmetad.rules import document
from blogmetad.site.jekyll import POSTS, read_site
from blogmetad.site.posts import posts_folder, read_posts
from blogmetad.values import PublishedPost

LEARNED = "learned"
"""What --rules is given, and what is reported, for rules that are learned from the posts."""


class BacktestError(BlogmetadError):
    """A site that cannot be replayed, or an earlier result that cannot be read."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="backtest")(backtest)


def backtest(
    site: Annotated[Path, typer.Argument(help="A Jekyll site, or a folder of posts.")],
    posts: Annotated[int, typer.Option("-n", "--posts", help="How many posts to replay.", min=1)] = 30,
    rules: Annotated[
        str | None,
        typer.Option(
            "--rules",
            help="Rules to try: a name, a file, or 'learned' for those the posts suggest. Default: the site's own.",
            show_default=False,
            autocompletion=complete.ready_made_or_learned,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="A model to try: a name or a GGUF file.",
            show_default=False,
            autocompletion=complete.models,
        ),
    ] = None,
    earlier: Annotated[
        Path | None,
        typer.Option("--compare", help="An earlier result (--json) to compare with.", metavar="FILE"),
    ] = None,
    worst: Annotated[int, typer.Option("--worst", help="How many of the worst cases to show.", min=0)] = 5,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hide the metadata of posts you have published, propose it anew, and compare. Writes nothing to the site.

    Each post is proposed from its body, as if it were a draft and the other posts were the site; what only it or a copy
    of it uses is not known. Rules that are learned from the posts are learned from others than those they are tried on.

    Tags and categories: precision, recall and F1, without case and hyphens; "first" is how often the first one is one
    of yours. Titles and descriptions: the F1 of the words they share, in Chinese of pairs of characters. A good title
    in other words gets nothing: compare results, and read the worst cases.

    Example:  blogmetad rules backtest ~/my-site --json > before.jsonl
    """
    machine = as_json(json)
    before = _earlier(earlier) if earlier is not None else None
    if not site.is_dir():
        raise BacktestError(f"{site} is not a folder.", "Name the folder of a site, or a folder of posts.")
    folder = posts_folder(site)
    read = read_posts(folder)
    for problem in read.problems:
        progress.print(problem.message, style="yellow", markup=False, soft_wrap=True)
    found = read.posts
    hidden = sample(found, posts)
    if not hidden:
        raise BacktestError(f"There is no post with front matter and a text in {folder}.", "Name the folder of a site.")
    with tempfile.TemporaryDirectory(prefix="blogmetad-backtest-") as scratch:
        settings, configured = _settings(config, site, model, Path(scratch))
        law, title = _law(rules, settings, configured, found, hidden)
        with recalling(found) as recall, _proposer(settings) as proposer:
            zone = read_site(settings.site.root).timezone
            stand = Stand(law, recall, proposer, settings.model.digest_tokens, zone)
            cases = _run(stand, hidden, machine)
    about = About(str(site), len(found), title, model_name(settings))
    result = Result(cases, summarise(cases, about))
    _report(result, _compared(before, result, earlier), worst, machine)


def _earlier(file: Path) -> Result:
    try:
        return parse(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BacktestError(f"{file} cannot be read: {error.strerror}.", "Check its name.") from None
    except ValueError as error:
        hint = "Name a file made with: blogmetad rules backtest SITE --json > FILE"
        raise BacktestError(f"{file} is no result of a backtest: {error}.", hint) from None


def _compared(before: Result | None, after: Result, file: Path | None) -> Comparison | None:
    if before is None:
        return None
    try:
        return compare(before, after)
    except ValueError as error:
        raise BacktestError(f"{file} cannot be compared with: {error}.", "Name a result of the same site.") from None


def _settings(config: Path | None, site: Path, model: str | None, scratch: Path) -> tuple[Config, bool]:
    """The settings to work with, and whether they are those of this very site. A site without a configuration takes
    the model from one that is there, and keeps nothing."""
    root = (site.parent if site.name == POSTS else site).resolve()
    folders = configuration.Site(root=root, posts=posts_folder(site).resolve(), state=scratch)
    if config is not None or configuration.default_file().is_file():
        settings = load(config)
    else:
        settings = Config(site=folders)
        logs.configure(settings.log)
    own = settings.site.posts.resolve() == folders.posts and settings.site.root.resolve() == root
    name, base = (model, Path()) if model is not None else (settings.model.name, settings.site.root)
    try:
        name = name if catalog.source_of(name) is not None else str((base / Path(name).expanduser()).absolute())
    except RuntimeError:
        raise BacktestError(f"There is no home folder for {name}.", "Name the model's file in full.") from None
    engine = settings.model.engine if model is None else "llama.cpp"
    chosen = settings.model.model_copy(update={"name": name, "engine": engine})
    return settings.model_copy(update={"model": chosen} | ({} if own else {"site": folders})), own


def _law(
    rules: str | None,
    settings: Config,
    configured: bool,
    posts: tuple[PublishedPost, ...],
    hidden: tuple[PublishedPost, ...],
) -> tuple[RulesFor, str]:
    """The rules for each hidden post, and what they are called."""
    own = settings.site.rules if configured else settings.site.root / RULES_IN_SITE
    if rules == LEARNED or (rules is None and not own.is_file()):
        jekyll = read_site(settings.site.root)
        name = jekyll.title or settings.site.root.name
        return laws.learned(posts, hidden, name, timezone_known=jekyll.timezone_known), LEARNED
    read = document.load(ready_made_rules().get(rules, Path(rules)) if rules is not None else own)
    return laws.given(read, posts), read.title


@contextmanager
def _proposer(settings: Config) -> Iterator[Proposer]:
    proposer = open_proposer(settings)
    try:
        with progress.status("getting the model ready"):
            proposer.prepare(lambda: True)
        yield proposer
    finally:
        proposer.unload()


def _run(stand: Stand, hidden: tuple[PublishedPost, ...], machine: bool) -> tuple[Case, ...]:
    """The cases by path. As JSON each is printed when it is done."""
    cases: list[Case] = []
    began = time.monotonic()
    with progress.status("getting the rules ready") as status:
        for case in replay(stand, hidden):
            cases.append(case)
            if machine:
                print_json(asdict(case))
            left = (time.monotonic() - began) / len(cases) * (len(hidden) - len(cases))
            status.update(f"{len(cases)} of {len(hidden)} posts replayed, about {left:.0f} s to go")
    return tuple(sorted(cases, key=lambda case: case.post))


def _report(result: Result, comparison: Comparison | None, worst: int, machine: bool) -> None:
    if machine:
        print_json({"summary": asdict(result.summary)})
        if comparison is not None:
            print_json({"comparison": scores.comparison_facts(comparison)})
        return
    scores.show_summary(result)
    if comparison is not None:
        scores.show_comparison(comparison, worst)
    scores.show_worst(result, worst)
