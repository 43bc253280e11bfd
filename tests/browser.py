"""Chromium on the dashboard, by Playwright: where it is, how it is started, a tab that remembers what went wrong.

Used by the tests of the dashboard, `make screenshots` and `make bench-dashboard`.
"""

import os
import shutil
import time
import urllib.request

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# As root there is no sandbox; the rest keeps the browser from asking its maker for news.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
# Vega draws a chart some time after the page's script has ended; a skeleton stands where its code is not loaded yet.
CHARTS_ARE_DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"]')
    && [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')]
        .every(chart => chart.querySelector('svg.marks, canvas.marks'))"""


class Visit:
    """One tab, and what went wrong in it."""

    def __init__(self, page, url):
        self.page = page
        self.url = url
        self.faults = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._request)

    def _console(self, message):
        # Streamlit's page looks for its server below its own address first; that is a 404, and no fault of ours.
        is_search = "/_stcore/" in message.location.get("url", "")
        if message.type == "error" and not is_search:
            self.faults.append(message.text)

    def _request(self, request):
        if not request.url.startswith((self.url, self.url.replace("http", "ws"), "data:", "blob:")):
            self.faults.append(f"asked {request.url}")

    def go(self, path):
        self.page.goto(f"{self.url}/{path}")
        self.page.wait_for_selector("h1")
        self.settle()

    def settle(self):
        # What was typed or clicked takes a moment to reach the server.
        self.page.wait_for_timeout(150)
        self.page.wait_for_selector(READY)
        self.page.wait_for_function(CHARTS_ARE_DRAWN)

    def turn_to(self, name):
        """Click a page's name in the list, which loads nothing anew as an address does; a new tab is opened first."""
        if not self.page.url.startswith(self.url):
            self.go("quality")
        link = self.page.get_by_test_id("stSidebarNavLink").get_by_text(name, exact=True)
        link.click()
        path = "" if name == "Overview" else link.locator("xpath=ancestor::a").get_attribute("href")
        self.page.wait_for_url(f"**{path}" if path else f"{self.url}/")
        self.settle()

    def choose(self, label, typed):
        box = self.page.get_by_role("combobox", name=label)
        box.click()
        box.fill(typed)
        self.page.get_by_role("option").first.wait_for()
        box.press("Enter")
        self.settle()

    def sees(self, text):
        """Wait for a text of the page, or fail; parts of a page come one after another."""
        self.page.locator('[data-testid="stMain"]').get_by_text(text).first.wait_for()


def wait_for_server(url):
    """Wait until Streamlit answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=5)
        except OSError:
            assert time.monotonic() < deadline, "Streamlit did not start"
            time.sleep(0.1)
        else:
            return


def found_browser():
    """Return the path of a Chromium, or None."""
    return os.environ.get("BROWSER_PROGRAM") or next(filter(None, map(shutil.which, BROWSERS)), None)
