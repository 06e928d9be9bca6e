"""Real processes of blogmetad, each forked from one that has imported everything: hundreds of them can be killed in a
minute.

What they run is the command line itself over the real runner, ledger and folders. Three things stand in for people and
machines: the model is scripted (it is not what is being killed), drafts in flight are worked on one after another
unless ``threads`` is asked for (so that the same call is the same call in every run), and the author interferes at the
moments that scene.py names.

Reads orders from standard input, one JSON object a line, and answers each with ``{"pid": ...}``, once the process
exists (and has stopped itself, if the order says so), and ``{"ended": ...}``: its exit code, or minus the signal.
``--mutant NAME`` breaks the program first, as mutants.py says.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What an order does not say.
DEFAULTS = {"words": ["once"], "stopped": False, "threads": False, "probe": True}


@dataclass(frozen=True, slots=True)
class Order:
    """Run ``blogmetad WORDS --config ROOT/blogmetad.toml``; what it prints goes to the file ``output``."""

    root: Path
    output: Path
    words: list[str]
    stopped: bool
    threads: bool
    probe: bool

    @classmethod
    def read(cls, line: str) -> Order:
        said = {**DEFAULTS, **json.loads(line)}
        return cls(**{**said, "root": Path(said["root"]), "output": Path(said["output"])})


class Model:
    """A Proposer that never answers the same twice, writes down each time that it was asked, and while it thinks about
    one draft, its author saves that draft again."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        pass

    def propose(self, request: Any, keep_going: Callable[[], bool]) -> Any:  # noqa: ARG002
        from blogmetad.values import Proposal
        from tests.faults import scene

        told = [ask.given for ask in request.asks if ask.given]
        name = _whose(request.text)
        asked = self._root / "_author" / "asked"
        fd = os.open(asked, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(fd, f"{name}\n".encode())
            times = os.fstat(fd).st_size
        finally:
            os.close(fd)
        if name == "edited.md":
            with suppress(OSError):
                os.rename(self._root / "_author" / name, self._root / "_inbox" / name)  # noqa: PTH104
        title = "One Title" if name in ("collide.md", "同名.md") else name.split(".")[0].title()
        title = title if title.isascii() else f"{title}与写作"
        assert scene.DRAFTS[name] is not None or told
        return Proposal({"title": title, "description": f"写在第 {times} 字节之后。"}, model="scripted", mode="-")

    def unload(self) -> None:
        pass


def _whose(text: str) -> str:
    """The draft a text is of."""
    from tests.faults.scene import DRAFTS, SAVED, body_of

    versions = [(name, raw) for drafts in (DRAFTS, SAVED) for name, raw in drafts.items()]
    return next(name for name, raw in versions if body_of(raw).decode().split()[0] in text)


class OneAfterAnother:
    """Stands in for a pool of threads: what is handed in is done at once, by the thread that hands it in."""

    def __init__(self, places: int, thread_name_prefix: str) -> None:
        pass

    def submit(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, *, wait: bool) -> None:
        pass


def interfere(root: Path) -> None:
    """From now on the author saves a draft, and a stranger takes a name, just before blogmetad gets to it."""
    from tests.faults.scene import STRANGER

    late = root / "_inbox" / "late.md", root / "_author" / "late.md"
    race = root / "_posts" / STRANGER[0], root / "_author" / STRANGER[0]
    rename, link = os.rename, os.link  # before they are replaced below

    def just_before(name: str, theirs: tuple[Path, Path], which: int) -> None:
        real = getattr(os, name)

        def after_it(*args: Any, **options: Any) -> None:
            target, waiting = theirs
            if os.fspath(args[min(which, len(args) - 1)]) == str(target) and os.access(waiting, os.F_OK):
                with suppress(OSError):
                    if which:
                        link(waiting, target)
                        os.unlink(waiting)  # noqa: PTH108
                    else:
                        rename(waiting, target)
            real(*args, **options)

        setattr(os, name, after_it)

    for name in ("rename", "unlink"):
        just_before(name, late, 0)
    for name in ("link", "rename", "replace"):
        just_before(name, race, 1)


def run(order: Order) -> int:
    """One command, in this process, to its end."""
    fd = os.open(order.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    from blogmetad import daemon, flights
    from blogmetad.cli import app
    from blogmetad.publish.place import Placer

    daemon.open_proposer = lambda _: Model(order.root)  # type: ignore[assignment, return-value]
    if not order.threads:
        flights.ThreadPoolExecutor = OneAfterAnother  # type: ignore[assignment, misc]
    if not order.probe:
        Placer.probe = lambda _: ()  # type: ignore[method-assign]
    interfere(order.root)
    sys.argv = ["blogmetad", *order.words, "--config", str(order.root / "blogmetad.toml")]
    if order.stopped:
        os.kill(os.getpid(), signal.SIGSTOP)
    try:
        app.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def serve() -> None:
    """Fork a process for each order."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        order = Order.read(line)
        pid = os.fork()
        if pid == 0:
            code = 99
            try:
                code = run(order)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        if order.stopped:
            os.waitpid(pid, os.WUNTRACED)
        print(json.dumps({"pid": pid}), file=answers)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"ended": os.waitstatus_to_exitcode(status)}), file=answers)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutant")
    mutant = parser.parse_args().mutant
    if mutant is not None:
        from tests.faults.mutants import install

        install(mutant)
    import blogmetad.cli.app  # noqa: F401

    serve()


if __name__ == "__main__":
    main()
