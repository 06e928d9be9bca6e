"""One file over HTTP into its place: continued where it broke off, and safe against a disk that fills up."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from blogmetad.model.store import place as placing
from blogmetad.model.store.hub import CONNECT, PAUSES, READ, Hub, HubError, persist, refusal, unreachable
from blogmetad.model.store.place import Place, Progress

SYNC = 64 << 20
"""Bytes after which what has come is forced onto the disk and noted."""

OTHER = "Pull again, or take another source with --from; what has come is kept."

_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)")


def download(
    place: Place,
    hub: Hub,
    address: str,
    progress: Progress,
    *,
    pauses: Sequence[float] = PAUSES,
    timeout: float = READ,
) -> None:
    """Have all of ``place.partial`` on disk. As long as some more comes with each try, no number of breaks ends it.

    Raises HubError, OSError.
    """
    limits = httpx.Timeout(timeout, connect=min(timeout, CONNECT))
    # identity: a file that was compressed on the way could not be continued at a position of its own
    headers = {**hub.headers(), "Accept-Encoding": "identity"}
    with httpx.Client(headers=headers, timeout=limits, follow_redirects=True) as client:

        def transfer() -> None:
            try:
                _transfer(client, place, hub, address, progress)
            except (httpx.TooManyRedirects, httpx.UnsupportedProtocol) as error:
                raise HubError(f"{hub.title} leads nowhere from {address} ({error})", OTHER) from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise unreachable(hub, address, str(error) or type(error).__name__) from error

        while (before := placing.arrived(place)) < place.size:
            try:
                persist(transfer, pauses)
            except HubError as error:
                if not error.passing or placing.arrived(place) <= before:
                    raise


def _transfer(client: httpx.Client, place: Place, hub: Hub, address: str, progress: Progress) -> None:
    """Fetch what is missing, in one request. Raises HubError, httpx.HTTPError, OSError."""
    start = placing.arrived(place)
    if start >= place.size:
        return
    headers = {"Range": f"bytes={start}-"} if start else {}
    with client.stream("GET", address, headers=headers) as response:
        _check_size(response, place, hub.title)
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            placing.forget(place)
            raise HubError(f"{hub.title} has less of the file than came before", "Pull again.", passing=True, after=0)
        if not response.is_success:
            after = response.headers.get("Retry-After")
            said = response.headers.get("X-Error-Message", "")
            raise refusal(hub, response.status_code, said, after)
        begins = _start_of(response)
        if begins is None or begins > start:
            raise HubError(f"{hub.title} sends another part of the file than was asked for", OTHER)
        _save(place, start, _behind(response.iter_raw(), start - begins), progress, hub.title)


def _check_size(response: httpx.Response, place: Place, hub: str) -> None:
    """Refuse a file that is not as long as it was listed, a page to log in for example, before any of it is taken."""
    told = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if told is not None:
        size = told[2]
    else:
        size = response.headers.get("Content-Length") if response.status_code == httpx.codes.OK else None
    if size is not None and size.isdecimal() and int(size) != place.size:
        raise HubError(f"{hub} sends {int(size):,} bytes, where it listed {place.size:,}", OTHER)


def _start_of(response: httpx.Response) -> int | None:
    """Where in the file the answer begins: a server may send all of it, whatever it was asked for. None: not told."""
    if response.status_code != httpx.codes.PARTIAL_CONTENT:
        return 0
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(found[1]) if found and found[1] else None


def _behind(chunks: Iterator[bytes], skipped: int) -> Iterator[bytes]:
    """What comes behind the first ``skipped`` bytes, which are here already."""
    for chunk in chunks:
        if len(chunk) > skipped:
            yield chunk[skipped:]
        skipped = max(0, skipped - len(chunk))


def _save(place: Place, start: int, chunks: Iterator[bytes], progress: Progress, hub: str) -> None:
    """Write what comes behind the first ``start`` bytes, and note how far it is safe, however it ends."""
    what, done = f"{place.file.name} from {hub}", start
    with _appending(place.partial, start) as write, _noted(place):
        for chunk in chunks:
            if done + len(chunk) > place.size:
                cause = f"{hub} sends more than the {place.size:,} bytes it listed"
                raise HubError(cause, "Pull again; it may be changing the file just now.")
            write(chunk)
            if done // SYNC != (done + len(chunk)) // SYNC:
                _note(place)
            done += len(chunk)
            progress(done, place.size, what)
    if done < place.size:
        cause = f"{hub} broke off after {done:,} of {place.size:,} bytes"
        raise HubError(cause, "Pull again: it goes on from there.", passing=True)


@contextmanager
def _appending(partial: Path, start: int) -> Iterator[Callable[[bytes], None]]:
    """Writes to the file behind ``start``. Unbuffered: after an error the file's size is what was written."""
    with partial.open("r+b", buffering=0) as file:
        file.truncate(start)
        file.seek(start)

        def write(data: bytes) -> None:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]

        yield write


@contextmanager
def _noted(place: Place) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(OSError):  # a full disk: what was noted before still holds
            _note(place)


def _note(place: Place) -> None:
    """Force what has come onto the disk, then write down how much it is."""
    fd = os.open(place.partial, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
        done = os.fstat(fd).st_size
    finally:
        os.close(fd)
    placing.record(place, done)
