from __future__ import annotations

import ctypes
import errno
import os
import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from placing import NOW, POST, RAW, Desk

from blogmetad import files
from blogmetad.journal.ledger import State
from blogmetad.outcomes import Published, Superseded
from blogmetad.publish import folders
from blogmetad.publish.names import numbered, numbered_on
from blogmetad.publish.place import Placer
from blogmetad.publish.undo import Undone, undo
from blogmetad.values import Post

EDITED = RAW + "补充。\n".encode()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def before(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[Path], object]) -> None:
    """Something happens just before the first call of one of the writer's functions."""
    real = getattr(files, name)
    done: list[bool] = []

    def hooked(source: Path, target: Path) -> None:
        if not done:
            done.append(True)
            act(target)
        real(source, target)

    monkeypatch.setattr(files, name, hooked)


def crash(*_: Path) -> None:
    raise KeyboardInterrupt


def test_a_post_is_placed_and_its_draft_retired_byte_for_byte(desk: Desk) -> None:
    job = desk.accept()

    outcome = desk.placer.place(job, POST)

    assert outcome == Published(POST.filename, POST.sha256)
    assert desk.posts() == {POST.filename: POST.content}
    assert not desk.draft().exists()
    assert (desk.folders.retired / job.id).read_bytes() == RAW
    assert desk.placer.original(job.id) == RAW
    assert desk.job(job).state is State.PUBLISHED


def test_finishing_commits_the_last_step_and_clears_the_stage(desk: Desk) -> None:
    job = desk.accept()
    desk.placer.place(job, POST)
    assert desk.staged() == [job.id]

    desk.placer.finish(job, "done", {"post": POST.filename})

    assert desk.job(job).state is State.DONE
    assert [step.name for step in desk.ledger.steps(job.id)] == ["staged", "published", "retired", "done"]
    assert desk.staged() == []


def test_the_public_post_is_readable_by_everyone_and_the_original_by_nobody_else(desk: Desk) -> None:
    old = os.umask(0o022)
    try:
        job = desk.publish()
    finally:
        os.umask(old)

    assert desk.post().stat().st_mode & 0o777 == 0o644
    assert (desk.folders.originals / job.id).stat().st_mode & 0o777 == 0o600


def test_a_draft_in_a_subfolder_is_retired_from_there(desk: Desk) -> None:
    desk.publish("系列/一.md")

    assert not desk.draft("系列/一.md").exists()
    assert desk.draft("系列").is_dir()


def test_a_taken_name_is_never_overwritten_and_the_next_one_is_used(desk: Desk) -> None:
    desk.post().write_bytes(b"theirs")
    desk.post("2025-04-29-causal-2.md").write_bytes(b"theirs too")

    job = desk.publish()

    assert job.target == "2025-04-29-causal-3.md"
    assert desk.posts() == {
        POST.filename: b"theirs",
        "2025-04-29-causal-2.md": b"theirs too",
        "2025-04-29-causal-3.md": POST.content,
    }


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("2025-04-29-CAUSAL.MD", "2025-04-29-causal.md"),
        (unicodedata.normalize("NFD", "2025-04-29-café.md"), unicodedata.normalize("NFC", "2025-04-29-café.md")),
    ],
    ids=["case", "normal form"],
)
def test_another_spelling_of_the_name_counts_as_taken(desk: Desk, theirs: str, ours: str) -> None:
    desk.post(theirs).write_bytes(b"theirs")

    job = desk.publish(post=Post(ours, POST.content))

    assert job.target == ours.removesuffix(".md") + "-2.md"


def test_a_post_with_our_bytes_under_our_name_is_ours(desk: Desk) -> None:
    desk.post().write_bytes(POST.content)

    desk.publish()

    assert desk.posts() == {POST.filename: POST.content}


def test_a_name_taken_between_look_and_link_is_left_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.accept()
    before(monkeypatch, "link_new", lambda target: target.write_bytes("别人的".encode()))

    outcome = desk.placer.place(job, POST)

    assert outcome == Published("2025-04-29-causal-2.md", POST.sha256)
    assert desk.post().read_bytes() == "别人的".encode()
    assert desk.job(job).target == "2025-04-29-causal-2.md"


