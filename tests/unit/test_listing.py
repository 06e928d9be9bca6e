"""What is remembered of a folder's names is what reading the folder would tell, whatever happens to it in between."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blogmetad.publish.listing import Listing
from blogmetad.publish.names import Taken, listed

NAMES = ("2025-01-02-春.md", "a.md", "A.md", "a", "ab.md", "É.md", "e\u0301.md")
Step = Callable[[Path], object]


@pytest.fixture
def listing() -> Iterator[Listing]:
    made = Listing()
    yield made
    made.close()


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    (tmp_path / "_posts").mkdir()
    return tmp_path / "_posts"


def known(taken: Taken) -> list[str]:
    return sorted(name for name in taken.names.split("/") if name)


def agrees(listing: Listing, *folders: Path) -> bool:
    return known(listing.taken(*folders)) == known(Taken.of(*folders))


def _renamed(name: str, other: str) -> Step:
    def step(posts: Path) -> None:
        if (posts / name).exists():
            (posts / name).rename(posts / other)

    return step


STEPS = st.one_of(
    st.sampled_from(NAMES).map(lambda name: lambda posts: (posts / name).write_text(name)),
    st.sampled_from(NAMES).map(lambda name: lambda posts: (posts / name).unlink(missing_ok=True)),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).map(lambda pair: _renamed(*pair)),
    st.just(lambda posts: (posts / "sub").mkdir(exist_ok=True)),
    st.just(lambda posts: shutil.rmtree(posts / "sub", ignore_errors=True)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(STEPS, max_size=4), max_size=5))
def test_it_knows_what_reading_the_folder_tells(posts: Path, listing: Listing, rounds: list[list[Step]]) -> None:
    for steps in rounds:
        for step in steps:
            step(posts)
        assert agrees(listing, posts)


def test_of_several_folders_it_knows_all_names(posts: Path, listing: Listing) -> None:
    review = posts.with_name("_review")
    review.mkdir()
    (posts / "a.md").touch()
    (review / "b.md").touch()
    for stem in ("a", "b"):
        assert stem in listing.taken(review, posts)
    assert "b" not in listing.taken(posts)


def test_a_folder_is_read_once_and_then_only_told_of(
    posts: Path, listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    monkeypatch.setattr("blogmetad.publish.listing.listed", lambda folder: read.append(folder) or listed(folder))
    for number in range(5):
        (posts / f"{number}.md").touch()
        assert agrees(listing, posts)
    assert read == [posts]


def test_a_folder_that_was_exchanged_or_let_go_of_is_read_again(posts: Path, listing: Listing) -> None:
    (posts / "a.md").touch()
    assert agrees(listing, posts)
    posts.rename(posts.with_name("away"))
    posts.mkdir()
    assert agrees(listing, posts)
    listing.close()
    (posts / "b.md").touch()
    assert agrees(listing, posts)


def test_a_folder_that_could_not_be_read_is_read_when_it_is_back(posts: Path, listing: Listing) -> None:
    (posts / "a.md").touch()
    posts.rename(posts.with_name("away"))
    with pytest.raises(FileNotFoundError):
        listing.taken(posts)
    posts.with_name("away").rename(posts)
    assert agrees(listing, posts)


def test_a_reading_that_failed_half_way_is_not_taken_for_an_empty_folder(
    posts: Path, listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> str:
        raise PermissionError(13, "denied", str(folder))

    (posts / "a.md").touch()
    with monkeypatch.context() as patched:
        patched.setattr("blogmetad.publish.listing.listed", fail)
        with pytest.raises(PermissionError):
            listing.taken(posts)
    assert agrees(listing, posts)
