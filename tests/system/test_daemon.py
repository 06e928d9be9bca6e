"""The daemon as people run it: a real process, a real model (tiny), real signals."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from blogmetad import matter
from blogmetad.journal.ledger import State
from blogmetad.upkeep import AGAIN
from tests.system.blog import CHINESE, Blog, make_blog


@pytest.fixture
def blog(tmp_path: Path, tiny_model: Path) -> Blog:
    return make_blog(tmp_path / "博客", tiny_model)


def fields_of(post: Path) -> dict[str, object]:
    head = matter.split(post.read_bytes()).head
    assert head is not None
    return dict(matter.parse(head) or {})


def test_a_dropped_draft_becomes_a_post_with_a_journal_entry(blog: Blog) -> None:
    with blog.daemon() as daemon:
        blog.drop("草稿.md", CHINESE)
        job = daemon.wait_for("草稿.md", State.DONE)
    (name,) = blog.published()
    post = blog.posts / name
    assert name == job.target
    assert matter.split(post.read_bytes()).body.lstrip(b"\n") == CHINESE.encode()
    fields = fields_of(post)
    assert list(fields) == ["layout", "title", "date", "description", "tags", "categories", "giscus_comments", "toc"]
    assert str(fields["title"]).isascii()
    assert list(blog.inbox.iterdir()) == []
    entry = (blog.journal / str(job.entry)).read_text("utf-8")
    assert job.id in entry
    assert "## " in entry
    assert "预写日志" not in entry.replace("草稿", "")
    assert (blog.root / ".blogmetad" / "retired" / job.id).read_bytes() == CHINESE.encode()


def test_the_posts_are_known_before_the_first_draft_needs_them(blog: Blog) -> None:
    (blog.posts / "2025-01-02-检查点.md").write_text("---\ntitle: 检查点\n---\n正文。\n", "utf-8")
    for read in (1, 0):
        with blog.daemon() as daemon:
            daemon.wait(lambda daemon=daemon: daemon.said("posts known"))  # type: ignore[misc]
            (known,) = daemon.said("posts known")
        assert (known["posts"], known["read"]) == (len(blog.published()), read)


def test_the_same_draft_gives_the_same_bytes_on_two_sites(tmp_path: Path, tiny_model: Path) -> None:
    contents = []
    for root in ("甲", "乙"):
        blog = make_blog(tmp_path / root, tiny_model)
        with blog.daemon() as daemon:
            blog.drop("draft.md", "Before.\n\n" + CHINESE)
            daemon.wait_for("draft.md", State.DONE)
        (name,) = blog.published()
        contents.append((name, (blog.posts / name).read_bytes()))
    assert contents[0] == contents[1]


def test_what_the_author_wrote_stays_to_the_byte(blog: Blog) -> None:
    head = "title:   '我的标题: 引号'   # 注释\ntags: [手写, \"AI\"]\n"
    with blog.daemon() as daemon:
        blog.drop("own.md", f"---\n{head}---\n{CHINESE}")
        daemon.wait_for("own.md", State.DONE)
    (name,) = blog.published()
    raw = (blog.posts / name).read_bytes()
    for line in head.encode().splitlines():
        assert line + b"\n" in raw
    fields = fields_of(blog.posts / name)
    assert fields["title"] == "我的标题: 引号"
    assert fields["tags"] == ["手写", "AI"]
    assert {"layout", "description", "categories", "toc"} <= set(fields)


def test_bad_drafts_stay_with_a_message_and_the_next_one_is_published(blog: Blog) -> None:
    bad = {
        "空.md": b"",
        "binary.md": b"\x00\x01\x02" * 100,
        "short.md": "太短了".encode(),
        "broken.md": f"---\ntitle: [没有关上\ntags: a\n---\n{CHINESE}".encode(),
    }
    with blog.daemon() as daemon:
        for name, raw in bad.items():
            blog.drop(name, raw)
        blog.drop("good.md", CHINESE)
        daemon.wait_for("good.md", State.DONE)
        for name in bad:
            daemon.wait_for(name, State.PARKED)
    assert {name: (blog.inbox / name).read_bytes() for name in bad} == bad
    status = blog.command("status", "--json")
    for name in bad:
        job = blog.job(name)
        assert job is not None
        assert job.problems[0].message in status.stdout.replace('\\"', '"')
        assert "needs you" in (blog.journal / str(job.entry)).read_text("utf-8")
    assert len(blog.published()) == 1


POISON = {
    "half.md": 'note: "\\uD800"',
    "late.md": "date: 9999-12-31 23:59:59 -1200",
    "hex.md": f"x: 0x{'f' * 5000}",
    "nan.md": "x: .nan",
    "titel.md": 'title: "\\uD800半"',
    "null.md": "x: {a: [1, .inf]}",
}


def test_values_no_post_can_hold_park_their_draft_and_stop_nothing(blog: Blog) -> None:
    with blog.daemon() as daemon:
        for name, line in POISON.items():
            blog.drop(name, f"---\n{line}\n---\n{CHINESE}")
        blog.drop("zuletzt.md", "好的一篇。\n\n" + CHINESE)
        daemon.wait_for("zuletzt.md", State.DONE)
        for name in POISON:
            daemon.wait_for(name, State.PARKED)
        assert daemon.said("unexpected") == []
        assert daemon.stop() == 0
    assert len(blog.published()) == 1


def test_a_draft_that_comes_back_after_its_post_was_edited_is_not_published_again(blog: Blog) -> None:
    with blog.daemon() as daemon:
        blog.drop("draft.md", CHINESE)
        job = daemon.wait_for("draft.md", State.DONE)
        with (blog.posts / str(job.target)).open("a", encoding="utf-8") as post:
            post.write("后来补的一句。\n")
        blog.drop("draft.md", CHINESE)
        daemon.wait_for("draft.md", State.DUPLICATE)
    assert blog.published() == [job.target]


def test_two_drafts_with_one_body_dropped_together_become_one_post(blog: Blog) -> None:
    for name in ("a", "b"):
        blog.drop(f"{name}.md", f"---\ntitle: The Title of {name}\n---\n{CHINESE}")
    with blog.daemon() as daemon:
        daemon.wait(lambda: len(blog.jobs(State.DONE)) == 1 and len(blog.jobs(State.DUPLICATE)) == 1)
    assert len(blog.published()) == 1


def test_the_posts_folder_may_go_and_come_back(blog: Blog) -> None:
    with blog.daemon() as daemon:
        blog.drop("first.md", "短")
        daemon.wait_for("first.md", State.PARKED)
        away = blog.posts.rename(blog.root / "weg")
        blog.drop("first.md", CHINESE)
        daemon.wait(lambda: daemon.said("folder trouble"))
        time.sleep(AGAIN + 1)
        assert len(daemon.said("folder trouble")) == 1
        away.rename(blog.posts)
        daemon.wait_for("first.md", State.DONE)
        assert len(daemon.said("the folders are well again")) == 1
    assert len(blog.published()) == 1


def test_a_parked_draft_is_taken_up_again_once_it_is_saved(blog: Blog) -> None:
    with blog.daemon() as daemon:
        blog.drop("draft.md", "短")
        daemon.wait_for("draft.md", State.PARKED)
        blog.drop("draft.md", CHINESE)
        daemon.wait_for("draft.md", State.DONE)
    assert len(blog.published()) == 1


def test_a_draft_with_a_future_date_is_held_and_placed_at_its_time_across_a_restart(blog: Blog) -> None:
    due = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=6)
    text = f"---\ndate: {due:%Y-%m-%d %H:%M:%S} +0000\n---\n{CHINESE}"
    with blog.daemon() as daemon:
        blog.drop("later.md", text)
        daemon.wait_for("later.md", State.HELD)
        assert blog.published() == []
        assert daemon.stop() == 0
    with blog.daemon() as daemon:
        daemon.wait_for("later.md", State.DONE)
    assert dt.datetime.now(dt.UTC) >= due.replace(microsecond=0)
    assert len(blog.published()) == 1


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_worker_killed_over_a_draft_is_replaced_and_the_draft_published(blog: Blog, number: int) -> None:
    with blog.daemon() as daemon:
        blog.drop("first.md", CHINESE)
        daemon.wait_for("first.md", State.DONE)
        (worker,) = psutil.Process(daemon.process.pid).children()
        worker.suspend()
        blog.drop("second.md", "第二篇。\n\n" + CHINESE)
        daemon.wait(lambda: (job := blog.job("second.md")) is not None and job.attempts > 0)
        worker.send_signal(number)
        worker.resume()
        job = daemon.wait_for("second.md", State.DONE)
    assert job.attempts == 2
    assert [line["draft"] for line in daemon.said("worker lost")] == ["second.md"]
    assert len(blog.published()) == 2


def test_a_draft_that_costs_three_workers_is_parked_and_the_next_one_published(blog: Blog) -> None:
    with blog.daemon() as daemon:
        blog.drop("first.md", CHINESE)
        daemon.wait_for("first.md", State.DONE)
        (worker,) = psutil.Process(daemon.process.pid).children()
        worker.suspend()
        blog.drop("poison.md", "毒药。\n\n" + CHINESE)
        for attempt in (1, 2, 3):
            daemon.wait(lambda n=attempt: (job := blog.job("poison.md")) is not None and job.attempts == n)
            kill_workers(daemon.process.pid)
        job = daemon.wait_for("poison.md", State.PARKED)
        blog.drop("next.md", "下一篇。\n\n" + CHINESE)
        daemon.wait_for("next.md", State.DONE)
    assert job.problems[0].rule == "model.lost"
    assert (blog.inbox / "poison.md").exists()


def kill_workers(pid: int) -> None:
    """Kill the model's process, whichever it is, until it is gone."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        children = psutil.Process(pid).children()
        for child in children:
            child.kill()
        if children:
            return
        time.sleep(0.001)