def test_a_job_is_superseded_for_the_reason_its_caller_gives(desk: Desk) -> None:
    job = desk.accept()

    assert desk.placer.supersede(job, "重来一次") == Superseded()
    assert desk.job(job).state is State.SUPERSEDED
    assert desk.ledger.steps(job.id)[-1].data == {"because": "重来一次"}


def test_a_draft_saved_again_before_its_post_has_a_name_is_superseded(desk: Desk) -> None:
    job = desk.accept()
    desk.draft().write_bytes(EDITED)

    outcome = desk.placer.place(job, POST)

    assert outcome == Superseded()
    assert desk.posts() == {}
    assert desk.draft().read_bytes() == EDITED
    assert desk.job(job).state is State.SUPERSEDED
    assert desk.job(job).target is None
    assert desk.staged() == []
    assert desk.placer.original(job.id) == RAW


@pytest.mark.parametrize(
    "swap",
    [lambda _: None, lambda path: path.symlink_to("/etc/hostname"), os.mkfifo, os.mkdir],
    ids=["removed", "symbolic link", "fifo", "folder"],
)
def test_a_draft_that_is_no_file_any_more_is_not_published(desk: Desk, swap: Callable[[Path], None]) -> None:
    job = desk.accept()
    desk.draft().unlink()
    swap(desk.draft())

    assert desk.placer.left(job)
    assert desk.placer.place(job, POST) == Superseded()
    assert desk.posts() == {}


def test_a_draft_saved_again_after_the_link_stays_as_a_new_draft(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.accept()
    before(monkeypatch, "link_new", lambda _: desk.draft().write_bytes(EDITED))

    outcome = desk.placer.place(job, POST)

    assert isinstance(outcome, Published)
    assert desk.draft().read_bytes() == EDITED
    assert desk.ledger.steps(job.id)[-1].data == {"draft": "因果.md", "newer version kept": "因果.md"}


def test_a_draft_saved_again_between_look_and_rename_is_given_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.accept()
    before(monkeypatch, "move", lambda _: desk.draft().write_bytes(EDITED))

    desk.placer.place(job, POST)

    assert desk.draft().read_bytes() == EDITED
    assert desk.draft().stat().st_nlink == 1
    assert list(desk.folders.retired.iterdir()) == []
    assert desk.placer.original(job.id) == RAW


def test_a_newer_version_never_overwrites_yet_another_one(desk: Desk) -> None:
    job = desk.accept()
    (desk.folders.retired / job.id).write_bytes(EDITED)
    desk.draft().write_bytes(b"yet another")

    assert desk.placer.retire(job) == "因果-2.md"
    assert desk.draft().read_bytes() == b"yet another"
    assert desk.draft("因果-2.md").read_bytes() == EDITED


def test_giving_back_is_finished_when_a_crash_left_both_names(desk: Desk) -> None:
    job = desk.accept()
    desk.draft().write_bytes(EDITED)
    (desk.folders.retired / job.id).hardlink_to(desk.draft())

    assert desk.placer.retire(job) == "因果.md"
    assert desk.draft().read_bytes() == EDITED
    assert desk.draft().stat().st_nlink == 1


def test_a_draft_whose_two_names_are_one_file_is_still_retired(desk: Desk) -> None:
    job = desk.accept()
    (desk.folders.retired / job.id).hardlink_to(desk.draft())

    assert desk.placer.retire(job) is None
    assert not desk.draft().exists()
    assert (desk.folders.retired / job.id).read_bytes() == RAW


def test_a_duplicate_is_set_aside_without_a_post(desk: Desk) -> None:
    job = desk.accept()

    assert desk.placer.retire(job) is None
    assert not desk.draft().exists()
    assert (desk.folders.retired / job.id).read_bytes() == RAW


def test_placing_again_goes_on_with_the_post_that_is_already_staged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.accept()

    def full(*_: Path) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "link_new", full)
        with pytest.raises(OSError, match="no space"):
            desk.placer.place(job, POST)
    outcome = desk.placer.place(job, Post(POST.filename, b"another attempt"))

    assert outcome == Published(POST.filename, POST.sha256)
    assert desk.posts() == {POST.filename: POST.content}


def test_a_damaged_stage_is_made_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.accept()
    with monkeypatch.context() as patch:
        patch.setattr(files, "link_new", crash)
        with pytest.raises(KeyboardInterrupt):
            desk.placer.place(job, POST)
    (desk.folders.stage / job.id).write_bytes(b"garbage")

    assert desk.placer.place(job, POST) == Published(POST.filename, POST.sha256)
    assert desk.posts() == {POST.filename: POST.content}


