"""Fields offered for a published post: put before its author, exchanged and taken back, whatever gets in between."""

from __future__ import annotations

import datetime as dt
import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from blogmetad import files
from blogmetad.journal.ledger import Job, Ledger, State
from blogmetad.outcomes import Published
from blogmetad.publish import exchange, offer, rename, revert
from blogmetad.publish.folders import Folders
from blogmetad.publish.offer import Offer
from blogmetad.publish.place import Placer
from blogmetad.publish.records import Refused
from blogmetad.publish.revert import Reverted
from blogmetad.publish.undo import complete, undo, unfinished
from blogmetad.values import sha256

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
PATH, NAME = "旧文/2024-01-01-备份.md", "2024-01-01-备份.md"
RAW = "---\ntitle: 备份\n---\n三份数据，两种介质。\n".encode()
NEW = RAW.replace(b"\n---\n", "\ndescription: 三份数据。\n---\n".encode())
SAVED = RAW.replace("三份".encode(), "四份".encode())


@dataclass
class Desk:
    """A published post, and what puts a new version before its author and in its place."""

    root: Path
    written: set[Path] = field(default_factory=set)
    folders: Folders = field(init=False)
    ledger: Ledger = field(init=False)
    placer: Placer = field(init=False)

    def __post_init__(self) -> None:
        self.folders = Folders(self.root / "drafts", self.root / "_posts", self.root / "state", self.root / "_review")
        for folder in (self.folders.drafts, self.post.parent, self.folders.state):
            folder.mkdir(parents=True)
        self.post.write_bytes(RAW)
        self.ledger = Ledger(self.folders.state / "ledger.db")
        self.placer = Placer(self.folders, self.ledger, lambda: NOW, lambda path: path in self.written)

    @property
    def post(self) -> Path:
        return self.root / "_posts" / PATH

    @property
    def waits(self) -> Path:
        return self.root / "_review" / NAME

    @property
    def job(self) -> Job:
        return self.ledger.jobs()[0]

    @property
    def aside(self) -> Path:
        return self.root / "state" / "withdrawn" / self.job.id

    def offer(self) -> Job:
        assert offer.make(offer.offering(self.placer), Offer(PATH, RAW, NEW, ("description",))) is not None
        return self.job

    def approve(self) -> Job:
        found = exchange.exchange(self.placer, self.job, NEW)
        assert found == Published(PATH, sha256(NEW))
        return self.ledger.move(self.job.id, State.DONE, NOW, target=PATH, post_sha256=sha256(NEW))

    def kept(self) -> list[bytes]:
        folder = self.root / "state" / "quarantine"
        return [path.read_bytes() for path in folder.iterdir()] if folder.is_dir() else []

    def last(self) -> str:
        return self.ledger.steps(self.job.id)[-1].name


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.ledger.close()