def test_sigterm_abandons_the_current_draft_and_the_next_start_takes_it_up(blog: Blog) -> None:
    with blog.daemon() as daemon:
        blog.drop("first.md", CHINESE)
        daemon.wait_for("first.md", State.DONE)
        (worker,) = psutil.Process(daemon.process.pid).children()
        worker.suspend()
        blog.drop("second.md", "第二篇。\n\n" + CHINESE)
        daemon.wait(lambda: (job := blog.job("second.md")) is not None and job.attempts > 0)
        began = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began < 5
        assert not worker.is_running()
    assert (blog.inbox / "second.md").exists()
    with blog.daemon() as daemon:
        daemon.wait_for("second.md", State.DONE)
    assert len(blog.published()) == 2


def test_a_daemon_killed_at_any_moment_leaves_exactly_one_post_a_draft(tmp_path: Path, tiny_model: Path) -> None:
    for delay in (0.0, 0.12, 0.2, 0.3, 0.45, 0.6):
        blog = make_blog(tmp_path / f"博客{delay}", tiny_model)
        with blog.daemon() as daemon:
            blog.drop("draft.md", CHINESE)
            time.sleep(delay)
            daemon.kill()
        with blog.daemon() as daemon:
            daemon.wait_for("draft.md", State.DONE)
        (name,) = blog.published()
        assert matter.split((blog.posts / name).read_bytes()).body.lstrip(b"\n") == CHINESE.encode()
        assert list(blog.inbox.iterdir()) == []
        assert len(list(blog.journal.iterdir())) == 1


