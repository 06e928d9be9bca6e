"""Others are told what became of drafts: by a real runner, with real programs and a real repository. Nothing they do
harms a post or holds up the next one."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from blogmetad.announcer import Announcer
from blogmetad.audience import Event, Git, Hook, Notify
from blogmetad.config import Server
from blogmetad.journal.ledger import State
from blogmetad.outcomes import Published
from blogmetad.publish.undo import Undone, undo
from blogmetad.values import sha256
from tests.system.repository import Repo, make
from tests.system.workshop import PATIENCE, Desk, Workshop, now, workshop

TITLE = "甲"


def hook(folder: Path, script: str, *on: Event, timeout: float = 20.0, name: str = "hook", words: str = "") -> Hook:
    """A hook that is a script; what it writes lies in the folder ``told``."""
    (folder / "told").mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\nTOLD='{folder}/told'\n{script}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Hook(on=on or ("published",), command=(str(path), *words.split()), timeout=timeout)


def told(folder: Path, name: str = "it") -> str:
    return (folder / "told" / name).read_text("utf-8")


def steps(shop: Workshop, name: str, step: str) -> list[dict[str, object]]:
    return [dict(each.data) for each in shop.ledger.steps(shop.job(name).id) if each.name == step]


def entry(shop: Workshop, name: str) -> str:
    job = shop.job(name)
    assert job.entry is not None
    return (shop.config.site.journal / job.entry).read_text("utf-8")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def post_of(shop: Workshop, name: str) -> Path:
    return shop.posts / str(shop.job(name).target)


def test_a_hook_is_told_everything_in_its_environment_and_as_json(tmp_path: Path) -> None:
    hooks = (hook(tmp_path, 'pwd > "$TOLD/it"; env -0 > "$TOLD/env"; cat > "$TOLD/json"; echo 好', words="a *"),)
    with workshop(tmp_path, Desk(waits=False), 1, hooks=hooks) as shop:
        shop.drop("甲.md")
        shop.drain()
        post, job = post_of(shop, "甲.md"), shop.job("甲.md")
        assert told(tmp_path) == f"{tmp_path}\n"
        environment = dict(line.split("=", 1) for line in told(tmp_path, "env").split("\0") if line)
        expected = {
            "OUTCOME": "published",
            "ID": job.id,
            "DRAFT": "甲.md",
            "SITE": str(tmp_path),
            "POST": str(post),
            "TITLE": TITLE,
            "JOURNAL": str(tmp_path / "_journal" / str(job.entry)),
            "PROBLEMS": "",
            "UNTIL": "",
            "OF": "",
            "COMMIT": "",
        }
        ours = {key.removeprefix("BLOGMETAD_"): value for key, value in environment.items() if "BLOGMETAD" in key}
        assert ours == expected
        facts = json.loads(told(tmp_path, "json"))
        assert (facts["outcome"], facts["post"], facts["until"]) == ("published", str(post), None)
        assert facts["title"] == TITLE
        assert facts["fields"]["title"] == TITLE
        assert Path(facts["journal"]).exists()
        (called,) = steps(shop, "甲.md", "called")
        assert (called["hook"], called["result"], called["output"]) == (f"{tmp_path}/hook a '*'", "exit code 0", "好")
        assert "called\n\n- hook: " in entry(shop, "甲.md")
        assert "- result: exit code 0\n" in entry(shop, "甲.md")
        assert "promised" not in entry(shop, "甲.md")


@pytest.mark.parametrize(
    ("name", "yaml", "title"),
    [
        ("-rf.md", "'--help'", "--help"),
        ("$(touch pwned).md", "'`touch pwned`; $(touch pwned)'", "`touch pwned`; $(touch pwned)"),
        ("a b'\"c.md", "'quotes '' and \" and \\'", "quotes ' and \" and \\"),
        ("换行.md", r'"first\nsecond"', "first second"),
        ("%s%n.md", "'{title} %s ${HOME}'", "{title} %s ${HOME}"),
        ("=x.md", r'"a\0b"', "a\ufffdb"),
    ],
)
def test_names_and_titles_are_text_whatever_is_in_them(tmp_path: Path, name: str, yaml: str, title: str) -> None:
    repo = make(tmp_path)
    script = 'printf %s "$BLOGMETAD_TITLE" > "$TOLD/it"; printf %s "$BLOGMETAD_DRAFT" > "$TOLD/name"'
    hooks = (hook(tmp_path, script),)
    with workshop(tmp_path, Desk(waits=False), 1, hooks=hooks, git=Git(commit=True)) as shop:
        shop.drop(name, f"---\ntitle: {yaml}\ndate: 2026-11-26\n---\n甲：正文。\n")
        (done,) = shop.drain()
        assert isinstance(done.outcome, Published), done
        assert (told(tmp_path), told(tmp_path, "name")) == (title, name)
        assert repo.message() == f"post: {title}"
        assert repo.changed() == [f"_posts/{done.outcome.filename}"]
        assert not list(tmp_path.rglob("pwned"))


def test_each_hook_hears_of_what_it_wants_to_hear(tmp_path: Path) -> None:
    facts = "|".join(f"$BLOGMETAD_{name}" for name in ("OUTCOME", "DRAFT", "UNTIL", "OF", "PROBLEMS"))
    script = f'echo "{facts}" >> "$TOLD/it"'
    hooks = (hook(tmp_path, script, "held", "parked", "duplicate"),)
    with workshop(tmp_path, Desk(waits=False), 1, hooks=hooks) as shop:
        for name, text in (
            ("甲.md", None),
            ("乙.md", "---\ndate: 2999-01-02\n---\n乙：以后再发。\n"),
            ("丙.md", "---\n---\n"),
            ("丁.md", "甲：大模型改变了写作的方式，这里说明如何改变，以及为什么。\n"),
        ):
            shop.drop(name, text)
            shop.drain()
        (shop.inbox / "folder.md").mkdir()
        shop.drain()
        lines = told(tmp_path).splitlines()
        held, parked, duplicate, odd = (line.split("|") for line in lines)
        assert held[:2] == ["held", "乙.md"]
        assert held[2].startswith("2999-01-0")
        assert parked[:2] == ["parked", "丙.md"]
        assert "丙.md" in parked[4]
        assert duplicate == ["duplicate", "丁.md", "", str(shop.job("甲.md").target), ""]
        assert odd[:2] == ["parked", "folder.md"]
        shop.drain()
        assert told(tmp_path).splitlines() == lines


def test_a_draft_that_stays_held_is_told_of_once(tmp_path: Path) -> None:
    hooks = (hook(tmp_path, 'echo "$BLOGMETAD_UNTIL" >> "$TOLD/it"', "held"),)
    for _ in range(3):
        with workshop(tmp_path, Desk(waits=False), 1, hooks=hooks) as shop:
            shop.runner.recover()
            if not shop.in_state(State.HELD):
                shop.drop("乙.md", "---\ndate: 2999-01-02\n---\n乙：以后再发。\n")
            shop.drain()
    assert len(told(tmp_path).splitlines()) == 1


@pytest.mark.parametrize(
    ("script", "result"),
    [
        ("echo no >&2; exit 7", "exit code 7"),
        ("kill -9 $$", "killed by signal 9"),
        ("sleep 600 & sleep 600", "ended after"),
        ("yes 洪水", "ended after"),
        ("setsid sleep 600 & echo $! >> $TOLD/daemons", "exit code 0"),
    ],
)
def test_a_hook_that_goes_wrong_is_told_and_harms_nothing(tmp_path: Path, script: str, result: str) -> None:
    bad = hook(tmp_path, script, timeout=0.5, name="bad")
    missing = Hook(on=("published",), command=("./not there",))
    good = hook(tmp_path, 'echo "$BLOGMETAD_DRAFT" >> "$TOLD/it"')
    with workshop(tmp_path, Desk(waits=False), 2, hooks=(bad, missing, good)) as shop:
        for name in ("甲.md", "乙.md"):
            shop.drop(name)
        shop.drain()
        assert shop.in_state(State.DONE) == ["乙.md", "甲.md"]
        assert sorted(told(tmp_path).split()) == ["乙.md", "甲.md"]
        for name in ("甲.md", "乙.md"):
            first, second, third = steps(shop, name, "called")
            assert str(first["result"]).startswith(result)
            assert str(second["result"]).startswith("cannot be started: No such file or directory")
            assert (second["hook"], third["result"]) == ("'./not there'", "exit code 0")
            assert str(second["result"]) in entry(shop, name).replace("\\", "")
    for pid in told(tmp_path, "daemons").split() if (tmp_path / "told/daemons").exists() else []:
        os.kill(int(pid), signal.SIGKILL)


def test_posts_do_not_wait_for_hooks_and_a_stop_does_not_either(tmp_path: Path) -> None:
    hanging = hook(tmp_path, 'echo "$BLOGMETAD_DRAFT" >> "$TOLD/it"; sleep 600', timeout=600)
    with workshop(tmp_path, Desk(waits=False), 1, hooks=(hanging,)) as shop:
        for name in ("甲.md", "乙.md", "丙.md"):
            shop.drop(name)
        while len(shop.in_state(State.DONE)) < 3:
            shop.round() if shop.news.wait(0.05) else shop.runner.round()
        until((tmp_path / "told/it").exists)
        began = time.monotonic()
        shop.runner.stop()
        assert time.monotonic() - began < 4
        assert steps(shop, "甲.md", "called")[0]["result"] == "ended, as blogmetad was asked to stop"
        assert "asked to stop" in entry(shop, "甲.md")
        assert steps(shop, "乙.md", "called") == []
    quick = hanging.model_copy(update={"command": (str(tmp_path / "hook"),)})
    (tmp_path / "hook").write_text(f"#!/bin/sh\necho $BLOGMETAD_DRAFT >> {tmp_path}/told/it\n")
    with workshop(tmp_path, Desk(waits=False), 1, hooks=(quick,)) as shop:
        shop.runner.recover()
        shop.drain()
        assert told(tmp_path).split() == ["甲.md", "乙.md", "丙.md"]
        assert [len(steps(shop, name, "announced")) for name in ("甲.md", "乙.md", "丙.md")] == [1, 1, 1]


def test_a_hook_that_was_cut_off_is_not_called_again_and_the_ones_behind_it_are(tmp_path: Path) -> None:
    first = hook(tmp_path, 'echo first >> "$TOLD/it"', name="first")
    second = hook(tmp_path, 'echo second >> "$TOLD/it"', name="second")
    with workshop(tmp_path, Desk(waits=False), 1) as shop:
        shop.drop("甲.md")
        shop.drain()
        job = shop.job("甲.md")
        for name, data in (("promised", {"outcome": "published"}), ("calling", {"hook": f"{tmp_path}/first"})):
            shop.ledger.step(job.id, name, data, job.updated)
    with workshop(tmp_path, Desk(waits=False), 1, hooks=(first, second)) as shop:
        shop.runner.recover()
        shop.drain()
        assert told(tmp_path).split() == ["second"]
        cut, called = steps(shop, "甲.md", "called")
        assert cut == {"hook": f"{tmp_path}/first", "result": "blogmetad ended while it ran; it is not called again"}
        assert called["result"] == "exit code 0"
    with workshop(tmp_path, Desk(waits=False), 1, hooks=(first, second)) as shop:
        shop.runner.recover()
        shop.drain()
        assert told(tmp_path).split() == ["second"]


def test_a_post_that_was_placed_before_a_crash_is_told_of_at_the_next_start(tmp_path: Path) -> None:
    hooks = (hook(tmp_path, 'echo "$BLOGMETAD_POST" >> "$TOLD/it"'),)
    with workshop(tmp_path, Desk(waits=False), 1, hooks=hooks) as shop:
        shop.drop("甲.md")
        shop.runner.round()
        until(lambda: shop.job("甲.md").state is State.PUBLISHED)
        until(lambda: shop.news.is_set())
        assert not (tmp_path / "told/it").exists()
    # the round that would have closed the draft never came; leaving the workshop closed it, as a stop does
    with workshop(tmp_path, Desk(waits=False), 1, hooks=hooks) as shop:
        shop.runner.recover()
        shop.drain()
        assert told(tmp_path).split() == [str(post_of(shop, "甲.md"))]


def test_posts_from_before_there_were_hooks_are_not_told_of(tmp_path: Path) -> None:
    with workshop(tmp_path, Desk(waits=False), 1) as shop:
        shop.drop("甲.md")
        shop.drain()
    make(tmp_path)
    hooks = (hook(tmp_path, 'echo "$BLOGMETAD_DRAFT" >> "$TOLD/it"'),)
    with workshop(tmp_path, Desk(waits=False), 1, hooks=hooks, git=Git(commit=True)) as shop:
        shop.runner.recover()
        shop.drop("乙.md")
        shop.drain()
        assert told(tmp_path).split() == ["乙.md"]
        assert steps(shop, "甲.md", "committed") == []


def test_a_post_is_committed_before_hooks_are_called_and_they_are_told_the_commit(tmp_path: Path) -> None:
    repo = make(tmp_path)
    repo.write("about.md", "changed\n")
    repo.write("new.md", "staged\n")
    repo.git("add", "new.md")
    script = 'git -C "$BLOGMETAD_SITE" log -1 --format=%H > "$TOLD/it"; echo "$BLOGMETAD_COMMIT" >> "$TOLD/it"'
    with workshop(tmp_path, Desk(waits=False), 2, hooks=(hook(tmp_path, script),), git=Git(commit=True)) as shop:
        shop.drop("甲.md")
        shop.drain()
        assert told(tmp_path).split() == [repo.head(), repo.head()]
        assert (repo.message(), repo.changed()) == (f"post: {TITLE}", [f"_posts/{shop.job('甲.md').target}"])
        assert repo.git("diff", "--cached", "--name-only").split() == ["new.md"]
        assert f"- commit: {repo.head()}\n" in entry(shop, "甲.md")
        shop.drop("乙.md")
        shop.drop("丙.md")
        shop.drain()
        assert sorted(repo.git("log", "-2", "--format=%s").split("\n")[:2]) == ["post: 丙", "post: 乙"]


def test_a_revision_is_a_commit_of_its_own_and_an_undo_after_it_takes_the_post_out(tmp_path: Path) -> None:
    repo = make(tmp_path)
    hooks = (hook(tmp_path, 'echo "$BLOGMETAD_OUTCOME $BLOGMETAD_TITLE" >> "$TOLD/it"', "revised", "undone"),)
    with workshop(tmp_path, Desk(waits=False), 1, hooks=hooks, git=Git(commit=True)) as shop:
        shop.drop("甲.md")
        shop.drain()
        post, job = post_of(shop, "甲.md"), shop.job("甲.md")
        post.write_text(post.read_text("utf-8").replace("甲", "更短", 1), "utf-8")
        announcer = Announcer(shop.config, shop.ledger, now, lambda: True)
        assert announcer.promise(job.id, "revised")
        shop.ledger.move(job.id, State.DONE, now(), post_sha256=sha256(post.read_bytes()))
        assert announcer.due(job.id)
        announcer.keep(job.id)
        assert (repo.message(), repo.changed()) == ('Revise "post: 更短"', [f"_posts/{post.name}"])
        assert told(tmp_path) == "revised 更短\n"
        announcer.keep(job.id)
        assert told(tmp_path) == "revised 更短\n"
        change = {"field": "title", "before": "甲", "after": "更短"}
        shop.ledger.step(job.id, "revised", {"words": "短一点", "changes": [change]}, now())
        announcer.promise(job.id, "undone")
        assert isinstance(undo(shop.placer, shop.job("甲.md")), Undone)
        announcer.keep(job.id)
        assert repo.message() == 'Undo "post: 甲"'
        assert told(tmp_path) == "revised 更短\nundone 更短\n"
        assert repo.of_post(post.name) == ""


def test_why_a_post_is_not_committed_is_in_the_journal_and_the_post_is_there_all_the_same(tmp_path: Path) -> None:
    repo = make(tmp_path)
    repo.git("checkout", "--quiet", "--detach")
    with workshop(tmp_path, Desk(waits=False), 1, git=Git(commit=True)) as shop:
        shop.drop("甲.md")
        shop.drain()
        assert post_of(shop, "甲.md").exists()
        assert "not committed\n\n- reason: No branch is checked out in the repository" in entry(shop, "甲.md")


def test_a_push_that_fails_is_told_and_the_next_post_takes_the_commit_along(tmp_path: Path) -> None:
    repo = make(tmp_path / "blog")
    server = tmp_path / "server.git"
    git = Git(commit=True, push=True, message="新文章：{title}（{post}）")
    with workshop(repo.root, Desk(waits=False), 1, git=git) as shop:
        shop.drop("甲.md")
        shop.drain()
        assert "has no upstream" in str(steps(shop, "甲.md", "not pushed")[0]["reason"])
        repo.git("init", "--quiet", "--bare", "--initial-branch=main", str(server))
        repo.git("remote", "add", "origin", str(server))
        repo.git("push", "--quiet", "--set-upstream", "origin", "HEAD~1:refs/heads/main")
        repo.git("branch", "--quiet", "--set-upstream-to=origin/main")
        shop.drop("乙.md")
        shop.drain()
        assert steps(shop, "乙.md", "pushed") == [{}]
        assert Repo(server, server).git("rev-parse", "main").strip() == repo.head()
        assert repo.message() == f"新文章：乙（{shop.job('乙.md').target}）"


def test_without_being_asked_nothing_is_committed_and_nothing_pushed(tmp_path: Path) -> None:
    repo = make(tmp_path / "blog")
    head = repo.head()
    with workshop(repo.root, Desk(waits=False), 1) as shop:
        shop.drop("甲.md")
        shop.drain()
        assert repo.head() == head
    repo.hook("pre-push", f"touch {tmp_path}/pushed")
    with workshop(repo.root, Desk(waits=False), 1, git=Git(commit=True)) as shop:
        shop.drop("乙.md")
        shop.drain()
        assert repo.head() != head
    assert not (tmp_path / "pushed").exists()


def test_what_blogmetad_was_told_in_its_environment_is_not_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make(tmp_path / "other")
    secrets = {
        "GIT_DIR": str(other.root / ".git"),
        "GIT_INDEX_FILE": str(other.root / ".git/index"),
        "NOTIFY_SOCKET": "/nowhere",
        "BLOGMETAD_CONFIG": "/nowhere",
        "MY_KEY": "s3cret",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    hooks = (hook(tmp_path, 'env > "$TOLD/it"'),)
    repo = Repo(tmp_path / "blog", tmp_path / "blog/_posts")
    make(repo.root)
    head = other.head()
    server = Server(key_variable="MY_KEY")
    with workshop(repo.root, Desk(waits=False), 1, hooks=hooks, git=Git(commit=True), server=server) as shop:
        shop.drop("甲.md")
        shop.drain()
    assert set(re.findall(r"(?m)^(\w+)=", told(tmp_path))) & set(secrets) == set()
    assert (repo.message(), other.head()) == (f"post: {TITLE}", head)


def test_the_desktop_is_told_in_plain_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = hook(tmp_path, 'printf "%s\\n" "$@" >> "$TOLD/it"', name="notify-send")
    monkeypatch.setenv("PATH", f"{Path(sender.command[0]).parent}:{os.environ['PATH']}")
    with workshop(tmp_path, Desk(waits=False), 1, notify=Notify(desktop=True)) as shop:
        shop.drop("甲.md", "---\ntitle: '-<b>甲</b> & \\n乙'\ndate: 2026-11-26\n---\n甲：正文。\n")
        shop.drain()
        shop.drop("<i>x&y.md", "---\n---\n")
        shop.drain()
        first, second = told(tmp_path).split("--app-name=blogmetad\n--icon=text-x-generic\n--\n")[1:]
        assert first == f"Published: -<b>甲</b> & \\n乙\n{shop.job('甲.md').target}\n"
        assert second.startswith("Needs you: <i>x&y.md\n")
        assert "&lt;i&gt;x&amp;y.md" in second


def test_a_desktop_that_cannot_be_told_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with workshop(tmp_path, Desk(waits=False), 1, notify=Notify(desktop=True)) as shop:
        shop.drop("甲.md")
        (done,) = shop.drain()
        assert isinstance(done.outcome, Published)
        assert len(steps(shop, "甲.md", "announced")) == 1