def just_before(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """Have something happen once, just before a file gets another name."""
    real, done = getattr(files, name), []

    def first(one: Path, other: Path) -> None:
        if not done:
            done.append(act())
        real(one, other)

    monkeypatch.setattr(files, name, first)


def failing(monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    def fail(one: Path, other: Path) -> None:
        raise OSError(code, "no", str(one), None, str(other))

    monkeypatch.setattr(files, name, fail)


def test_a_post_that_has_changed_since_it_was_read_is_offered_nothing(desk: Desk) -> None:
    desk.post.write_bytes(SAVED)
    assert offer.make(offer.offering(desk.placer), Offer(PATH, RAW, NEW, ("description",))) is None
    assert desk.ledger.jobs() == ()


def test_a_name_taken_at_the_last_moment_is_left_and_the_next_one_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.root / "_review").mkdir()
    just_before(monkeypatch, "link_new", lambda: desk.waits.write_text("别人的。\n", "utf-8"))
    assert desk.offer().target == "2024-01-01-备份-2.md"
    assert (desk.root / "_review" / "2024-01-01-备份-2.md").read_bytes() == NEW
    assert desk.waits.read_text("utf-8") == "别人的。\n"


def test_an_offer_of_which_something_is_missing_is_dropped(desk: Desk) -> None:
    for missing in ("stage", "originals"):
        job = desk.offer()
        desk.ledger.move(job.id, State.STAGED, NOW)
        if missing == "originals":
            files.write_new(desk.root / "state" / "stage" / job.id, NEW)
            (desk.root / "state" / "originals" / job.id).unlink()
            desk.post.write_bytes(SAVED)
        desk.waits.unlink()
        assert offer.go_on(offer.offering(desk.placer), job) is None
        assert (desk.job.state, desk.job.target) == (State.SUPERSEDED, None)
        assert not (desk.root / "state" / "stage" / job.id).exists()
        assert not desk.waits.exists()


def test_an_original_that_a_crash_kept_from_being_written_is_copied_anew(desk: Desk) -> None:
    job = desk.offer()
    desk.ledger.move(job.id, State.STAGED, NOW)
    desk.waits.unlink()
    (desk.root / "state" / "originals" / job.id).unlink()
    files.write_new(desk.root / "state" / "stage" / job.id, NEW)
    assert offer.go_on(offer.offering(desk.placer), job) is not None
    assert (desk.root / "state" / "originals" / job.id).read_bytes() == RAW
    assert desk.waits.read_bytes() == NEW


def test_an_exchange_said_twice_is_made_once(desk: Desk) -> None:
    job = desk.offer()
    desk.post.chmod(0o600)
    assert exchange.exchange(desk.placer, job, NEW) == exchange.exchange(desk.placer, job, NEW)
    assert (desk.post.read_bytes(), desk.aside.read_bytes()) == (NEW, RAW)
    assert desk.post.stat().st_mode & 0o777 == 0o600
    assert exchange.is_under_way(desk.placer, desk.job)
    refused = undo(desk.placer, desk.job)
    assert isinstance(refused, Refused)
    assert "being exchanged just now" in refused.reason


def test_an_offer_that_was_taken_back_meanwhile_is_not_exchanged(desk: Desk) -> None:
    job = desk.offer()
    assert isinstance(undo(desk.placer, job), Reverted)
    assert isinstance(exchange.exchange(desk.placer, job, NEW), Refused)
    assert desk.post.read_bytes() == RAW


def test_what_lies_in_the_way_is_kept(desk: Desk) -> None:
    desk.offer()
    desk.aside.parent.mkdir(exist_ok=True)
    desk.aside.write_bytes(SAVED)
    desk.approve()
    assert desk.kept() == [SAVED]


def test_a_file_system_that_cannot_exchange_files_is_told_and_nothing_is_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.offer()
    failing(monkeypatch, "exchange", errno.EOPNOTSUPP)
    refused = exchange.exchange(desk.placer, job, NEW)
    assert isinstance(refused, Refused)
    assert "Move the file over the post yourself" in refused.reason
    failing(monkeypatch, "exchange", errno.EIO)
    with pytest.raises(OSError, match="no"):
        exchange.exchange(desk.placer, job, NEW)
    assert desk.post.read_bytes() == RAW
    assert not desk.aside.exists()
    assert desk.last() == exchange.LEFT


def test_a_program_that_writes_the_post_is_given_way(desk: Desk) -> None:
    job = desk.offer()
    desk.written.add(desk.post)
    with pytest.raises(BlockingIOError):
        exchange.exchange(desk.placer, job, NEW)
    desk.written = {desk.aside}  # it opened the post just before it was exchanged
    with pytest.raises(BlockingIOError):
        exchange.exchange(desk.placer, job, NEW)
    assert desk.post.read_bytes() == RAW
    desk.written.clear()
    desk.approve()


def test_a_save_at_the_last_moment_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.offer()
    just_before(monkeypatch, "exchange", lambda: desk.post.write_bytes(SAVED))
    refused = exchange.exchange(desk.placer, job, NEW)
    assert isinstance(refused, Refused)
    assert "was changed just now" in refused.reason
    assert desk.post.read_bytes() == SAVED
    assert not exchange.is_under_way(desk.placer, desk.job)


def test_a_posts_folder_that_is_away_says_nothing_of_its_posts(desk: Desk) -> None:
    job = desk.offer()
    away = desk.root / "_posts"
    away.rename(desk.root / "weg")
    with pytest.raises(FileNotFoundError):
        exchange.exchange(desk.placer, job, NEW)
    assert "is away" in str(revert.refusal(desk.placer, job))
    (desk.root / "weg").rename(away)
    desk.approve()


@pytest.mark.parametrize(
    ("there", "now", "quarantined"),
    [(NEW, SAVED, []), (None, SAVED, []), (RAW + b"x", RAW + b"x", [SAVED])],
    ids=["ours stands there", "nothing stands there", "yet another stands there"],
)
def test_the_authors_version_that_came_out_before_a_crash_goes_back_or_is_kept(
    desk: Desk, there: bytes | None, now: bytes, quarantined: list[bytes]
) -> None:
    job = desk.offer()
    desk.ledger.step(job.id, exchange.EXCHANGING, {"sha256": sha256(NEW)}, NOW)
    desk.aside.parent.mkdir(exist_ok=True)
    desk.aside.write_bytes(SAVED)
    desk.post.unlink()
    if there is not None:
        desk.post.write_bytes(there)
    assert exchange.settle(desk.placer, job) is None
    assert (desk.post.read_bytes(), desk.kept()) == (now, quarantined)
    assert not desk.aside.exists()


def test_what_cannot_be_taken_back_says_why(desk: Desk) -> None:
    job = desk.offer()
    offer.drop(desk.placer, job, "weg")
    assert "only fields that wait for you or were approved" in str(revert.refusal(desk.placer, desk.job))
    desk.waits.unlink()
    desk.offer()
    approved = desk.approve()
    desk.aside.unlink()
    (desk.root / "state" / "originals" / approved.id).unlink()
    assert "no longer kept" in str(revert.refusal(desk.placer, approved))


def test_a_waiting_file_edited_at_the_last_moment_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.offer()
    just_before(monkeypatch, "move", lambda: desk.waits.write_bytes(SAVED))
    assert isinstance(undo(desk.placer, job), Refused)
    assert desk.waits.read_bytes() == SAVED
    assert desk.job.state is State.WAITING


def test_an_offer_whose_folder_is_gone_is_taken_back_all_the_same(desk: Desk) -> None:
    job = desk.offer()
    desk.waits.unlink()
    (desk.root / "_review").rmdir()
    assert undo(desk.placer, job) == Reverted(PATH, exchanged=False)
    assert isinstance(complete(desk.placer, desk.job), Refused)


def test_the_former_bytes_come_from_the_original_where_the_other_copy_is_not_whole(desk: Desk) -> None:
    desk.offer()
    job = desk.approve()
    desk.aside.write_bytes(RAW + "晚到的。\n".encode())
    assert undo(desk.placer, job) == Reverted(PATH, exchanged=True)
    assert desk.post.read_bytes() == RAW
    assert desk.kept() == [RAW + "晚到的。\n".encode()]


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EIO])
def test_a_way_back_that_the_disk_refuses_is_told_or_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    desk.offer()
    job = desk.approve()
    with monkeypatch.context() as patch:
        failing(patch, "exchange", code)
        if code == errno.EIO:
            with pytest.raises(OSError, match="no"):
                undo(desk.placer, job)
        else:
            assert isinstance(undo(desk.placer, job), Refused)
            assert desk.job.state is State.DONE
    assert unfinished(desk.placer, desk.job) is (code == errno.EIO)
    assert isinstance(undo(desk.placer, desk.job), Reverted)
    assert desk.post.read_bytes() == RAW


