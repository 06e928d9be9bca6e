from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from placing import NOW, POST, RAW, Desk

from blogmetad import files, matter
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.journal.reread import Told
from blogmetad.publish.place import Placer
from blogmetad.publish.prune import ages
from blogmetad.publish.rebuild import needed, rebuild
from blogmetad.publish.recover import recover
from blogmetad.publish.undo import Refused, undo
from blogmetad.values import Post

EDITED = RAW + "补充。\n".encode()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def lose_the_ledger(desk: Desk) -> None:
    desk.ledger.close()
    (desk.folders.state / "ledger.sqlite3").unlink()
    desk.ledger = Ledger(desk.folders.state / "ledger.sqlite3")
    desk.placer = Placer(desk.folders, desk.ledger, lambda: NOW)


def rebuilt(desk: Desk, told: Mapping[str, Told] | None = None) -> dict[str, Job]:
    """The jobs by name, after the ledger was lost, built anew, and recovered from."""
    lose_the_ledger(desk)
    assert needed(desk.placer)
    bodies = {matter.body_hash(raw): name for name, raw in desk.posts().items()}
    rebuild(desk.placer, told or {}, bodies.get)
    recover(desk.placer)
    return {job.name: job for job in desk.ledger.jobs()}


def told(draft: str, outcome: str, post: str | None = None) -> Told:
    return Told(draft, outcome, post, "记录.md", "e" * 64)


def everything(desk: Desk) -> list[bytes]:
    """The bytes of all files but the ledger, wherever they lie."""
    return sorted(p.read_bytes() for p in desk.root.rglob("*") if p.is_file() and "ledger" not in p.name)


def test_a_new_site_needs_no_rebuilding(desk: Desk) -> None:
    assert not needed(desk.placer)

    (desk.folders.originals / "stranger").write_bytes(b"?")
    assert not needed(desk.placer)


def test_a_ledger_that_knows_its_jobs_is_not_built_anew(desk: Desk) -> None:
    desk.publish()

    assert not needed(desk.placer)


def test_what_was_published_is_known_again_with_its_id_its_post_and_its_entry(desk: Desk) -> None:
    job = desk.publish()

    jobs = rebuilt(desk, {job.id: told("因果.md", "done", POST.filename)})

    again = jobs["因果.md"]
    assert (again.id, again.state, again.target) == (job.id, State.DONE, POST.filename)
    assert (again.sha256, again.body_sha256, again.size) == (job.sha256, matter.body_hash(RAW), len(RAW))
    assert (again.entry, again.entry_sha256) == ("记录.md", "e" * 64)
    assert [step.name for step in desk.ledger.steps(job.id)] == ["rebuilt"]


def test_without_a_journal_the_post_is_known_by_its_body(desk: Desk) -> None:
    job = desk.publish()

    jobs = rebuilt(desk)

    assert (jobs[f"{job.id}.md"].state, jobs[f"{job.id}.md"].target) == (State.DONE, POST.filename)
    assert jobs[f"{job.id}.md"].entry is None


def test_without_anything_that_tells_of_the_post_the_draft_still_counts_as_published(desk: Desk) -> None:
    job = desk.publish()
    desk.post().write_bytes("完全改写了。".encode())

    jobs = rebuilt(desk)

    assert (jobs[f"{job.id}.md"].state, jobs[f"{job.id}.md"].target) == (State.DONE, None)
    assert desk.ledger.done_with_body(matter.body_hash(RAW)) != ()


def test_a_retired_copy_alone_will_do(desk: Desk) -> None:
    job = desk.publish()
    (desk.folders.originals / job.id).unlink()

    assert rebuilt(desk)[f"{job.id}.md"].sha256 == job.sha256


def test_a_draft_that_was_only_taken_up_is_taken_up_again_under_its_name(desk: Desk) -> None:
    job = desk.accept("停.md")

    jobs = rebuilt(desk)

    assert (jobs["停.md"].id, jobs["停.md"].state) == (job.id, State.ACCEPTED)


def test_a_post_that_has_its_name_already_is_not_made_again_though_it_was_edited_since(desk: Desk) -> None:
    job = desk.accept()
    files.write_new(desk.folders.stage / job.id, POST.content)
    files.link_new(desk.folders.stage / job.id, desk.post())
    with desk.post().open("ab") as post:
        post.write("作者后来加的。\n".encode())

    jobs = rebuilt(desk)

    assert (jobs["因果.md"].state, jobs["因果.md"].target) == (State.DONE, POST.filename)
    assert not desk.draft().exists()
    assert list(desk.posts()) == [POST.filename]


