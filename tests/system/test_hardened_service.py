"""The hardened system unit: what systemd says of it, what it is told of a site, and whether a daemon can work in it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from blogmetad.cli import share
from blogmetad.journal.ledger import State
from blogmetad.service.confinement import Needs, drop_in
from tests.system.blog import CHINESE, make_blog

TEMPLATE = share.folder("systemd") / "blogmetad@.service"
MOST = 5
"""Tenths of a point of exposure that systemd may count."""

analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def analysed(*words: str | Path) -> tuple[int, str]:
    done = subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@analyze
def test_systemd_has_nothing_to_say_against_the_hardened_unit() -> None:
    assert analysed("verify", TEMPLATE) == (0, "")


@analyze
def test_the_hardened_unit_exposes_next_to_nothing(tmp_path: Path) -> None:
    code, said = analysed("security", "--offline=true", f"--threshold={MOST}", TEMPLATE)
    assert code == 0, said
    bare = tmp_path / "bare@.service"
    bare.write_text("[Service]\nExecStart=/usr/bin/env true\n", "utf-8")
    assert analysed("security", "--offline=true", f"--threshold={MOST}", bare)[0] != 0


def needs(*writable: Path, **more: bool) -> Needs:
    return Needs(("/opt/x/blogmetad", "run"), {}, writable, (Path("/home/anna/blog"), Path("/srv/site")), **more)


def test_the_folders_are_told_each_once_and_only_those_that_would_be_hidden_for_reading() -> None:
    text = drop_in(needs(Path("/home/anna/blog/_posts"), Path('/srv/稿 "a": 100%')))
    assert 'BindPaths="/home/anna/blog/_posts"\n' in text
    assert 'BindPaths="/srv/稿 \\"a\\": 100%%"\n' in text
    assert re.findall("BindReadOnlyPaths=(.*)", text) == ['-"/home/anna/blog"']
    assert text.endswith("ExecStart=\nExecStart=/opt/x/blogmetad run\n")
    assert "Network" not in text


def test_network_and_gpu_are_opened_only_where_they_are_needed() -> None:
    assert "PrivateNetwork=false\nRestrictAddressFamilies=AF_INET AF_INET6\nIPAddressDeny=\n" in drop_in(
        needs(network=True)
    )
    opened = drop_in(needs(gpu=True))
    assert "PrivateDevices=false\nDeviceAllow=" in opened
    assert "PrivateNetwork" not in opened


def test_a_path_that_systemd_cannot_be_told_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be told"):
        drop_in(needs(Path("/home/anna/a\nb")))


@analyze
@pytest.mark.parametrize("engine", ["llama.cpp", "openai"])
def test_systemd_has_nothing_to_say_against_unit_and_folders_together(
    tmp_path: Path, tiny_model: Path, engine: str
) -> None:
    blog = make_blog(tmp_path / '博客 "100%"', tiny_model)
    if engine == "openai":
        text = blog.config.read_text("utf-8").replace("[model]", '[model]\nengine = "openai"')
        blog.config.write_text(f'{text}\n[server]\nurl = "http://127.0.0.1:9/v1"\n', "utf-8")
    printed = blog.command("service", "folders")
    assert printed.returncode == 0, printed.stderr
    unit = tmp_path / "blogmetad@.service"
    # As systemd would merge them; given two files, verify would look for the drop-in among those installed here.
    unit.write_text(TEMPLATE.read_text("utf-8").replace("[Install]", f"{printed.stdout}\n[Install]"), "utf-8")
    assert analysed("verify", unit) == (0, "")
    assert ("PrivateNetwork=false" in printed.stdout) == (engine == "openai")
    if engine == "llama.cpp":
        assert analysed("security", "--offline=true", f"--threshold={MOST}", unit)[0] == 0


USER = 54321
TEMPORARY = (Path("/tmp"), Path("/var/tmp"))
"""Its own, and empty."""


@contextmanager
def ended(processes: list[psutil.Process]) -> Iterator[list[psutil.Process]]:
    """Those of another user do not die with the ``unshare`` that they are children of."""
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()


@analyze
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can set up what systemd would")
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_a_daemon_shut_in_as_the_unit_says_publishes_and_can_reach_nothing_else(
    tmp_path: Path, tiny_model: Path
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    blog = make_blog(tmp_path / "博客", Path(shutil.copy(tiny_model, models / "tiny.gguf")))
    own = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x20000) != 0)"
    if subprocess.run([sys.executable, "-c", own], check=False).returncode != 0:
        pytest.skip("no mount namespace can be made here")
    printed = blog.command("service", "folders")
    folders = tmp_path / "folders.conf"
    folders.write_text(printed.stdout, "utf-8")
    for path in (blog.root, *blog.root.rglob("*"), models, *models.iterdir()):
        os.chown(path, USER, USER)
    address = blog.root / ".blogmetad" / "notify"  # systemd's own is in /run, which no other mount hides
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(address))
    os.chown(address, USER, USER)
    aloof = ("unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child")
    launcher = (sys.executable, "-m", "tests.system.confined", str(TEMPLATE), str(folders), str(USER))
    program = (sys.executable, "-m", "blogmetad")
    python_path = str(share.folder("systemd").parent)
    environment = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "3000000", "PYTHONPATH": python_path}
    with (
        blog.daemon((*aloof, *launcher, *program), **environment) as daemon,
        ended(psutil.Process(daemon.process.pid).children()) as (shut_in,),
    ):
        blog.drop("草稿.md", CHINESE)
        os.chown(blog.inbox / "草稿.md", USER, USER)
        job = daemon.wait_for("草稿.md", State.DONE)
        (worker,) = shut_in.children()
        for process in (shut_in, worker):
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert re.search(r"^Seccomp:\t2$", status, re.MULTILINE)
            assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
            assert re.search(r"^CapEff:\t0{16}$", status, re.MULTILINE)
            assert process.uids().real == USER
            assert list(Path(f"/proc/{process.pid}/root/home").iterdir()) == []
            devices = Path(f"/proc/{process.pid}/net/dev").read_text().splitlines()[2:]
            assert [line.split(":")[0].strip() for line in devices] == ["lo"]
            view = Path(f"/proc/{process.pid}/mountinfo").read_text().splitlines()
            points = {line.split()[4]: line.split()[5] for line in view}
            assert points["/"].startswith("ro")
            open_ones = {Path(point) for point, how in points.items() if how.startswith("rw")}
            own = {blog.inbox, blog.posts, blog.journal, blog.root / ".blogmetad"}
            assert {path for path in open_ones if not path.is_relative_to("/dev")} == {*own, *TEMPORARY}
        assert job.target in blog.published()
        assert (blog.posts / str(job.target)).stat().st_uid == USER
        heard = {listener.recv(256).decode().split("\n")[0] for _ in range(2)}
        assert heard == {"READY=1", "WATCHDOG=1"}
    listener.close()