def test_a_post_edited_as_it_is_taken_back_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.offer()
    job = desk.approve()
    just_before(monkeypatch, "exchange", lambda: desk.post.write_bytes(SAVED))
    assert isinstance(undo(desk.placer, job), Refused)
    assert desk.post.read_bytes() == SAVED
    assert desk.job.state is State.DONE


def test_an_edit_that_came_out_of_the_way_back_before_a_crash_goes_back(desk: Desk) -> None:
    desk.offer()
    job = desk.approve()
    desk.ledger.step(job.id, "undone", {"was": State.DONE.value, "post": PATH}, NOW)
    job = desk.ledger.move(job.id, State.UNDONE, NOW)
    desk.post.write_bytes(RAW)
    desk.aside.write_bytes(SAVED)
    assert isinstance(complete(desk.placer, job), Refused)
    assert desk.post.read_bytes() == SAVED


def test_a_post_gone_before_its_former_bytes_are_back_is_not_made_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.offer()
    job = desk.approve()
    desk.aside.unlink()
    real = desk.placer.original

    def gone(job_id: str) -> bytes:
        desk.post.unlink()
        return real(job_id)

    monkeypatch.setattr(desk.placer, "original", gone)
    assert isinstance(undo(desk.placer, job), Refused)
    assert not desk.post.exists()


def test_only_a_job_of_a_published_post_can_be_exchanged(desk: Desk) -> None:
    draft = desk.ledger.open_job("草稿.md", "a" * 64, "b" * 64, 9, NOW, NOW, NOW)
    with pytest.raises(ValueError, match="offers nothing"):
        exchange.where(desk.placer, draft)


def test_a_name_that_differs_in_case_alone_is_taken_only_by_another_file(desk: Desk) -> None:
    (desk.post.parent / "2024-01-01-wal.md").write_bytes(RAW)
    assert not rename.is_taken(desk.placer, "旧文/2024-01-01-wal.md", "旧文/2024-01-01-WAL.md")
    (desk.post.parent / "2024-01-01-WAL.md").write_bytes(SAVED)
    assert rename.is_taken(desk.placer, "旧文/2024-01-01-wal.md", "旧文/2024-01-01-WAL.md")
    assert rename.is_taken(desk.placer, PATH, "旧文/2024-01-01-Wal.md")
