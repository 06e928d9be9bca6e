from __future__ import annotations

import errno
from pathlib import Path

import pytest
from placing import NOW, POST, RAW, Desk

from blogmetad import files
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.outcomes import Published
from blogmetad.publish.place import Placer
from blogmetad.publish.recover import Recovered, recover
from blogmetad.publish.undo import undo

EDITED = RAW + "补充。\n".encode()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def actions(recovered: tuple[Recovered, ...]) -> list[tuple[str, str]]:
    return [(item.job_id, item.action) for item in recovered]


def staged(desk: Desk) -> Job:
    """A job as a crash leaves it just before its post gets a name."""
    job = desk.accept()
    files.write_new(desk.folders.stage / job.id, POST.content)
    return desk.ledger.move(job.id, State.STAGED, NOW, target=POST.filename, post_sha256=POST.sha256)


def published(desk: Desk) -> Job:
    """A job as a crash leaves it just before its draft is retired."""
    job = staged(desk)
    files.link_new(desk.folders.stage / job.id, desk.post())
    return desk.ledger.move(job.id, State.PUBLISHED, NOW)


def quarantined(desk: Desk) -> list[bytes]:
    return sorted(path.read_bytes() for path in (desk.folders.state / "quarantine").iterdir())


def test_a_clean_desk_needs_no_recovery(desk: Desk) -> None:
    desk.publish()

    assert recover(desk.placer) == ()


def test_an_accepted_job_is_done_again_from_its_original(desk: Desk) -> None:
    job = desk.accept()

    assert actions(recover(desk.placer)) == [(job.id, "redo")]
    assert desk.job(job) == job


def test_a_missing_original_is_copied_again_while_the_draft_is_there(desk: Desk) -> None:
    job = desk.accept()
    (desk.folders.originals / job.id).unlink()

    assert actions(recover(desk.placer)) == [(job.id, "redo")]
    assert desk.placer.original(job.id) == RAW


def test_without_original_and_draft_an_accepted_job_ends(desk: Desk) -> None:
    job = desk.accept()
    (desk.folders.originals / job.id).unlink()
    desk.draft().write_bytes(EDITED)

    assert actions(recover(desk.placer)) == [(job.id, "superseded")]
    assert desk.job(job).state is State.SUPERSEDED
    assert desk.draft().read_bytes() == EDITED


def test_a_staged_post_without_a_name_gets_it(desk: Desk) -> None:
    job = staged(desk)

    assert actions(recover(desk.placer)) == [(job.id, "finished")]
    assert desk.posts() == {POST.filename: POST.content}
    assert not desk.draft().exists()
    assert desk.job(job).state is State.DONE
    assert desk.staged() == []


def test_a_staged_post_that_has_its_name_already_is_published_once(desk: Desk) -> None:
    job = staged(desk)
    files.link_new(desk.folders.stage / job.id, desk.post())

    recover(desk.placer)

    assert desk.posts() == {POST.filename: POST.content}
    assert desk.job(job).state is State.DONE


def test_a_staged_post_whose_name_somebody_took_gets_the_next(desk: Desk) -> None:
    job = staged(desk)
    desk.post().write_bytes("别人的".encode())

    recover(desk.placer)

    assert desk.posts() == {POST.filename: "别人的".encode(), "2025-04-29-causal-2.md": POST.content}
    assert desk.job(job).target == "2025-04-29-causal-2.md"


@pytest.mark.parametrize("taken", [False, True], ids=["own name", "next name"])
def test_a_post_that_has_its_name_stays_published_though_the_draft_was_saved_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    job = desk.accept()
    real = files.link_new

    def take_link_crash(source: Path, target: Path) -> None:
        if taken and target == desk.post():
            target.write_bytes("别人的".encode())
        real(source, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, "link_new", take_link_crash)
        with pytest.raises(KeyboardInterrupt):
            desk.placer.place(job, POST)
    desk.draft().write_bytes(EDITED)

    assert actions(recover(desk.placer)) == [(job.id, "finished")]
    assert list(desk.posts().values()).count(POST.content) == 1
    assert desk.draft().read_bytes() == EDITED


def test_a_damaged_staged_post_is_made_again(desk: Desk) -> None:
    job = staged(desk)
    (desk.folders.stage / job.id).write_bytes(b"half")

    assert actions(recover(desk.placer)) == [(job.id, "redo")]
    assert desk.job(job).state is State.ACCEPTED
    assert desk.posts() == {}
    assert desk.placer.place(desk.job(job), POST) == Published(POST.filename, POST.sha256)


def test_a_staged_post_whose_draft_was_saved_again_is_not_published(desk: Desk) -> None:
    job = staged(desk)
    desk.draft().write_bytes(EDITED)

    assert actions(recover(desk.placer)) == [(job.id, "superseded")]
    assert desk.posts() == {}
    assert desk.draft().read_bytes() == EDITED


def test_a_published_job_s_draft_is_retired(desk: Desk) -> None:
    job = published(desk)

    assert actions(recover(desk.placer)) == [(job.id, "finished")]
    assert not desk.draft().exists()
    assert (desk.folders.retired / job.id).read_bytes() == RAW


