"""The page as a person sees it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

_WAIT_SECONDS = 20
_T = TypeVar("_T")


class UsagePage:
    """Drives a browser by what is on the page.

    Args:
        driver: The browser.
        url: The page's address, without a slash at its end.
        downloads: Where its files arrive.
    """

    def __init__(self, driver: Chrome, url: str, downloads: Path) -> None:
        self.driver = driver
        self.url = url
        self._downloads = downloads

    def open(self, fragment: str = "") -> None:
        """Load the page anew, as somebody does who is given its address."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.url}/{fragment}")

    def sign_in(
        self, fragment: str = "", *, workspace: str = "ws-acme", role: str = "admin"
    ) -> None:
        """Open the page, go through the provider's form, and be back."""
        self.open(fragment)
        self.click("Sign in")
        field = self.find("input[name=workspace_id]")
        field.clear()
        field.send_keys(workspace)
        self.find(f"input[value={role}]").click()
        self.click("Sign in")
        self.until(lambda: self.driver.current_url.startswith(self.url + "/"))

    def find(self, selector: str) -> WebElement:
        """The first element, as soon as it is there."""
        return self.until(lambda: self.driver.find_element(By.CSS_SELECTOR, selector))

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.until(self.find(selector).text.strip)

    def click(self, label: str, within: str = "body") -> None:
        """Press the button, radio button or summary that says `label`, once it can be pressed."""

        def press() -> bool:
            for element in self.all(f":is({within}) :is(button, label, summary, a)"):
                if _one_line(element.text) == label and element.is_enabled():
                    element.click()
                    return True
            return False

        self.until(press)

    def wait_for(self, text: str, within: str = "body") -> None:
        """Wait until a text can be read."""
        self.until(lambda: text in _one_line(self.find(within).text), text)

    def wait_for_charts(self) -> None:
        """Wait until the usage is there, and is drawn."""
        self.until(lambda: bool(self.all(".usage[aria-busy=false] .plot[data-drawn] canvas")))

    def press(self, selector: str, *keys: str) -> None:
        self.find(selector).send_keys(*keys)

    def set_date(self, selector: str, day: str) -> None:
        """Fill a date field (`2026-01-31`), whatever the browser's way to type dates."""
        self.driver.execute_script(
            "const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;"
            "set.call(arguments[0], arguments[1]);"
            "arguments[0].dispatchEvent(new Event('input', {bubbles: true}));",
            self.find(selector),
            day,
        )

    def table(self, selector: str) -> list[list[str]]:
        """The body of a table, as soon as it has a row: one list of texts a row."""
        self.find(f"{selector} tbody tr")
        script = (
            "return [...document.querySelectorAll(arguments[0] + ' tbody tr')].map("
            "row => [...row.children].map(cell => cell.textContent.trim()))"
        )
        rows: list[list[str]] = self.driver.execute_script(script, selector)
        return rows

    def download(self) -> Path:
        """The one new file, whole."""

        def arrived() -> Path | None:
            files = list(self._downloads.iterdir())
            return files[0] if len(files) == 1 and files[0].suffix == ".csv" else None

        file = self.until(arrived)
        assert file is not None
        return file

    def resize(self, width: int, height: int = 900) -> None:
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)  # fmt: skip

    def scheme(self, name: str) -> None:
        """`dark` or `light`."""
        feature = {"name": "prefers-color-scheme", "value": name}
        self.cdp("Emulation.setEmulatedMedia", features=[feature])

    def cdp(self, command: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, parameters)

    def complaints(self) -> list[str]:
        """What the browser's console says: errors and violations of the security policy."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call] # it has no types
        return [
            entry["message"] for entry in entries if not _IS_HTTP_STATUS.search(entry["message"])
        ]

    def shown(self) -> str:
        """What can be read, but for the choices of menus, which go for it."""
        text: str = self.driver.execute_script(
            "document.querySelectorAll('select').forEach(menu => menu.remove());"
            "return document.body.innerText;"
        )
        return text

    def until(self, ready: Callable[[], _T], what: str = "") -> _T:
        """The first true answer. Fails after a while, with what the page shows."""
        end = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                if answer := ready():
                    return answer
            except (
                NoSuchElementException,
                StaleElementReferenceException,
                ElementClickInterceptedException,
            ):
                pass
            if time.monotonic() > end:
                raise AssertionError(f"not there in time: {what}\nThe page shows:\n{self.shown()}")
            time.sleep(0.05)


# A status of 4xx is an answer that the page shows; the browser logs it all the same.
_IS_HTTP_STATUS = re.compile(r"Failed to load resource: the server responded with a status of 4")


def _one_line(text: str) -> str:
    return " ".join(text.split())


ARROW_RIGHT = Keys.ARROW_RIGHT