def test_a_finished_job_is_not_placed_twice(desk: Desk) -> None:
    job = desk.publish()

    with pytest.raises(ValueError, match="done already"):
        desk.placer.place(job, POST)


@pytest.mark.parametrize("name", ["../x.md", "/etc/x.md", "a/b.md", ".hidden.md", ""])
def test_a_post_cannot_leave_the_posts_folder(desk: Desk, name: str) -> None:
    with pytest.raises(ValueError, match="not a file name"):
        desk.placer.place(desk.accept(), Post(name, b""))

    assert desk.posts() == {}


def test_keeping_the_same_original_twice_is_fine_and_a_stranger_is_kept_too(desk: Desk) -> None:
    desk.placer.keep_original("20250429-abcdef", b"stranger")
    desk.placer.keep_original("20250429-abcdef", RAW)
    desk.placer.keep_original("20250429-abcdef", RAW)

    assert desk.placer.original("20250429-abcdef") == RAW
    assert [p.read_bytes() for p in (desk.folders.state / "quarantine").iterdir()] == [b"stranger"]


def test_good_folders_have_no_problems_and_the_probe_leaves_nothing(desk: Desk) -> None:
    assert desk.placer.probe() == ()
    assert list(desk.folders.posts.iterdir()) == []
    assert list(desk.folders.drafts.iterdir()) == []


def test_the_probe_clears_away_what_an_earlier_one_left_that_was_killed(desk: Desk) -> None:
    for folder in (desk.folders.posts, desk.folders.drafts):
        (folder / ".blogmetad-trial.tmp-0123456789ab").write_bytes(b"")
        (folder / "..blogmetad-trial.tmp-0123456789ab.tmp-ba9876543210").write_bytes(b"")
        (folder / ".草稿.tmp-作者的").write_bytes(RAW)

    assert desk.placer.probe() == ()

    for folder in (desk.folders.posts, desk.folders.drafts):
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {".草稿.tmp-作者的": RAW}


def test_all_missing_folders_are_told_at_once(desk: Desk) -> None:
    desk.folders.posts.rmdir()
    desk.folders.drafts.rmdir()

    problems = desk.placer.probe()

    assert [(p.rule, p.field) for p in problems] == [("folder.missing", "drafts"), ("folder.missing", "posts")]
    assert str(desk.folders.drafts) in problems[0].message


def without_links(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, "operation not permitted")


def test_where_files_have_one_name_only_everything_goes_on_and_nothing_is_overwritten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", without_links)
    desk.post().write_bytes("别人的".encode())

    assert desk.placer.probe() == ()
    job = desk.publish()

    assert desk.posts() == {POST.filename: "别人的".encode(), "2025-04-29-causal-2.md": POST.content}
    assert undo(desk.placer, job) == Undone("因果.md", "2025-04-29-causal-2.md")
    assert desk.draft().read_bytes() == RAW


