"""``blogmetad review`` as a process: where it listens, what it prints, and how it ends."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from blogmetad.cli.review.page import command
from blogmetad.cli.running import daemon_pid
from blogmetad.journal.ledger import State
from tests.scripted_server import Scripted, good, scripted
from tests.servers import free_port
from tests.system.reviewed import WAL, Reviewed, hidden, make, served, words


class Slow:
    """A model that takes as long as the test likes."""

    delay = 0.0


@pytest.fixture(scope="module")
def model() -> Iterator[Scripted]:
    def script(_: object, __: int) -> object:
        answer = good()
        return type(answer)(answer.status, answer.body, answer.headers, Slow.delay)

    with scripted(script=script) as server:  # type: ignore[arg-type]
        yield server


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, model: Scripted) -> Reviewed:
    return make(tmp_path_factory.mktemp("review") / "博客", model.url)


@pytest.fixture
def site(template: Reviewed, tmp_path: Path) -> Iterator[Reviewed]:
    yield Reviewed(Path(shutil.copytree(template.root, tmp_path / "博客")))
    Slow.delay = 0.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_this_machine_alone_and_ends_in_good_order(site: Reviewed, number: int) -> None:
    with served(site, "--no-open") as page:
        assert page.address.hostname == "127.0.0.1"
        assert page.told["waiting"] == 2
        with socket.create_connection((page.address.hostname, page.address.port or 0)):
            pass
        for other in ("127.0.0.2", "::1"):
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((other, page.address.port or 0), timeout=2)
        with httpx2.Client(follow_redirects=True) as client:
            assert "2026-02-01-wal.md" in client.get(page.told["address"]).text
            assert client.get(page.told["address"]).status_code == 403
        code, errors = page.end(number)
    assert code == 0
    assert errors == ""


def test_requests_that_no_browser_sends_are_refused(site: Reviewed) -> None:
    with served(site, "--no-open") as page:
        port = page.address.port or 0
        good_host = f"Host: 127.0.0.1:{port}\r\n"
        for text, status in {
            f"GET / HTTP/1.1\r\n{good_host}Host: evil.example\r\n\r\n": b"400",
            "GET / HTTP/1.1\r\n\r\n": b"400",
            "GET / HTTP/1.0\r\n\r\n": b"421",
            f"GET http://evil.example/ HTTP/1.1\r\n{good_host}\r\n": b"403",
            f"GET /{'x' * 100_000} HTTP/1.1\r\n{good_host}\r\n": b"403",
            f"BREW / HTTP/1.1\r\n{good_host}\r\n": b"405",
            f"OPTIONS * HTTP/1.1\r\n{good_host}Origin: http://evil.example\r\n\r\n": b"405",
            f"GET / HTTP/1.1\r\n{good_host}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n": b"403",
            f"POST / HTTP/1.1\r\n{good_host}Content-Length: 99999999\r\n\r\n": b"403",
            "\x00\x01\r\n\r\n": b"400",
        }.items():
            with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
                wire.sendall(text.encode())
                answer = wire.recv(65536)
            assert answer.split(b" ")[1] == status, text[:80]
            assert b"Access-Control" not in answer
        code, errors = page.end(signal.SIGINT)
    assert code == 0
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_told_with_what_to_do(site: Reviewed) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(words(site, "--port", str(port)), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"port {port} cannot be used: another program has it" in done.stderr
    assert "name another port" in done.stderr


def test_the_port_can_be_chosen_and_a_place_without_a_story_has_no_page(site: Reviewed, tmp_path: Path) -> None:
    port = free_port()
    with served(site, "--no-open", "--port", str(port)) as page:
        assert page.address.port == port
    (site.root / ".blogmetad").rename(tmp_path / "away")
    done = subprocess.run(words(site), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "blogmetad once" in done.stderr


def test_a_desktop_s_browser_is_handed_the_address(site: Reviewed, tmp_path: Path) -> None:
    script, told = tmp_path / "browser", tmp_path / "told"
    script.write_text(f'#!/bin/sh\necho "$1" > "{told}"\n', "utf-8")
    script.chmod(0o755)
    with served(site, BROWSER=str(script), DISPLAY=":9") as page:
        site.until(told.exists)
        site.until(lambda: told.read_text("utf-8").strip() == page.told["address"])
    told.unlink()
    with served(site, "--no-open", BROWSER=str(script), DISPLAY=":9"):
        time.sleep(0.2)
    assert not told.exists()


def test_a_person_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    for number, said in ((0, "nothing waits"), (1, "1 post waits"), (3, "3 posts wait")):
        command._tell("http://127.0.0.1:1/open?token=x", number, machine=False)
        assert said in capsys.readouterr().out


def test_a_running_daemon_obeys_what_is_done_on_the_page(site: Reviewed) -> None:
    run = [sys.executable, "-m", "blogmetad", "run", "--config", str(site.config)]
    with subprocess.Popen(run, stderr=subprocess.DEVNULL) as daemon:
        try:
            site.until(lambda: daemon_pid(site.settings.site.state) == daemon.pid)
            with served(site, "--no-open") as page, httpx2.Client(follow_redirects=True) as client:
                base = str(client.get(page.told["address"]).url)
                path = f"{base}post/{site.job(WAL).id}"
                text = client.get(path).text
                form = {"seal": hidden(text, "seal"), "sha256": hidden(text, "sha256"), "field:title": "守护进程"}
                assert client.post(f"{path}/approve", data=form, headers={"origin": page.host}).status_code == 200
                site.until(lambda: site.job(WAL).state is State.DONE)
                site.until(lambda: "is being published" not in client.get(base).text)
            assert site.fields(site.root / "_posts" / "2026-02-01-wal.md")["title"] == "守护进程"
            assert daemon.poll() is None
        finally:
            daemon.kill()


def test_a_revision_that_takes_long_does_not_keep_the_page_from_ending(site: Reviewed) -> None:
    Slow.delay = 20.0
    with served(site, "--no-open") as page, httpx2.Client(follow_redirects=True) as client:
        base = str(client.get(page.told["address"]).url)
        path = f"{base}post/{site.job(WAL).id}"
        text = client.get(path).text
        form = {"seal": hidden(text, "seal"), "sha256": hidden(text, "sha256"), "words": "标题短一点"}
        answer = client.post(f"{path}/revise", data=form, headers={"origin": page.host})
        assert answer.status_code == 200
        site.until(lambda: "the model is at work" in client.get(path).text)
        assert client.get(base).status_code == 200
        began = time.monotonic()
        code, _ = page.end(signal.SIGINT)
        assert time.monotonic() - began < 15
    assert code == 0
    # The daemon, or the next start, does what was asked for.
    assert "revise: 标题短一点" in site.waiting().read_text("utf-8")
