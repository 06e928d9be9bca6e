"""A Jekyll site's conventions, read from real folders."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

import pytest

from blogmetad.site import jekyll
from blogmetad.site.jekyll import SiteConfig, find_site, host_zone, post_name, read_site

WINTER, SUMMER = dt.datetime(2025, 1, 15, 12), dt.datetime(2025, 7, 15, 12)  # noqa: DTZ001 - wall clock times


def site(tmp_path: Path, config: str | bytes) -> SiteConfig:
    (tmp_path / "_config.yml").write_bytes(config if isinstance(config, bytes) else config.encode())
    return read_site(tmp_path)


def rules(config: SiteConfig) -> list[str]:
    assert all(problem.message.startswith("The") for problem in config.problems)
    assert all(problem.message.endswith(".") for problem in config.problems)
    return [problem.rule for problem in config.problems]


@pytest.fixture
def new_york() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def test_title_time_zone_and_future_are_read_from_the_configuration(tmp_path: Path) -> None:
    config = site(tmp_path, "title: 因果之家  # 我的\ntimezone: Asia/Shanghai\nfuture: true\n")
    assert config == SiteConfig(tmp_path, "因果之家", ZoneInfo("Asia/Shanghai"), True, True, permalink="date")


def test_a_site_that_says_nothing_gets_jekylls_defaults(tmp_path: Path, new_york: None) -> None:  # noqa: ARG001
    config = site(tmp_path, "# 空\n")
    assert config == SiteConfig(tmp_path, "", ZoneInfo("America/New_York"), False, False, permalink="date")


def test_the_pattern_of_addresses_and_the_theme_are_read_from_the_configuration(tmp_path: Path) -> None:
    config = site(tmp_path, "permalink: /blog/:year/:title/\nenable_darkmode: true\ndisplay_tags: [代码]\n")
    assert config.permalink == "/blog/:year/:title/"
    assert config.al_folio
    assert site(tmp_path, "plugins: [al_folio_core]\n").al_folio
    assert not site(tmp_path, "theme: minimal-mistakes-jekyll\n").al_folio


def test_a_site_without_configuration_is_usable_and_the_problem_names_the_file(tmp_path: Path) -> None:
    config = read_site(tmp_path)
    assert rules(config) == ["site.config"]
    assert str(tmp_path / "_config.yml") in config.problems[0].message
    assert not config.timezone_known
    assert config.permalink is None


@pytest.mark.parametrize(
    "config",
    [
        "title: [未完\n",
        "title: 甲: 乙\n",
        "- 甲\n- 乙\n",
        "只有文字\n",
        b"title: \xff\xfe\n",
        "a: " + "[" * 60_000,
        "d: 2025-02-31\n",
        "x: !!python/object/apply:os.system ['false']\n",
        "a: \x00\n",
    ],
)
def test_a_configuration_that_cannot_be_read_is_a_problem_and_not_a_failure(
    tmp_path: Path, config: str | bytes
) -> None:
    read = site(tmp_path, config)
    assert rules(read) == ["site.config"]
    assert (read.title, read.future) == ("", False)


def test_anchors_aliases_and_a_byte_order_mark_in_the_configuration_are_fine(tmp_path: Path) -> None:
    config = site(tmp_path, "\ufeffa: &x {b: 1}\nc:\n  <<: *x\ntitle: 站\n")
    assert (config.title, config.problems) == ("站", ())


@pytest.mark.timeout(60)
def test_aliases_that_would_repeat_a_text_without_end_are_read_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [al-folio]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20))]
    keys = ("title: *a19", "permalink: *a19", "timezone: *a19", "future: *a19", "around: &me [*me]")
    config = site(tmp_path, "\n".join((*lines, *keys)))
    assert (config.title, config.permalink, config.al_folio) == ("list", "list", True)
    assert rules(config) == ["site.timezone", "site.future"]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Asia", "上海", "8", "[a]"])
def test_an_unknown_time_zone_falls_back_to_the_hosts_with_a_problem(
    tmp_path: Path,
    zone: str,
    new_york: None,  # noqa: ARG001
) -> None:
    config = site(tmp_path, f"timezone: {zone}\n")
    assert rules(config) == ["site.timezone"]
    assert (config.timezone, config.timezone_known) == (ZoneInfo("America/New_York"), False)


def test_a_future_that_is_neither_true_nor_false_is_told_and_taken_as_false(tmp_path: Path) -> None:
    config = site(tmp_path, "future: 也许\ntimezone: 火星\n")
    assert rules(config) == ["site.timezone", "site.future"]
    assert config.future is False


def test_the_hosts_zone_knows_summer_time(new_york: None) -> None:  # noqa: ARG001
    zone = host_zone()
    assert zone.utcoffset(WINTER) == dt.timedelta(hours=-5)
    assert zone.utcoffset(SUMMER) == dt.timedelta(hours=-4)


def test_the_hosts_zone_is_read_from_the_system_when_the_environment_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TZ", raising=False)
    compiled = next(Path(root, "Asia/Tokyo") for root in TZPATH if Path(root, "Asia/Tokyo").exists())
    (tmp_path / "localtime").symlink_to(compiled)
    monkeypatch.setattr(jekyll, "LOCALTIME", tmp_path / "localtime")
    assert host_zone().utcoffset(WINTER) == dt.timedelta(hours=9)


def test_a_host_zone_that_has_no_name_still_has_an_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC+3<nonsense>")
    expected = dt.datetime.now(dt.UTC).astimezone().utcoffset()
    assert host_zone().utcoffset(None) == expected


def test_the_site_is_found_from_within_by_its_configuration_or_its_posts(tmp_path: Path) -> None:
    deep = tmp_path / "站" / "_inbox" / "旧"
    deep.mkdir(parents=True)
    assert find_site(deep) is None
    (tmp_path / "站" / "_posts").mkdir()
    assert find_site(deep) == tmp_path / "站"
    assert find_site(tmp_path / "站") == tmp_path / "站"
    (tmp_path / "_config.yml").touch()
    assert find_site(deep) == tmp_path / "站"
    assert find_site(tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("2025-04-29-qwen3-release.md", (dt.date(2025, 4, 29), "qwen3-release")),
        ("2025-4-9-春天.markdown", (dt.date(2025, 4, 9), "春天")),
        ("2025-04-29-v1.2-notes.md", (dt.date(2025, 4, 29), "v1.2-notes")),
        ("2025-04-29-页.html", (dt.date(2025, 4, 29), "页")),
        ("2025-02-31-no-such-day.md", None),
        ("2025-04-29.md", None),
        ("2025-04-29-.md", None),
        ("2025-04-29-slug", None),
        ("春天.md", None),
        ("x2025-04-29-a.md", None),
        ("２０２５-04-29-a.md", None),
    ],
)
def test_a_posts_name_gives_its_date_and_slug(filename: str, expected: tuple[dt.date, str] | None) -> None:
    assert post_name(filename) == expected
