"""Those who are told, with the commands and the daemon as real processes: undo, doctor, once, a kill in the middle."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from blogmetad.announce.trouble import Trouble, troubles
from blogmetad.audience import Git, Hook, Notify
from blogmetad.cli.doctor import others
from blogmetad.config import Config, Site
from blogmetad.journal.ledger import State
from tests.system.blog import CHINESE, Blog, make_blog
from tests.system.repository import Repo, make
from tests.system.test_process import wait_for, wait_until_gone


def hook(blog: Blog, script: str) -> None:
    """The blog's hook, told of everything."""
    path = blog.root / "hook"
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


def blog_with_hook(root: Path, model: Path, script: str, timeout: int = 60) -> Blog:
    blog = make_blog(root, model)
    hook(blog, script)
    events = '["published", "held", "parked", "duplicate", "undone"]'
    told = f'\n[git]\ncommit = true\n\n[[hooks]]\non = {events}\ncommand = ["./hook"]\ntimeout = {timeout}\n'
    blog.config.write_text(blog.config.read_text("utf-8") + told, "utf-8")
    return blog


def entry(blog: Blog, name: str) -> str:
    """The journal's story of a draft."""
    job = blog.job(name)
    assert job is not None
    assert job.entry is not None
    return (blog.journal / job.entry).read_text("utf-8")


def test_a_post_is_committed_and_its_removal_once_it_is_undone(tmp_path: Path, tiny_model: Path) -> None:
    repo = make(tmp_path)
    blog = blog_with_hook(tmp_path, tiny_model, 'echo "$BLOGMETAD_OUTCOME $BLOGMETAD_COMMIT" >> told')
    repo.write("about.md", "staged by the author\n")
    repo.git("add", "about.md")
    before = repo.head()
    blog.drop("预写日志.md", CHINESE)
    assert blog.command("once").returncode == 0
    (job,) = blog.jobs()
    added = repo.head()
    assert repo.changed() == [f"_posts/{job.target}"]
    post = blog.posts / str(job.target)
    content = post.read_bytes()
    post.write_bytes(content + "作者改过。\n".encode())
    assert blog.command("undo", "预写日志.md").returncode == 1
    post.write_bytes(content)
    undone = blog.command("undo", "预写日志.md")
    assert undone.returncode == 0, undone.stderr
    assert repo.git("diff", "--name-status", "HEAD^", "HEAD").split() == ["D", f"_posts/{job.target}"]
    assert repo.message() == f'Undo "{repo.message("HEAD^")}"'
    assert repo.git("rev-list", "--count", f"{before}..HEAD").strip() == "2"
    assert repo.git("diff", "--cached", "--name-only").split() == ["about.md"]
    assert (tmp_path / "told").read_text() == f"published {added}\nundone {repo.head()}\n"
    assert (blog.inbox / "预写日志.md").read_text("utf-8") == CHINESE
    assert all(word in entry(blog, "预写日志.md") for word in ("removal committed", "called", repo.head()))
    told = (tmp_path / "told").read_text()
    assert blog.command("once").returncode == 0
    assert (tmp_path / "told").read_text() == told


def test_the_daemon_goes_on_and_ends_while_a_hook_hangs(tmp_path: Path, tiny_model: Path) -> None:
    blog = blog_with_hook(tmp_path, tiny_model, "trap '' TERM; echo $$ >> pids; sleep 600 & wait; wait", 600)
    with blog.daemon() as daemon:
        blog.drop("一.md", CHINESE)
        daemon.wait_for("一.md", State.DONE)
        pid = int(wait_for(tmp_path / "pids").split()[0])
        blog.drop("二.md", CHINESE.replace("预写", "回滚"))
        daemon.wait_for("二.md", State.DONE)
        began = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began < 10
    wait_until_gone(pid)
    assert len((tmp_path / "pids").read_text().split()) == 1


def test_a_hook_the_daemon_was_killed_over_is_not_called_twice_and_the_next_draft_is_told(
    tmp_path: Path, tiny_model: Path
) -> None:
    blog = blog_with_hook(tmp_path, tiny_model, 'echo "$BLOGMETAD_DRAFT" >> told; echo $$ > pid; exec sleep 600', 600)
    with blog.daemon() as daemon:
        blog.drop("一.md", CHINESE)
        wait_for(tmp_path / "pid")
        blog.drop("二.md", CHINESE.replace("预写", "回滚"))
        daemon.wait_for("二.md", State.DONE)
        daemon.kill()
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    hook(blog, 'echo "$BLOGMETAD_DRAFT" >> told')
    assert blog.command("once").returncode == 0
    assert (tmp_path / "told").read_text().split() == ["一.md", "二.md"]
    assert "blogmetad ended while it ran" in entry(blog, "一.md")


def config(root: Path, *hooks: Hook, git: Git | None = None, desktop: bool = False) -> Config:
    site = Site(root=root, posts=root / "_posts")
    return Config(site=site, hooks=hooks, git=git or Git(), notify=Notify(desktop=desktop))


def runs(*command: str) -> Hook:
    return Hook(on=("published",), command=command)


def test_doctor_says_of_each_hook_why_it_cannot_be_called(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    hooks = (runs("true"), runs("/bin/true"), runs("no-such-program"), runs("./away"), runs("./plain"))
    found = troubles(config(tmp_path, *hooks), os.environ)
    assert [trouble.seen for trouble in found] == [
        "the program no-such-program is in no folder of PATH",
        f"the program ./away is not there ({tmp_path / 'away'})",
        "the program ./plain may not be run",
    ]
    assert found[2].fix == f"chmod +x '{tmp_path / 'plain'}'"
    assert [(each.check, each.ok) for each in others.look(config(tmp_path, *hooks))] == [("hooks", False)] * 3
    (well,) = others.look(config(tmp_path, *hooks[:2]))
    assert (well.ok, well.seen) == (True, "true, /bin/true")


def test_doctor_says_of_the_repository_why_nothing_could_be_committed(tmp_path: Path) -> None:
    def seen(**git: bool) -> list[Trouble]:
        return list(troubles(config(tmp_path, git=Git(**git)), os.environ))

    (tmp_path / "_posts").mkdir()
    assert "is in no Git repository" in seen(commit=True)[0].seen
    repo = make(tmp_path)
    assert seen(commit=True) == []
    assert seen() == []
    assert "does nothing without" in seen(push=True)[0].seen
    assert seen(commit=True, push=True)[0].fix == "git push -u REMOTE BRANCH"
    repo.git("config", "--unset", "user.name")
    repo.git("config", "--unset", "user.email")
    repo.write(".gitignore", "_posts\n")
    ignored, nobody = seen(commit=True)
    assert ignored.seen == f"the repository ignores what is in {tmp_path / '_posts'}"
    assert nobody.fix.startswith("git config --global user.name")
    repo.git("checkout", "--quiet", "--detach")
    assert "No branch is checked out" in seen(commit=True)[0].seen
    assert (repo.git("status", "--porcelain"), Repo(tmp_path, tmp_path / "_posts").of_post()) == ("?? .gitignore\n", "")


def test_doctor_misses_a_program_that_notifies(tmp_path: Path) -> None:
    nothing = {**os.environ, "PATH": str(tmp_path)}
    assert [trouble.about for trouble in troubles(config(tmp_path, desktop=True), nothing)] == ["notify"]