def test_where_names_could_be_overwritten_that_is_told_before_anything_is_at_stake(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", without_links)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace())

    problems = desk.placer.probe()

    assert {(p.rule, p.field) for p in problems} == {
        ("folder.links", "state"),
        ("folder.links", "posts"),
        ("folder.links", "drafts"),
    }


def test_what_is_wrong_with_folders_shows_at_a_glance(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folders.at_a_glance(desk.folders) == ()

    desk.folders.posts.rmdir()
    monkeypatch.setattr(os, "access", lambda path, _: path != desk.folders.drafts)

    problems = folders.at_a_glance(desk.folders)
    assert [(p.rule, p.field) for p in problems] == [("folder.missing", "posts"), ("folder.unwritable", "drafts")]


def test_a_draft_that_a_program_opens_again_waits_and_its_post_with_it(desk: Desk) -> None:
    job = desk.accept()
    writing = [True, False]
    placer = Placer(desk.folders, desk.ledger, lambda: NOW, lambda _: writing.pop(0))

    with pytest.raises(BlockingIOError, match="still has the draft open"):
        placer.place(job, POST)
    assert desk.posts() == {}
    assert desk.job(job).state is State.STAGED

    assert placer.place(job, POST) == Published(POST.filename, POST.sha256)


def test_a_drafts_folder_that_is_away_says_nothing_about_its_drafts(desk: Desk) -> None:
    job = desk.accept()
    away = desk.folders.drafts.rename(desk.root / "weg")

    for ask in (lambda: desk.placer.left(job), lambda: desk.placer.place(job, POST), lambda: desk.placer.retire(job)):
        with pytest.raises(FileNotFoundError, match="drafts"):
            ask()
    assert desk.job(job).state is State.STAGED
    assert desk.posts() == {}

    away.rename(desk.folders.drafts)
    assert desk.placer.place(job, POST) == Published(POST.filename, POST.sha256)


def test_a_full_disk_is_told_as_a_folder_that_is_not_writable(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)

    assert {p.rule for p in desk.placer.probe()} == {"folder.unwritable"}


def test_on_other_mounts_our_files_lie_beside_the_posts_and_drafts_and_out_of_git(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_mount", lambda folder: (0, folder.name))

    job = desk.publish()

    assert (desk.folders.drafts / ".blogmetad/retired" / job.id).read_bytes() == RAW
    assert desk.folders.stage == desk.folders.posts / ".blogmetad/stage"
    assert (desk.folders.posts / ".blogmetad/.gitignore").read_bytes() == b"*\n"
    assert desk.posts() == {POST.filename: POST.content}


def test_two_file_systems_are_told_apart(tmp_path: Path) -> None:
    other = Path("/proc")

    assert folders._mount(tmp_path) == folders._mount(tmp_path.parent)
    assert folders._mount(tmp_path) != folders._mount(other)


def test_a_numbered_name_fits_into_a_file_name() -> None:
    names = numbered("长" * 84 + ".md")
    assert next(names) == "长" * 84 + ".md"
    assert len(next(names).encode()) <= 255


@pytest.mark.parametrize(
    ("name", "proposed", "following"),
    [
        ("备份.md", "备份.md", "备份-2.md"),
        ("备份-2.md", "备份.md", "备份-3.md"),
        ("备份-99.md", "备份.md", "备份-100.md"),
        ("长" * 83 + "-2.md", "长" * 84 + ".md", "长" * 83 + "-3.md"),
        ("part-2.md", "part-2.md", "part-2-2.md"),
        ("part-2-2.md", "part-2.md", "part-2-3.md"),
        ("part-02.md", "part.md", "part-02-2.md"),
        ("renamed-2.md", "备份.md", "renamed-2-2.md"),
    ],
)
def test_a_name_is_numbered_on_from_the_one_that_was_proposed(name: str, proposed: str, following: str) -> None:
    names = numbered_on(name, proposed)
    assert (next(names), next(names)) == (name, following)


def reviewing(desk: Desk) -> Path:
    """The folder in which the desk's posts wait from now on."""
    review = desk.root / "_review"
    review.mkdir()
    desk.folders = replace(desk.folders, review=review, reviewed=True)
    desk.placer = Placer(desk.folders, desk.ledger, lambda: NOW)
    return review


@pytest.mark.parametrize("theirs", ["2025-04-29-因果.md", "2025-04-29-因果.markdown"])
def test_a_post_waits_under_a_name_that_is_free_in_both_folders(desk: Desk, theirs: str) -> None:
    review = reviewing(desk)
    desk.post(theirs).write_text("别人的")
    (review / "2025-04-29-因果-2.md").write_text("等着的")

    job = desk.publish(post=Post("2025-04-29-因果.md", POST.content))

    assert (job.state, job.target) == (State.WAITING, "2025-04-29-因果-3.md")
    assert (review / "2025-04-29-因果-3.md").read_bytes() == POST.content
    assert desk.posts() == {theirs: "别人的".encode()}
    assert desk.placer.proposed(job) == "2025-04-29-因果.md"


def test_no_name_was_proposed_for_a_post_that_its_author_renamed(desk: Desk) -> None:
    reviewing(desk)
    desk.post().write_text("别人的")
    job = desk.publish()
    desk.ledger.move(job.id, State.WAITING, NOW, target="2025-04-29-因果-2.md")

    assert desk.placer.proposed(desk.job(job)) is None


def test_a_numbered_name_that_is_taken_meanwhile_gets_the_next_number(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.post().write_text("别人的")
    job = desk.accept()
    with monkeypatch.context() as patch:
        patch.setattr(files, "link_new", crash)
        with pytest.raises(KeyboardInterrupt):
            desk.placer.place(job, POST)
    assert desk.job(job).target == "2025-04-29-causal-2.md"
    desk.post("2025-04-29-causal-2.md").write_text("也是别人的")

    assert desk.placer.resume(desk.job(job)) == Published("2025-04-29-causal-3.md", POST.sha256)
    assert desk.post("2025-04-29-causal-2.md").read_text() == "也是别人的"


def test_a_post_of_the_same_address_under_another_suffix_counts_as_taken(desk: Desk) -> None:
    (desk.folders.posts / POST.filename).with_suffix(".markdown").write_text("author's\n")
    job = desk.publish()
    assert job.target != POST.filename


def test_posts_placed_at_the_same_time_get_names_as_if_one_came_after_the_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each takes its time between looking which names are free and taking one.
    real = files.link_new
    monkeypatch.setattr(files, "link_new", lambda *names: (time.sleep(0.1), real(*names)))
    spellings = ["2025-04-29-É.md", "2025-04-29-é.md", "2025-04-29-É.markdown"]
    raws = [RAW + f"{spelling}\n".encode() for spelling in spellings]
    jobs = [desk.accept(f"{number}.md", raw) for number, raw in enumerate(raws)]
    with ThreadPoolExecutor(3) as threads:
        placed = [
            threads.submit(desk.placer.place, job, Post(name, raw))
            for job, name, raw in zip(jobs, spellings, raws, strict=True)
        ]
    assert all(isinstance(one.result(), Published) for one in placed)
    stems = [unicodedata.normalize("NFC", Path(name).stem).casefold() for name in desk.posts()]
    assert sorted(stems) == ["2025-04-29-é", "2025-04-29-é-2", "2025-04-29-é-3"]
    assert sorted(desk.posts().values()) == sorted(raws)


def test_a_stage_that_is_damaged_before_it_gets_its_name_is_not_published(desk: Desk) -> None:
    job = desk.accept()

    def damage(_: Path) -> bool:
        (desk.folders.stage / job.id).write_bytes(b"garbage")
        return False

    placer = Placer(desk.folders, desk.ledger, lambda: NOW, damage)
    with pytest.raises(OSError, match="the staged post was damaged"):
        placer.place(job, POST)

    assert desk.posts() == {}
    assert desk.job(job).state is State.ACCEPTED


@pytest.mark.parametrize("state", [State.STAGED, State.PUBLISHED])
def test_a_job_that_got_so_far_without_a_post_is_an_error(desk: Desk, state: State) -> None:
    job = desk.ledger.move(desk.accept().id, state, NOW)

    with pytest.raises(ValueError, match="without a post"):
        desk.placer.resume(job)


def test_a_job_the_ledger_does_not_know_is_an_error(desk: Desk) -> None:
    with pytest.raises(KeyError, match="20250429-000000"):
        desk.placer.place(replace(desk.accept(), id="20250429-000000"), POST)


def test_a_file_that_cannot_be_read_is_not_taken_for_somebody_else_s(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.accept()

    def fail(_: Path) -> str:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(files, "digest", fail)
    with pytest.raises(OSError, match="input/output"):
        desk.placer.left(job)


def test_a_name_somebody_gave_our_very_post_is_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.accept()
    before(monkeypatch, "link_new", lambda target: target.write_bytes(POST.content))

    assert desk.placer.place(job, POST) == Published(POST.filename, POST.sha256)
    assert desk.posts() == {POST.filename: POST.content}


def test_strangers_set_aside_one_after_another_are_all_kept(desk: Desk) -> None:
    for stranger in (b"one", b"two", b"three"):
        desk.placer.keep_original("20250429-abcdef", stranger)

    kept = sorted((desk.folders.state / "quarantine").iterdir())
    assert [path.name for path in kept] == ["originals-20250429-abcdef", "originals-20250429-abcdef-2"]
    assert [path.read_bytes() for path in kept] == [b"one", b"two"]


def test_what_is_given_back_twice_is_one_draft(desk: Desk) -> None:
    (desk.folders.retired / "20250429-abcdef").write_bytes(EDITED)
    desk.draft().write_bytes(EDITED)

    assert desk.placer.give(desk.folders.retired / "20250429-abcdef", "因果.md") == "因果.md"
    assert [path.name for path in desk.folders.drafts.iterdir()] == ["因果.md"]
    assert list(desk.folders.retired.iterdir()) == []
