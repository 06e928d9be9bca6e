"""A real browser without a window, for pages that people look at: Chromium, driven through its own driver."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
"""No window, no sandbox (which root cannot have), and no requests of the browser's own."""


class Browser:
    """One window. What a page asked the network for is in ``requests``; what it complained of, in ``complaints``."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path | str) -> None:
        """Load a page, as a file or by its address; what was logged before is forgotten."""
        self.requests()
        self.driver.get_log("browser")
        self.driver.get(page.as_uri() if isinstance(page, Path) else page)

    def run(self, script: str, *arguments: object) -> Any:
        """What a piece of JavaScript returns."""
        return self.driver.execute_script(f"return {script}", *arguments)

    def devtools(self, method: str, **parameters: object) -> Any:
        """A command to the browser itself."""
        return self.driver.execute_cdp_cmd(method, parameters)

    def requests(self) -> list[str]:
        """The addresses that pages asked for since the last look, the browser's own pages aside."""
        events = (json.loads(line["message"])["message"] for line in self.driver.get_log("performance"))
        sent = (event["params"] for event in events if event["method"] == "Network.requestWillBeSent")
        return [each["request"]["url"] for each in sent if not each["documentURL"].startswith("chrome:")]

    def complaints(self) -> list[str]:
        """What stands in the console: errors of scripts, and what the page's policy has forbidden."""
        return [str(line["message"]) for line in self.driver.get_log("browser")]

    def window(self, width: int, height: int = 900, *, phone: bool = False) -> None:
        """The size of the window, in the pixels of style sheets."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )

    def prefers(self, scheme: str) -> None:
        """Whether its user likes it ``light`` or ``dark``."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.devtools("Emulation.setEmulatedMedia", features=features)

    def speaks(self, languages: str) -> None:
        """The languages of its user, as ``zh-CN,zh``."""
        agent = self.run("navigator.userAgent")
        self.devtools("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=languages)

    def press(self, *keys: str) -> None:
        """Keys, one after the other, wherever the focus is."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def paste(self) -> None:
        """What was copied, to where the focus is."""
        from selenium.webdriver import ActionChains, Keys

        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("v").key_up(Keys.CONTROL).perform()

    def screenshot(self, file: Path) -> None:
        """What is seen now."""
        assert self.driver.save_screenshot(str(file))


@contextmanager
def browser(scratch: Path) -> Iterator[Browser]:
    """A fresh browser, with its profile in ``scratch``. Skips where there is none."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium (pip install selenium)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (*QUIET, f"--user-data-dir={scratch}", "--lang=en-US"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    service = webdriver.ChromeService(cast(str, DRIVER))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