def test_a_published_job_s_newer_draft_stays(desk: Desk) -> None:
    job = published(desk)
    desk.draft().write_bytes(EDITED)

    recover(desk.placer)

    assert desk.draft().read_bytes() == EDITED
    assert desk.job(job).state is State.DONE


def test_a_published_job_whose_draft_is_retired_already_is_done(desk: Desk) -> None:
    job = published(desk)
    desk.placer.retire(job)

    assert actions(recover(desk.placer)) == [(job.id, "finished")]
    assert desk.job(job).state is State.DONE


def test_a_post_the_author_removed_is_not_published_again(desk: Desk) -> None:
    job = published(desk)
    desk.post().unlink()

    (told,) = recover(desk.placer)

    assert "removed" in told.message
    assert desk.posts() == {}
    assert desk.job(job).state is State.DONE


def test_an_interrupted_undo_is_completed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.publish()

    def crash(*_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, "move", crash)
        with pytest.raises(KeyboardInterrupt):
            undo(desk.placer, job)

    assert actions(recover(desk.placer)) == [(job.id, "undone")]
    assert desk.draft().read_bytes() == RAW
    assert desk.posts() == {}
    assert recover(desk.placer) == ()


def test_one_job_that_cannot_be_recovered_does_not_keep_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = staged(desk)
    second = desk.accept("二.md", EDITED)
    real = files.link_new

    def refuse(source: Path, target: Path) -> None:
        if source.name == first.id:
            raise OSError(errno.EIO, "input/output error")
        real(source, target)

    monkeypatch.setattr(files, "link_new", refuse)

    assert actions(recover(desk.placer)) == [(first.id, "failed"), (second.id, "redo")]
    assert desk.job(first).state is State.STAGED


def test_an_original_without_a_job_is_removed_only_if_a_draft_has_the_bytes(desk: Desk) -> None:
    desk.publish("别的.md", EDITED)
    desk.draft().write_bytes(RAW)
    (desk.folders.originals / "20250429-aaaaaa").write_bytes(RAW)
    (desk.folders.originals / "20250429-bbbbbb").write_bytes("孤本".encode())

    told = recover(desk.placer)

    assert actions(told) == [("20250429-aaaaaa", "cleared"), ("20250429-bbbbbb", "quarantined")]
    assert quarantined(desk) == ["孤本".encode()]


def test_a_staged_post_without_a_job_is_removed_only_if_a_post_has_the_bytes(desk: Desk) -> None:
    desk.publish()
    (desk.folders.stage / "20250429-aaaaaa").write_bytes(POST.content)
    (desk.folders.stage / "20250429-bbbbbb").write_bytes("孤本".encode())

    recover(desk.placer)

    assert desk.staged() == []
    assert quarantined(desk) == ["孤本".encode()]


def test_a_retired_draft_without_a_job_is_never_removed(desk: Desk) -> None:
    desk.publish("别的.md", EDITED)
    desk.draft().write_bytes(RAW)
    (desk.folders.retired / "20250429-aaaaaa").write_bytes(RAW)

    recover(desk.placer)

    assert quarantined(desk) == [RAW]


def test_with_the_ledger_lost_nothing_is_deleted(desk: Desk) -> None:
    desk.publish()
    desk.accept("二.md", EDITED)
    desk.ledger.close()
    (desk.folders.state / "ledger.sqlite3").unlink()

    with Ledger(desk.folders.state / "ledger.sqlite3") as fresh:
        recover(Placer(desk.folders, fresh, lambda: NOW))

    assert quarantined(desk) == sorted([RAW, RAW, EDITED])
    assert desk.draft("二.md").read_bytes() == EDITED
    assert desk.posts() == {POST.filename: POST.content}


def test_unfinished_temporary_files_and_left_over_stages_are_cleared(desk: Desk) -> None:
    job = desk.publish()
    (desk.folders.stage / job.id).write_bytes(POST.content)
    (desk.folders.stage / ".x.tmp-0011223344").write_bytes(b"half")
    (desk.folders.originals / ".y.tmp-0011223344").write_bytes(b"half")
    (desk.folders.state / ".z.json.tmp-0011223344").write_bytes(b"half")

    assert recover(desk.placer) == ()
    assert not list(desk.folders.state.glob(".*"))
    assert desk.staged() == []
    assert [path.name for path in desk.folders.originals.iterdir()] == [job.id]


def test_an_undo_that_cannot_be_completed_is_over(desk: Desk) -> None:
    job = desk.publish()
    desk.ledger.step(job.id, "undone", {"was": "done", "post": POST.filename}, NOW)
    desk.ledger.move(job.id, State.UNDONE, NOW)
    desk.post().write_bytes("改过了".encode())

    assert actions(recover(desk.placer)) == [(job.id, "finished")]
    assert desk.posts() == {POST.filename: "改过了".encode()}


def test_what_is_no_file_among_the_posts_accounts_for_nothing(desk: Desk) -> None:
    desk.publish("别的.md", EDITED)
    (desk.folders.originals / "20250429-bbbbbb").write_bytes("孤本".encode())
    (desk.folders.posts / "link.md").symlink_to(desk.folders.originals / "20250429-bbbbbb")

    assert actions(recover(desk.placer)) == [("20250429-bbbbbb", "quarantined")]
