"""The review page in a browser, with a real server, ledger and files: what an author does there, by mouse and by
keyboard, and how it looks by day, by night, on a phone and in Chinese."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import uvicorn

from blogmetad.cli.review.page import command
from blogmetad.journal.ledger import State
from tests.browser import Browser, browser
from tests.scripted_server import Reply, Scripted, good, scripted
from tests.system.reviewed import HOSTILE, OLD, SCRIPT, WAL, Reviewed, make
from tests.system.test_page_in_browser import CONTRAST

TITLE = "document.querySelector('[name=\"field:title\"]')"
TERMS = "[...document.querySelectorAll('[name=\"term:tags\"]')].map((each) => each.value).filter(Boolean)"


class Model:
    """What the model answers: the title it is to give, and how long it takes."""

    title, delay = "How a Write-Ahead Log Works", 0.0


@pytest.fixture(scope="module")
def model() -> Iterator[Scripted]:
    def script(_: object, __: int) -> Reply:
        answer = good(title=Model.title)
        return Reply(answer.status, answer.body, answer.headers, Model.delay)

    with scripted(script=script) as server:
        yield server


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, model: Scripted) -> Reviewed:
    return make(tmp_path_factory.mktemp("review") / "博客", model.url)


@pytest.fixture
def site(template: Reviewed, tmp_path: Path) -> Iterator[Reviewed]:
    yield Reviewed(Path(shutil.copytree(template.root, tmp_path / "博客")))
    Model.title, Model.delay = "How a Write-Ahead Log Works", 0.0


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


class Author:
    """Somebody in front of the page."""

    def __init__(self, window: Browser, site: Reviewed, server: uvicorn.Server, address: str) -> None:
        self.window, self.site, self.server, self.address = window, site, server, address
        self.host = address.partition("/open")[0]
        self.sit_down()
        window.open(address)
        self.base = str(window.driver.current_url)

    def sit_down(self) -> None:
        self.window.window(1280, 900)
        self.window.prefers("light")
        self.window.speaks("en-GB,en")
        self.window.devtools("Emulation.setScriptExecutionDisabled", value=False)

    def read(self, draft: str = WAL) -> None:
        self.window.open(f"{self.base}post/{self.site.job(draft).id}")

    def click(self, selector: str) -> None:
        self.window.driver.find_element("css selector", selector).click()

    def agree(self) -> None:
        self.window.driver.switch_to.alert.accept()

    def fill(self, selector: str, text: str) -> None:
        box = self.window.driver.find_element("css selector", selector)
        box.clear()
        box.send_keys(text)

    def sees(self, text: str) -> bool:
        return text in self.window.run("document.body.innerText")

    def until_seen(self, text: str) -> None:
        self.site.until(lambda: self.sees(text))


@pytest.fixture
def author(window: Browser, site: Reviewed) -> Iterator[Author]:
    with serving(site) as (server, address):
        yield Author(window, site, server, address)
        window.driver.get("about:blank")


@pytest.fixture(scope="module")
def quiet(window: Browser, template: Reviewed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Author]:
    """An author who changes nothing, so that one page serves many tests."""
    site = Reviewed(Path(shutil.copytree(template.root, tmp_path_factory.mktemp("quiet") / "博客")))
    with serving(site) as (server, address):
        yield Author(window, site, server, address)


@pytest.fixture
def reader(quiet: Author) -> Author:
    quiet.sit_down()
    return quiet


@contextmanager
def serving(site: Reviewed) -> Iterator[tuple[uvicorn.Server, str]]:
    """The page, served by a thread of this process."""
    with command.listening(0) as listener, command.opened(site.settings, listener) as (server, address):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield server, address
        finally:
            server.should_exit = True
            thread.join()


def test_the_address_leads_to_the_posts_once_and_does_not_stay_in_sight(author: Author) -> None:
    assert "token" not in author.base
    assert author.address.split("token=")[1] not in author.window.run("document.documentElement.outerHTML")
    assert author.window.run("document.title") == "Review of 测试博客"
    assert author.window.run("document.cookie") == ""
    author.window.driver.delete_all_cookies()
    author.window.open(author.address)
    assert author.sees("has been used already")
    author.window.open(author.base)
    assert author.sees("has not brought the token")


def test_a_link_on_another_page_leads_in_too(window: Browser, site: Reviewed, tmp_path: Path) -> None:
    with serving(site) as (_, address):
        link = tmp_path / "link.html"
        link.write_text(f'<a href="{address}">x</a>', "utf-8")
        window.open(link)
        window.driver.find_element("css selector", "a").click()
        site.until(lambda: window.run("document.title") == "Review of 测试博客")
        window.driver.get("about:blank")


def test_a_post_is_read_edited_and_a_tag_completed(author: Author) -> None:
    path = author.site.waiting()
    before = path.read_text("utf-8")
    author.read()
    assert author.sees("读者不必等待写者")
    assert author.window.run("document.querySelectorAll('[name=\"term:tags\"]')[0].list.options.length") >= 4
    assert "预写日志" in author.window.run(
        "[...document.querySelector('[name=\"term:tags\"]').list.options].map((each) => each.value)"
    )
    author.fill('[name="field:title"]', "预写日志怎样工作")
    author.fill('[name="term:tags"].new', "预写日志")
    assert author.window.run("document.querySelectorAll('[name=\"term:tags\"]').length") == 4
    author.click('[data-key="s"]')
    author.until_seen("Saved: title, tags.")
    after = before.replace('"How a Write-Ahead Log Works"', '"预写日志怎样工作"').replace(
        "'backup']", "'backup', 预写日志]"
    )
    assert path.read_text("utf-8") == after
    assert author.window.run(TERMS) == ["sqlite", "backup", "预写日志"]
    assert author.window.complaints() == []


def test_a_value_that_does_not_fit_is_told_beside_it_and_kept_in_the_form(reader: Author) -> None:
    reader.read()
    reader.fill('[name="field:date"]', "gestern")
    reader.click('[data-key="s"]')
    reader.until_seen("cannot be read; write it as")
    box = "document.querySelector('[name=\"field:date\"]')"
    assert reader.window.run(f"{box}.value") == "gestern"
    assert reader.window.run(f"{box}.ariaInvalid") == "true"
    described = reader.window.run(f"document.getElementById({box}.getAttribute('aria-describedby')).innerText")
    assert "cannot be read" in described


def test_an_approved_post_is_published_while_the_list_stays_up_to_date(author: Author) -> None:
    author.click('[data-key="a"][data-sure*="Write-Ahead"]')
    author.agree()
    author.site.until(lambda: author.site.job().state is State.DONE)
    author.site.until(lambda: author.window.run("document.querySelectorAll('.card').length") == 1)
    assert (author.site.root / "_posts" / "2026-02-01-wal.md").exists()
    assert author.window.run("document.querySelector('#published').closest('section').innerText").count("2026-") == 2


def test_a_post_is_revised_in_words_while_the_page_stays_usable(author: Author) -> None:
    Model.title, Model.delay = "Write-Ahead Logs", 1.0
    author.read()
    author.fill("#words", "make the title shorter")
    author.click("[data-words]")
    author.until_seen("the model is at work")
    assert author.window.run("document.querySelector('#fields fieldset').disabled")
    author.window.open(author.base)
    assert author.sees("the model is at work")
    author.read(HOSTILE)
    assert not author.window.run("document.querySelector('#fields fieldset').disabled")
    author.read()
    author.until_seen("changed as you said")
    assert author.window.run(f"{TITLE}.value") == "Write-Ahead Logs"
    assert author.window.run("[...document.querySelectorAll('.revised ins')].length") >= 1
    assert author.site.fields(author.site.waiting())["title"] == "Write-Ahead Logs"


def test_a_published_post_is_taken_back(author: Author) -> None:
    author.read(OLD)
    author.click(".back summary")
    author.click(".danger")
    author.site.until(lambda: (author.site.root / "_inbox" / OLD).exists())
    assert author.site.job(OLD).state is State.UNDONE
    author.site.until(lambda: not author.sees("旧文"))


def test_all_of_it_with_the_keyboard_alone(author: Author) -> None:
    from selenium.webdriver.common.keys import Keys

    press, run = author.window.press, author.window.run
    press("?")
    assert run("document.querySelector('.keys').open")
    press("j", "j")
    assert run("document.activeElement.innerText") == "How a Write-Ahead Log Works"
    assert run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    press("k", "j", "o")
    author.site.until(lambda: run("document.querySelector('#fields') !== null"))
    press("e")
    assert run("document.activeElement.name") == "field:layout"
    press(Keys.TAB)
    while run("document.activeElement.name") != "field:title":
        press(Keys.TAB)
    press(Keys.END, "j", "?", "a")
    assert run(f"{TITLE}.value").endswith("Worksj?a")
    press(Keys.ESCAPE, "s")
    author.until_seen("Saved: title.")
    press("r")
    assert run("document.activeElement.id") == "words"
    press(*"标题改成“键盘”")
    from selenium.webdriver import ActionChains

    ActionChains(author.window.driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
    author.until_seen("changed as you said")
    press("a")
    author.window.driver.switch_to.alert.dismiss()
    assert author.site.job().state is State.WAITING
    press("a")
    author.agree()
    author.site.until(lambda: author.site.job().state is State.DONE)
    assert author.site.fields(author.site.root / "_posts" / "2026-02-01-wal.md")["title"] == "键盘"


def test_the_skip_link_and_the_order_of_the_focus(reader: Author) -> None:
    from selenium.webdriver.common.keys import Keys

    reader.read()
    reader.window.press(Keys.TAB)
    assert reader.window.run("document.activeElement.className") == "skip"
    reader.window.press(Keys.ENTER, Keys.TAB)
    assert reader.window.run("document.activeElement.name") == "field:layout"
    names = "[...document.querySelectorAll('#fields :is(input:not([type=hidden]), textarea, select)')]"
    assert reader.window.run(f"{names}.every((each) => each.labels.length || each.ariaLabel)")


def test_what_an_editor_saves_is_shown_at_once_but_over_no_edit(author: Author) -> None:
    path = author.site.waiting()
    author.read()
    path.write_text(path.read_text("utf-8").replace('"How a Write-Ahead Log Works"', '"编辑器的"'), "utf-8")
    author.site.until(lambda: author.window.run(f"{TITLE}.value") == "编辑器的")
    author.fill('[name="field:title"]', "我的")
    path.write_text(path.read_text("utf-8").replace('"编辑器的"', '"又改了"'), "utf-8")
    author.until_seen("This post was changed meanwhile.")
    assert author.window.run(f"{TITLE}.value") == "我的"
    author.click('[data-key="s"]')
    author.until_seen("又改了")
    assert author.window.run(f"{TITLE}.value") == "我的"
    assert author.site.fields(path)["title"] == "又改了"
    author.click('[data-key="s"]')
    author.until_seen("Saved: title.")
    assert author.site.fields(path)["title"] == "我的"


def test_a_script_in_a_title_stays_text_and_nothing_leaves_the_page(reader: Author) -> None:
    reader.window.open(reader.base)
    assert reader.sees(SCRIPT)
    reader.read(HOSTILE)
    assert reader.window.run("document.querySelector('h1').innerText") == SCRIPT
    assert reader.window.run(f"{TITLE}.value") == SCRIPT
    assert reader.window.run("document.images.length") == 0
    assert all(address.startswith((reader.host, "data:")) for address in reader.window.requests())
    assert reader.window.complaints() == []


@contextmanager
def evil(folder: Path, page: str) -> Iterator[str]:
    """A page at another port of this machine, which browsers take for the same site and send its cookies to."""
    (folder / "evil.html").write_text(f"<!doctype html><title>evil</title>{page}", "utf-8")
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/evil.html"
        finally:
            server.shutdown()
            thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    """Files, without a word to the terminal."""

    def log_message(self, *_: object) -> None:
        pass


def test_a_page_of_another_port_can_neither_read_nor_do_anything(reader: Author, tmp_path: Path) -> None:
    base = reader.base
    act = f"{base}post/{reader.site.job().id}/approve"
    take = f"fetch('{base}', {{credentials: 'include'}}).then((a) => a.text()).then((t) => {{ document.title = t; }},"
    with evil(tmp_path, f"<script>{take}() => {{ document.title = 'refused'; }})</script>") as address:
        reader.window.open(address)
        reader.site.until(lambda: reader.window.run("document.title") == "refused")
    with evil(
        tmp_path, f"<form method=post action='{act}'></form><script>document.forms[0].submit()</script>"
    ) as address:
        reader.window.open(address)
        reader.until_seen("Another page asked for this")
    with evil(tmp_path, f"<iframe src='{base}'></iframe>") as address:
        reader.window.open(address)
        reader.window.driver.switch_to.frame(0)
        assert not reader.sees("Write-Ahead")
        reader.window.driver.switch_to.default_content()
    with evil(tmp_path, f"<a href='{base}'>x</a>") as address:
        reader.window.open(address)
        reader.click("a")
        reader.until_seen("Another page asked for this")
        reader.click(".button")
        reader.until_seen("Waiting for you")
    assert reader.site.job().state is State.WAITING


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_phone_needs_no_scrolling_to_the_side(reader: Author, language: str) -> None:
    reader.window.speaks(language)
    for show in (lambda: reader.window.open(reader.base), reader.read, lambda: reader.read(OLD)):
        show()
        reader.window.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        for width in (320, 375, 820):
            reader.window.window(width, 700, phone=True)
            assert reader.window.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_by_day_and_by_night(reader: Author, scheme: str) -> None:
    reader.window.prefers(scheme)
    for show in (lambda: reader.window.open(reader.base), lambda: reader.read(HOSTILE), lambda: reader.read(OLD)):
        show()
        reader.window.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        red, green, blue = reader.window.run(
            "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)"
        )
        assert (red + green + blue > 600) == (scheme == "light")
        assert reader.window.run(CONTRAST) == []


def test_the_page_speaks_chinese_and_the_other_language_on_request(reader: Author) -> None:
    reader.window.speaks("zh-CN,zh")
    reader.read()
    assert reader.sees("让它改")
    assert reader.window.run("document.documentElement.lang") == "zh"
    reader.click(".tongue button")
    reader.until_seen("Have it changed")
    assert reader.window.driver.current_url.endswith(reader.site.job().id)
    reader.window.driver.delete_cookie("blogmetad-tongue")


def test_without_javascript_all_can_be_read_edited_and_published(author: Author) -> None:
    author.window.devtools("Emulation.setScriptExecutionDisabled", value=True)
    author.read()
    author.fill('[name="field:title"]', "没有脚本")
    author.click('[data-key="a"]')
    author.site.until(lambda: author.site.job().state is State.DONE)
    assert author.site.fields(author.site.root / "_posts" / "2026-02-01-wal.md")["title"] == "没有脚本"


def test_a_page_whose_server_has_ended_says_so(author: Author) -> None:
    author.server.should_exit = True
    author.until_seen("Start it again with: blogmetad review")
