"""The page of the journal in a browser: light and dark, on a phone, by keyboard, in Chinese, and closed to the
outside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blogmetad.journal import account
from blogmetad.journal.page import render, view
from tests.browser import Browser, browser
from tests.stories import NOON, TITLE, tell

SCRIPT = "<script>document.title='taken'</script><img src=https://example.com/x.png>标题"
LONG = "a-file-name-that-goes-on-" * 8
DAY = dt.timedelta(days=1)
STORIES = (
    tell(
        "日志.md",
        {"title": "预写日志"},
        {"title": TITLE, "description": "SQLite keeps a log. It is written before the pages are, so nobody waits."},
        own=("预写日志", "sqlite"),
    ),
    tell(f"{LONG}.md", front=f'title: "{SCRIPT}"\ntags: ["<b>moe</b>", {"x" * 90}]\n', at=NOON - DAY),
    tell("短.md", body="短", at=NOON - DAY),
    tell("将来.md", front="date: 2027-01-01\n", at=NOON - 9 * DAY),
    replace(tell("zurück.md", front="subtitle: x\n", at=NOON - 30 * DAY), outcome="undone"),
)
SHOWN = "[...document.querySelectorAll('.draft')].filter((each) => each.offsetParent).map((each) => each.id)"


def written(folder: Path, language: str = "auto") -> Path:
    """The page as a file."""
    overview = view.overview([account.read(story) for story in STORIES], NOON)
    frame = render.Frame("我的博客", NOON, language)  # type: ignore[arg-type]
    file = folder / "日志 #1.html"
    file.write_bytes(render.render(STORIES, overview, frame))
    return file


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(window: Browser, tmp_path: Path) -> Browser:
    window.window(1200)
    window.prefers("light")
    window.speaks("en-GB,en")
    window.devtools("Emulation.setScriptExecutionDisabled", value=False)
    window.open(written(tmp_path))
    return window


def ids(*places: int) -> list[str]:
    return [f"d-{STORIES[place].id}" for place in places]


def open_all(page: Browser) -> None:
    page.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")


def test_nothing_leaves_the_page_and_it_has_nothing_to_complain_of(page: Browser) -> None:
    open_all(page)
    asked = page.requests()
    assert [address for address in asked if not address.startswith(("file:", "data:"))] == []
    assert page.complaints() == []


def test_a_script_in_a_title_stays_text(page: Browser) -> None:
    assert page.run("document.title") == "Journal of 我的博客"
    assert page.run("document.getElementById(arguments[0]).querySelector('h3').textContent", ids(1)[0]) == SCRIPT
    assert page.run("document.images.length + document.scripts.length") == 1


def test_the_policy_stops_what_would_come_in_by_any_other_way(page: Browser) -> None:
    page.run("document.body.insertAdjacentHTML('beforeend', '<b id=x style=color:red onclick=1>x</b>')")
    page.run("document.body.append(Object.assign(document.createElement('img'), {src: 'https://example.com/x'}))")
    assert page.run("getComputedStyle(document.getElementById('x')).color") != "rgb(255, 0, 0)"
    assert page.requests() == [] or all(address.startswith(("file:", "data:")) for address in page.requests())
    assert any("Content Security Policy" in line for line in page.complaints())


@pytest.mark.parametrize("width", [320, 375, 820])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_phone_needs_no_scrolling_to_the_side(page: Browser, width: int, language: str, tmp_path: Path) -> None:
    page.window(width, 700, phone=True)
    page.speaks(language)
    page.open(written(tmp_path))
    open_all(page)
    assert page.run("document.documentElement.scrollWidth") <= width
    seen = "[...document.querySelectorAll('main *:not(.unseen):not(.unseen *)')]"
    too_wide = "(each) => each.getBoundingClientRect().right > innerWidth + 1"
    assert page.run(f"{seen}.filter({too_wide}).map((each) => each.outerHTML)") == []


CONTRAST = """(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = (v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    return .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  };
  const ground = (each) => {
    for (let up = each; up; up = up.parentElement) {
      const found = parse(getComputedStyle(up).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
  };
  const poor = [];
  for (const each of document.querySelectorAll('body *')) {
    const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !each.getClientRects().length || each.closest('.unseen, .skip, template, script, style')) continue;
    const [a, b] = [light(parse(getComputedStyle(each).color)), light(ground(each))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) poor.push([each.tagName, each.className, ratio, each.textContent.slice(0, 40)]);
  }
  return poor;
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_by_day_and_by_night(page: Browser, scheme: str) -> None:
    page.prefers(scheme)
    open_all(page)
    red, green, blue = page.run("getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)")
    assert (red + green + blue > 600) == (scheme == "light")
    assert page.run(CONTRAST) == []


def test_words_are_found_with_the_keyboard_alone(page: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    page.press("/", "s", "q", "l", "i", "t", "e", " ", "日志")
    assert page.run("document.activeElement.id") == "find"
    assert page.run(SHOWN) == ids(0)
    assert page.run("document.getElementById('count').textContent") == "1 draft shown"
    assert page.run("[...document.querySelectorAll('.day')].filter((each) => each.offsetParent).length") == 1
    page.press(Keys.ESCAPE)
    assert len(page.run(SHOWN)) == len(STORIES)
    assert page.run("document.getElementById('count').textContent") == "5 drafts shown"


def test_outcomes_are_chosen_and_stories_opened_with_the_keyboard(page: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    page.press("/", Keys.TAB)
    assert page.run("document.activeElement.value") == "all"
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.run("document.activeElement.value") == "parked"
    assert page.run(SHOWN) == ids(2)
    page.press(Keys.TAB, Keys.ENTER)
    assert page.run("document.getElementById(arguments[0]).querySelector('details').open", ids(2)[0])


def test_a_link_to_a_draft_opens_its_story(page: Browser, tmp_path: Path) -> None:
    page.open("about:blank")
    page.open(f"{written(tmp_path).as_uri()}#{ids(3)[0]}")
    opened = "[...document.querySelectorAll('.draft:has(> details[open])')].map((each) => each.id)"
    assert page.run(opened) == ids(3)


def test_a_command_is_copied_with_a_button_that_says_what_it_copies(page: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    open_all(page)
    page.run("document.querySelector('.copy').focus()")
    page.press(Keys.ENTER, "/")
    page.paste()
    copied = f"blogmetad undo {STORIES[0].id}"
    assert page.run("document.getElementById('find').value") == copied
    assert page.run("document.querySelector('.copy').textContent").endswith(copied)
    assert page.run("document.getElementById('said').textContent") == "copied"


def test_the_page_speaks_the_browsers_language_and_the_other_on_request(page: Browser, tmp_path: Path) -> None:
    page.speaks("zh-CN,zh")
    page.open(written(tmp_path))
    assert page.run("document.title") == "我的博客 的日志"
    assert page.run("document.documentElement.lang") == "zh"
    seen = page.run("document.body.innerText")
    assert "已发布" in seen
    assert "needs you" not in seen
    page.run("document.getElementById('language').click()")
    assert page.run("document.title") == "Journal of 我的博客"
    assert "needs you" in page.run("document.body.innerText")


def test_without_javascript_all_can_be_read_opened_and_chosen_by_outcome(page: Browser, tmp_path: Path) -> None:
    page.devtools("Emulation.setScriptExecutionDisabled", value=True)
    page.open(written(tmp_path, "zh"))
    assert len(page.run(SHOWN)) == len(STORIES)
    assert page.run("document.getElementById('find').offsetParent") is None
    assert "浏览器自带的查找" in page.run("document.body.innerText")
    page.driver.find_element("css selector", "[value=held] + span").click()
    assert page.run(SHOWN) == ids(3)
    page.driver.find_element("css selector", f"[id='{ids(3)[0]}'] summary").click()
    assert "2027-01-01" in page.run("document.getElementById(arguments[0]).innerText", ids(3)[0])


def test_landmarks_and_headings_say_where_one_is(page: Browser) -> None:
    nodes = page.devtools("Accessibility.getFullAXTree")["nodes"]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
    roles = [role for role, _ in named]
    for role in ("banner", "main", "search", "contentinfo"):
        assert roles.count(role) == 1, role
    assert ("region", "26 November 2026 Thursday") in named
    assert ("searchbox", "Find") in named
    assert ("image", "Drafts by week") in named
    assert [name for role, name in named if role == "radio"] == ["all", "published", "needs you", "held", "other"]
    assert all(name for role, name in named if role in ("button", "link", "heading", "image", "radio", "searchbox"))
