"""`make screenshots`: each page of the dashboard on the demo's city as a picture in docs/images/, with what it took.

The server is one of its own and ends with this. The time of a page is from the click on its name until the server has
said all that is on it: first with nothing kept, then again.
"""

import io
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser import FLAGS, Visit, found_browser, wait_for_server

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / "docs" / "images"
PAGES = {
    "overview": "",
    "map": "map",
    "when": "when",
    "districts": "districts",
    "district": "district?district=8",
    "staffing": "staffing?district=8",
    "wards": "wards?ward=27",
    "areas": "areas?area=25",
    "revisions": "revisions",
    "quality": "quality",
}
ON_A_PHONE = {"phone-map": "map?layer=ward", "phone-when": "when"}
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
MAX_PIXELS_HIGH = 1500
READY_MARK = "document.querySelector('[data-testid=stApp]').dataset.testScriptState"


def main():
    """Make the pictures, and print the times."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "ENV_FILE": "", "DATABASE_NAME": "chicago_crime_demo"}
    command = [sys.executable, "-m", "dashboard", "--server.port", str(port)]
    server = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for_server(url)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=found_browser(), args=FLAGS)
            page = browser.new_context(viewport=DESK).new_page()
            page.set_default_timeout(90_000)  # the first page makes the server import all that it needs
            visit = Visit(page, url)
            times = measure(visit)
            for name, path in PAGES.items():
                take(visit, name, path, DESK)
            for name, path in ON_A_PHONE.items():
                take(visit, name, path, PHONE)
            browser.close()
        if visit.faults:
            sys.exit("\n".join(visit.faults))
        for name, (first, again) in times.items():
            print(f"{name:24} {first:5.2f} s, again {again:5.2f} s")
    finally:
        server.terminate()
        server.wait()


def measure(visit):
    """Return the seconds of each page, by its name in the list: with nothing kept, and again."""
    visit.go("")
    names = [link.inner_text() for link in visit.page.get_by_test_id("stSidebarNavLink").all()]
    times = {}
    for round_ in (0, 1):
        for name in [*names[1:], names[0]]:
            began = time.perf_counter()
            visit.page.get_by_test_id("stSidebarNavLink").filter(
                has_text=re.compile(f"^{re.escape(name)}$")
            ).click()
            visit.page.wait_for_function(f"{READY_MARK} === 'running'", timeout=2000) if not round_ else None
            visit.page.wait_for_function(f"{READY_MARK} === 'notRunning'")
            times.setdefault(name, [0.0, 0.0])[round_] = time.perf_counter() - began
    return times


def take(visit, name, path, size):
    """Save one page, from its title to its end or to where a picture is long enough."""
    visit.page.set_viewport_size(size)
    visit.go(path)
    visit.page.wait_for_timeout(1500)
    block = visit.page.locator('[data-testid="stMainBlockContainer"]')
    height = min(int(block.evaluate("element => element.scrollHeight")) + 40, MAX_PIXELS_HIGH)
    visit.page.set_viewport_size({**size, "height": height})
    visit.page.wait_for_timeout(800)
    picture = Image.open(io.BytesIO(visit.page.screenshot()))
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(
        Path(FOLDER) / f"{name}.png", optimize=True
    )


if __name__ == "__main__":
    main()