def test_a_staged_post_without_a_name_is_set_aside_and_made_again(desk: Desk) -> None:
    job = desk.accept()
    files.write_new(desk.folders.stage / job.id, POST.content)

    assert rebuilt(desk)["因果.md"].state is State.ACCEPTED
    assert [p.read_bytes() for p in (desk.folders.state / "quarantine").iterdir()] == [POST.content]


def test_a_review_folder_that_was_never_made_does_not_matter(desk: Desk) -> None:
    job = desk.publish()
    desk.folders = replace(desk.folders, review=desk.root / "_review")

    assert rebuilt(desk)[f"{job.id}.md"].state is State.DONE


def test_a_draft_that_was_taken_back_stays_so(desk: Desk) -> None:
    job = desk.publish()
    undo(desk.placer, job)

    assert rebuilt(desk)["因果.md"].state is State.UNDONE
    assert desk.draft().read_bytes() == RAW


def test_a_draft_that_was_being_taken_back_is_given_back(desk: Desk) -> None:
    job = desk.publish()
    files.move(desk.post(), desk.folders.withdrawn_from(desk.folders.posts) / job.id)

    assert rebuilt(desk, {job.id: told("因果.md", "done", POST.filename)})["因果.md"].state is State.UNDONE
    assert desk.draft().read_bytes() == RAW
    assert desk.posts() == {}


@pytest.mark.parametrize(("outcome", "state"), [("duplicate", State.DUPLICATE), ("superseded", State.SUPERSEDED)])
def test_the_journal_tells_what_the_folders_cannot(desk: Desk, outcome: str, state: State) -> None:
    job = desk.accept()
    if outcome == "duplicate":
        desk.placer.retire(job)
    else:
        desk.draft().write_bytes(EDITED)

    assert rebuilt(desk, {job.id: told("因果.md", outcome)})["因果.md"].state is state


def test_a_folder_among_the_drafts_is_none(desk: Desk) -> None:
    desk.accept()
    (desk.folders.drafts / "系列").mkdir()
    (desk.folders.drafts / "link.md").symlink_to(desk.draft())

    assert list(rebuilt(desk)) == ["因果.md"]


def test_an_original_whose_draft_is_gone_is_known_by_the_post_with_its_text(desk: Desk) -> None:
    job = desk.publish()
    (desk.folders.retired / job.id).unlink()

    assert rebuilt(desk)[f"{job.id}.md"].state is State.DONE


def test_an_original_of_which_nothing_tells_is_set_aside(desk: Desk) -> None:
    desk.accept()
    desk.draft().unlink()
    desk.publish("别的.md", EDITED, Post("2025-04-29-other.md", b"---\ntitle: Other\n---\n" + EDITED))

    jobs = rebuilt(desk)

    assert len(jobs) == 1
    assert [p.read_bytes() for p in (desk.folders.state / "quarantine").iterdir()] == [RAW]


def test_nothing_is_deleted_whatever_state_the_ledger_was_lost_in(desk: Desk) -> None:
    desk.publish("一.md", EDITED)
    staged = desk.accept("二.md", b"two\n")
    files.write_new(desk.folders.stage / staged.id, b"---\ntitle: Two\n---\ntwo\n")
    desk.accept("三.md", b"three\n")
    desk.draft("三.md").write_bytes(b"three, again\n")
    undo(desk.placer, desk.publish("四.md", b"four\n"))
    (desk.folders.originals / "20250429-aaaaaa").write_bytes("孤本".encode())
    before = everything(desk)

    rebuilt(desk)

    assert everything(desk) == before


def test_it_cannot_be_told_whether_a_post_is_unchanged_so_it_is_not_withdrawn(desk: Desk) -> None:
    job = desk.publish()
    rebuilt(desk, {job.id: told("因果.md", "done", POST.filename)})

    refused = undo(desk.placer, desk.job(job))

    assert isinstance(refused, Refused)
    assert "rebuilt" in refused.reason
    assert desk.posts() == {POST.filename: POST.content}


def test_rebuilding_is_done_whole_or_not_at_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.publish("一.md", EDITED)
    desk.publish("二.md", b"two\n")
    lose_the_ledger(desk)

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(desk.ledger, "move", crash)
        with pytest.raises(KeyboardInterrupt):
            rebuild(desk.placer, {}, lambda _: None)
    assert needed(desk.placer)
    assert rebuild(desk.placer, {}, lambda _: None) == 2


def test_what_is_rebuilt_is_as_young_as_if_it_had_just_ended(desk: Desk) -> None:
    job = desk.publish()
    rebuilt(desk)
    assert ages(desk.ledger.latest_first(), NOW, dt.timedelta(days=1)) == {job.id: dt.timedelta()}
