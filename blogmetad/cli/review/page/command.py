"""``review``: the page is served on this machine for as long as the command runs."""

from __future__ import annotations

import errno
import os
import signal
import socket
import webbrowser
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from blogmetad.cli.exits import Exit
from blogmetad.cli.journal.drafts import open_ledger
from blogmetad.cli.options import ConfigOption, JsonOption, as_json, console, load, print_json
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.journal.ledger import State
from blogmetad.site.index import Index

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"
"""This machine, and nobody outside it."""


class PortTaken(BlogmetadError):
    """The page cannot be served at this port."""

    hint = "name another port, or leave --port out to have a free one found"


def review(
    config: ConfigOption = None,
    json: JsonOption = False,
    port: Annotated[
        int,
        typer.Option("--port", help="Where to serve it. Default: any free port.", min=0, max=65535, show_default=False),
    ] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open it in the browser.")] = False,
) -> None:
    """Serve a page on this machine only on which posts are read, edited, approved, revised and taken back.

    It prints an address that works once, in one browser, and opens it where there is a desktop. Ctrl-C ends it.

    Example:  blogmetad review --port 8765
    """
    settings = load(config)
    with open_ledger(settings) as ledger:
        waiting = len(ledger.jobs(State.WAITING))
    with listening(port) as listener:
        serve(settings, listener, waiting, to_open=not no_open and _has_desktop(), machine=as_json(json))
    raise typer.Exit(Exit.OK)


def serve(settings: Config, listener: socket.socket, waiting: int, *, to_open: bool, machine: bool) -> None:
    """Serve until SIGINT or SIGTERM."""
    with opened(settings, listener) as (server, address):
        _tell(address, waiting, machine=machine)
        if to_open:
            webbrowser.open(address)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        # The server ends in good order at a signal, and then raises what it has caught.
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


@contextmanager
def opened(settings: Config, listener: socket.socket) -> Iterator[tuple[uvicorn.Server, str]]:
    """A server, ready to run, and the address that opens its page. Errands under way at the end are stopped."""
    # Imported here, so that no other command and no daemon ever loads a server.
    import uvicorn

    from blogmetad.cli.review.page.access import Door
    from blogmetad.cli.review.page.acts import carry_out
    from blogmetad.cli.review.page.errands import Errands
    from blogmetad.cli.review.page.look import Look
    from blogmetad.cli.review.page.server import Page

    door, port = Door(), int(listener.getsockname()[1])
    with closing(Index(settings.site.posts, settings.site.state / "index.db")) as index:
        errands = Errands(lambda errand, keep_going: carry_out(settings, errand, keep_going))
        app = Page(settings, Look(settings, index, errands), errands, door, port).app()
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=64,
                timeout_graceful_shutdown=3,
            )
        )
        try:
            yield server, f"http://{HOST}:{port}/open?token={door.token}"
        finally:
            errands.stop()


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """A socket on this machine that takes connections from now on. Raises PortTaken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(64)
        except OSError as error:
            why = {errno.EADDRINUSE: "another program has it", errno.EACCES: "it is not for everybody to use"}
            reason = why.get(error.errno or 0, os.strerror(error.errno or 0))
            raise PortTaken(f"port {port} cannot be used: {reason}") from None
        yield listener


def _has_desktop() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _tell(address: str, waiting: int, *, machine: bool) -> None:
    if machine:
        print_json({"address": address, "waiting": waiting})
        return
    posts = {0: "nothing waits for you", 1: "1 post waits for you"}.get(waiting, f"{waiting} posts wait for you")
    console.print(f"{posts}; open this address, which works once:", markup=False)
    console.print(f"  {address}", markup=False)
    console.print("Ctrl-C ends it.", markup=False)
