"""How good proposals are: blogmetad, the plain way and neighbours without a model, on the same posts of real blogs.

See bench/README.md for what is measured and how.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import chat, corpus, machine, sides
from bench.ablations import ABLATIONS
from bench.chat import Chat, Reply
from bench.quality_report import Compared, Side, ablation, conditions, table, verdict
from bench.sides import Trial
from blogmetad.backtest.hide import hide
from blogmetad.backtest.replay import Stand, replay
from blogmetad.backtest.result import Case
from blogmetad.cli import logs
from blogmetad.config import Log as LogConfig
from blogmetad.config import Model as ModelConfig
from blogmetad.errors import BlogmetadError
from blogmetad.model.catalog import resolve
from blogmetad.model.local.modes import physical_cores
from blogmetad.model.local.worker import Worker, WorkerOptions
from blogmetad.values import PublishedPost, sha256

say = Console(stderr=True, highlight=False)


def main(
    sites: Annotated[list[Path], typer.Argument(help="Folders of posts, or Jekyll sites.", metavar="SITE...")],
    model: Annotated[list[str] | None, typer.Option(help="starter, starter-1.5b, a GGUF file; repeatable.")] = None,
    posts: Annotated[int, typer.Option("-n", "--posts", help="Posts of each site.", min=2)] = 30,
    cache: Annotated[Path, typer.Option(help="Where the plain way's answers are kept.")] = Path("build/quality"),
    timed: Annotated[int, typer.Option(help="Posts the plain way is asked again for its time.", min=0)] = 0,
    ablations: Annotated[bool, typer.Option("--ablation", help="Only what each part of blogmetad is worth.")] = False,
) -> None:
    """Compare proposals with what authors wrote; Markdown on standard output, figures only.

    The plain way takes minutes a post. Its answers are kept, so that a stopped run goes on where it was.
    """
    names = model or ["starter"]
    logs.configure(LogConfig(level="warning"))
    try:
        files = [resolve(name, Path.cwd()) for name in names]
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
            trials = [stack.enter_context(sides.trial(site, posts)) for site in sites]
            if ablations:
                lines = _ablations(trials, files, Path(scratch))
            else:
                lines = _comparison(trials, files, cache, timed, Path(scratch))
            typer.echo("\n".join((*_heading(sites, names, posts, timed, ablations=ablations), *lines)))
    except (BlogmetadError, OSError) as error:
        typer.echo(f"{error}\n{getattr(error, 'hint', '')}".strip(), err=True)
        raise typer.Exit(2) from None


def _heading(sites: Sequence[Path], models: Sequence[str], posts: int, timed: int, *, ablations: bool) -> Iterator[str]:
    """What was run, in a form that can be run again; folders go by their names."""
    words = ["python -m bench.quality", *(site.resolve().name for site in sites)]
    words += [f"--model {Path(name).name}" for name in models]
    words += [f"-n {posts}", "--ablation" if ablations else f"--timed {timed}"]
    yield "## What each part is worth" if ablations else "## Proposals against what authors wrote"
    yield from ("", f"    {' '.join(words)}", "")


def _comparison(
    trials: Sequence[Trial], files: Sequence[Path], cache: Path, timed: int, scratch: Path
) -> Iterator[str]:
    found: dict[str, list[Side]] = {each.corpus.name: [] for each in trials}
    again = {each.corpus.name: _spread(each.hidden, timed) for each in trials}
    for file in files:
        for each in trials:
            name = each.corpus.name
            replies = _replies(each, file, cache, again[name])
            found[name].append(Side("plain", file.stem, tuple(sides.plain(each, replies))))
        with _worker(file, scratch) as worker:
            for each in trials:
                found[each.corpus.name].append(Side("blogmetad", file.stem, _ours(each, _stand(each, worker))))
    compared = [_compared(each, found[each.corpus.name], again[each.corpus.name]) for each in trials]
    for one in compared:
        yield from (*table(one), "")
    yield from ("### Against the others", "", *verdict(compared), "")
    yield from conditions(_facts(files))


def _compared(trial: Trial, made: Sequence[Side], timed: frozenset[str]) -> Compared:
    alone = Side("neighbours", "", tuple(sides.without_model(trial)), writes=False)
    blog = trial.corpus
    timed = timed or frozenset(post.path for post in trial.hidden)
    return Compared(blog.name, len(blog.posts), blog.summary, (alone, *made), timed)


def _ablations(trials: Sequence[Trial], files: Sequence[Path], scratch: Path) -> Iterator[str]:
    for file in files:
        with _worker(file, scratch) as worker:
            for each in trials:
                stand = _stand(each, worker)
                made = [Side(name, file.stem, _ours(each, change(stand))) for name, change in ABLATIONS.items()]
                yield from (*ablation(each.corpus.name, each.corpus.summary, made), "")
    yield from conditions(_facts(files))


def _replies(trial: Trial, file: Path, cache: Path, again: frozenset[str]) -> dict[str, Reply]:
    """The plain way's answers, from the cache or else asked now; those in ``again`` are asked for their time."""
    kept = cache / f"plain-{file.stem}-{trial.corpus.name}.jsonl"
    replies = chat.load(kept)
    todo = [post for post in trial.hidden if post.path not in replies or post.path in again]
    if not todo:
        return replies
    model = Chat(file, physical_cores())
    for number, post in enumerate(todo, 1):
        say.print(f"plain, {file.stem}, {trial.corpus.name}: {number} of {len(todo)}, {post.path}", markup=False)
        reply = model.ask(post.path, hide(post).text, corpus.asks(trial.corpus, post))
        if post.path in replies:
            # Its time alone: the answer is that of the first time, whatever else ran on the machine then.
            replies[post.path] = replace(replies[post.path], seconds=reply.seconds)
        else:
            replies[post.path] = reply
            chat.keep(kept, reply)
    model.close()
    return replies


@contextmanager
def _worker(file: Path, scratch: Path) -> Iterator[Worker]:
    """The model in a process of its own, as the daemon runs it."""
    worker = Worker(WorkerOptions(file, file.name, scratch / file.stem, context=ModelConfig().context))
    try:
        yield worker
    finally:
        worker.unload()


def _stand(trial: Trial, worker: Worker) -> Stand:
    return Stand(trial.rules_for, trial.recall, worker, ModelConfig().digest_tokens, dt.UTC)


def _ours(trial: Trial, stand: Stand) -> tuple[Case, ...]:
    cases = []
    for case in replay(stand, trial.hidden):
        cases.append(case)
        say.print(f"blogmetad, {trial.corpus.name}: {len(cases)} of {len(trial.hidden)}, {case.post}", markup=False)
    return tuple(cases)


def _facts(files: Sequence[Path]) -> dict[str, object]:
    models = {f"sha256 of {file.stem}": sha256(file.read_bytes()) for file in files}
    return models | machine.conditions()


def _spread(hidden: Sequence[PublishedPost], count: int) -> frozenset[str]:
    """``count`` of the posts, from the shortest to the longest."""
    ordered = sorted(hidden, key=lambda post: (len(post.body), post.path))
    count = min(count, len(ordered))
    return frozenset(ordered[(2 * i + 1) * len(ordered) // (2 * count)].path for i in range(count))


if __name__ == "__main__":
    typer.run(main)