def test_a_second_instance_refuses_and_says_who_runs(blog: Blog) -> None:
    with blog.daemon() as daemon:
        second = blog.command("run")
        once = blog.command("once")
    assert second.returncode == once.returncode == 3
    assert str(daemon.process.pid) in second.stderr


def test_an_idle_daemon_unloads_the_model_and_is_small_and_quiet(tmp_path: Path, tiny_model: Path) -> None:
    blog = make_blog(tmp_path / "blog", tiny_model, extra="idle_seconds = 0.5")
    with blog.daemon() as daemon:
        blog.drop("draft.md", CHINESE)
        daemon.wait_for("draft.md", State.DONE)
        daemon.wait(lambda: daemon.said("model unloaded"))
        process = psutil.Process(daemon.process.pid)
        assert process.children() == []
        before = process.cpu_times()
        time.sleep(2)
        after = process.cpu_times()
        assert process.memory_info().rss < 80 * 1024 * 1024
        # Two clock ticks in two seconds: the resolution of the measurement, not a time limit.
        assert (after.user + after.system) - (before.user + before.system) <= 0.02
        blog.drop("again.md", "再来一篇。\n\n" + CHINESE)
        daemon.wait_for("again.md", State.DONE)


def test_systemd_hears_ready_and_signs_of_life(blog: Blog, tmp_path: Path) -> None:
    import socket

    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(20)
        with blog.daemon(NOTIFY_SOCKET=address, WATCHDOG_USEC="900000") as daemon:
            heard = [listener.recv(256).decode() for _ in range(4)]
            daemon.stop()
            rest = ""
            while "STOPPING=1" not in rest:
                rest = listener.recv(256).decode()
    assert heard[0].startswith("READY=1")
    assert "WATCHDOG=1" in heard


def test_the_drafts_folder_may_go_and_come_back(blog: Blog) -> None:
    with blog.daemon() as daemon:
        away = blog.inbox.rename(blog.root / "weg")
        daemon.wait(lambda: daemon.said("drafts folder is away"))
        away.rename(blog.inbox)
        blog.drop("draft.md", CHINESE)
        daemon.wait_for("draft.md", State.DONE)


def test_a_file_that_is_still_being_copied_is_not_taken(blog: Blog) -> None:
    with blog.daemon() as daemon:
        with (blog.inbox / "slow.md").open("wb") as file:
            for part in CHINESE.encode().splitlines(keepends=True):
                file.write(part)
                file.flush()
                time.sleep(0.25)
                assert blog.published() == []
        daemon.wait_for("slow.md", State.DONE)
    (name,) = blog.published()
    assert matter.split((blog.posts / name).read_bytes()).body.lstrip(b"\n") == CHINESE.encode()


def test_a_draft_dropped_twice_is_published_once(blog: Blog) -> None:
    with blog.daemon() as daemon:
        blog.drop("one.md", CHINESE)
        daemon.wait_for("one.md", State.DONE)
        blog.drop("two.md", CHINESE)
        daemon.wait_for("two.md", State.DUPLICATE)
    assert len(blog.published()) == 1
    assert list(blog.inbox.iterdir()) == []


def test_undo_gives_the_draft_back_while_the_daemon_runs_and_it_is_left_alone(blog: Blog) -> None:
    with blog.daemon() as daemon:
        blog.drop("草稿.md", CHINESE)
        job = daemon.wait_for("草稿.md", State.DONE)
        undone = blog.command("undo", job.id)
        assert undone.returncode == 0, undone.stderr
        assert (blog.inbox / "草稿.md").read_bytes() == CHINESE.encode()
        assert blog.published() == []
        time.sleep(1)
        assert blog.published() == []
        os.utime(blog.inbox / "草稿.md")
        daemon.wait(lambda: blog.published())
