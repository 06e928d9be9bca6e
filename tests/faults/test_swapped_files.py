"""Files exchanged for links, pipes and folders while blogmetad works on them: nothing outside its folders is read,
written, moved or published, and the author's bytes are kept.

Each exchange is made at one certain moment: between scan and open, while the model is asked, between two steps of
placing the post. What is exchanged and all that follows are real.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from blogmetad import files, runner
from blogmetad.outcomes import Published
from blogmetad.values import Proposal, Request
from tests.faults.corpus.case import BODY
from tests.system.workshop import Desk, Workshop, workshop
from tests.tally import Tally

TABLE = "hostile drafts"
SECRET = "这个文件在博客之外，里面的话不许出现在任何地方。\n".encode()
DRAFT = f"{BODY}原来的正文\n".encode()
NAME = "草稿.md"


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A file beside the site; at the end of the test it is as it was, and its text is nowhere else."""
    file = tmp_path / "outside" / "secret.md"
    file.parent.mkdir()
    file.write_bytes(SECRET)
    before = file.stat()
    yield file
    assert file.read_bytes() == SECRET
    assert (file.stat().st_ino, file.stat().st_mtime_ns, file.stat().st_nlink) == (before.st_ino, before.st_mtime_ns, 1)
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    for path in (tmp_path / "site").rglob("*"):
        assert path.is_symlink() or not path.is_file() or SECRET.strip() not in path.read_bytes(), path


class Swapping(Desk):
    """A model that does something to the files while it is asked."""

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        super().__init__(waits=False, title=lambda _: "A Title")
        self._act = act

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        self._act()
        return super().propose(request, keep_going)


@contextmanager
def site(tmp_path: Path, act: Callable[[], None] = lambda: None) -> Iterator[Workshop]:
    """A site with one draft, and another one that has to be published whatever becomes of the first."""
    with workshop(tmp_path / "site", Swapping(act), 1) as shop:
        (shop.inbox / NAME).write_bytes(DRAFT)
        yield shop
        for path in shop.inbox.iterdir():
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        shop.drop("good.md", f"{BODY}后面的一篇\n")
        (done,) = shop.drain()
        assert isinstance(done.outcome, Published)
        assert all(path.is_file() and not path.is_symlink() for path in shop.posts.glob("*.md") if path != target(shop))


def target(shop: Workshop) -> Path:
    """The name the first post wants."""
    return shop.posts / f"{dt.datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%d}-a-title.md"


def swap(path: Path, kind: str, outside: Path) -> None:
    """Put something else in the place of a file, in one step where that is possible."""
    other = path.with_name(".swap")
    match kind:
        case "link":
            other.symlink_to(outside)
        case "link to a folder":
            other.symlink_to(outside.parent)
        case "pipe":
            os.mkfifo(other)
        case "folder":
            path.unlink()
            path.mkdir()
            return
        case "nothing":
            path.unlink()
            return
    other.rename(path)


KINDS = ("link", "link to a folder", "pipe", "folder", "nothing")


@pytest.mark.parametrize("kind", KINDS)
def test_a_draft_exchanged_between_scan_and_open_is_never_followed(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally, kind: str
) -> None:
    row = tally.row(TABLE, "links and races")
    real = runner.being_written

    def swapped(path: Path) -> bool | None:
        monkeypatch.setattr(runner, "being_written", real)
        swap(path, kind, outside)
        return real(path)

    with site(tmp_path) as shop:
        monkeypatch.setattr(runner, "being_written", swapped)
        row.tried += 1
        done = shop.drain()
        row.doubled += len(list(shop.posts.iterdir()))
        rules = [problem.rule for each in done for problem in each.outcome.problems]  # type: ignore[union-attr]
        assert rules == ([] if kind == "nothing" else ["draft.kind"])
    assert row.harmless


@pytest.mark.parametrize("kind", KINDS)
def test_a_draft_exchanged_while_the_model_is_asked_is_not_published_and_kept(
    tmp_path: Path, outside: Path, tally: Tally, kind: str
) -> None:
    row = tally.row(TABLE, "links and races")
    once = [NAME]
    with site(tmp_path, lambda: swap(shop.inbox / once.pop(), kind, outside) if once else None) as shop:
        row.tried += 1
        shop.drain()
        row.doubled += len(list(shop.posts.iterdir()))
        row.lost += DRAFT not in kept(shop)
    assert row.harmless


@pytest.mark.parametrize("step", ["link_new", "move"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_draft_exchanged_between_two_steps_of_placing_is_published_once_and_kept(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally, kind: str, step: str
) -> None:
    row = tally.row(TABLE, "links and races")
    real = getattr(files, step)

    def swapped(source: Path, wanted: Path) -> None:
        """The post gets its name, and then the draft is exchanged; or that happens just before it is moved away."""
        ours = wanted == target(shop) if step == "link_new" else source.name == NAME
        if ours:
            monkeypatch.setattr(files, step, real)
        if step == "link_new":
            real(source, wanted)
        if ours:
            swap(shop.inbox / NAME, kind, outside)
        if step == "move":
            real(source, wanted)

    with site(tmp_path) as shop:
        monkeypatch.setattr(files, step, swapped)
        row.tried += 1
        shop.drain()
        posts = [path.read_bytes() for path in shop.posts.glob("*.md")]
        row.changed += not all(post.endswith(DRAFT) for post in posts)
        row.doubled += len(posts) > 1
        row.lost += DRAFT not in kept(shop)
        assert len(posts) == 1
        if kind in ("link", "link to a folder"):
            assert [path.name for path in shop.inbox.iterdir()] == [NAME], "what the author put there stays there"
    assert row.harmless


@pytest.mark.parametrize("moment", ["before", "between look and link"])
@pytest.mark.parametrize("leads", ["outside", "nowhere", "to a folder"])
def test_a_link_under_the_name_of_the_post_is_neither_followed_nor_replaced(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally, leads: str, moment: str
) -> None:
    row = tally.row(TABLE, "links and races")
    there = {"outside": outside, "nowhere": outside.with_name("new.md"), "to a folder": outside.parent}[leads]
    real = files.link_new

    def raced(source: Path, wanted: Path) -> None:
        if wanted == target(shop):
            monkeypatch.setattr(files, "link_new", real)
            target(shop).symlink_to(there)
        real(source, wanted)

    with site(tmp_path) as shop:
        if moment == "before":
            target(shop).symlink_to(there)
        else:
            monkeypatch.setattr(files, "link_new", raced)
        row.tried += 1
        (done,) = shop.drain()
        assert isinstance(done.outcome, Published)
        assert target(shop).readlink() == there
        row.changed += not (shop.posts / done.outcome.filename).read_bytes().endswith(DRAFT)
        row.doubled += done.outcome.filename == target(shop).name
    assert row.harmless


def test_a_posts_folder_that_is_a_link_is_the_folder_it_leads_to(tmp_path: Path, tally: Tally) -> None:
    row = tally.row(TABLE, "links and races")
    chosen = tmp_path / "elsewhere"
    chosen.mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "_posts").symlink_to(chosen)
    with site(tmp_path) as shop:
        row.tried += 1
        (done,) = shop.drain()
        assert isinstance(done.outcome, Published)
        row.changed += not (chosen / done.outcome.filename).read_bytes().endswith(DRAFT)
        assert shop.posts.is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere", "site"}
    assert row.harmless


def kept(shop: Workshop) -> list[bytes]:
    """The copies that blogmetad keeps of drafts."""
    folders = (shop.config.site.state / name for name in ("originals", "retired"))
    return [path.read_bytes() for folder in folders for path in folder.iterdir()]
