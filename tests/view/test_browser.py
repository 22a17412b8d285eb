"""The page in a real browser (headless Chromium, where it is installed): from a file to its result."""

import shutil
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.view.served import served

pytest.importorskip("starlette", reason="the extra ui is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; apt-get install chromium"),
    pytest.mark.timeout(600),
]
PATIENCE = 180_000
"""Milliseconds: on a machine that is busy."""
ODD = "<img src=x onerror=document.title='hacked'>.mp4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    films = tmp_path_factory.mktemp("browser") / "films"
    films.mkdir()
    make_clip(films / "clip.mp4", frames=30, size=(96, 64), options={"crf": "40"})
    make_clip(films / ODD, frames=8)
    make_clip(films / "long.mkv", frames=300, options={"preset": "ultrafast"})
    (films / "wrong.mp4").write_text("no video")
    return films


@pytest.fixture(scope="module")
def browser(folder: Path):
    """A browser, and the server of the folder."""
    with served(folder) as server, playwright.sync_playwright() as browsers:
        found = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield found, server
        found.close()


@pytest.fixture
def page(browser):
    """The page at a laptop's width; errors of its script and calls to elsewhere fail the test."""
    chromium, server = browser
    found = chromium.new_page(viewport={"width": 1200, "height": 900})
    found.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    found.on("pageerror", lambda error: wrong.append(str(error)))
    found.on("request", lambda one: None if one.url.startswith((server.base, "data:")) else wrong.append(one.url))
    found.goto(server.address)
    yield found
    found.close()
    assert not wrong, wrong


def choose(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=False).first.click()
    page.wait_for_function("name => document.getElementById('name').textContent === name", arg=name)


def test_from_a_file_to_its_result(page, folder: Path) -> None:
    # A file, what it is, and what is advised.
    choose(page, "clip.mp4")
    page.wait_for_function("() => document.getElementById('facts').textContent.includes('96x64')")
    page.wait_for_selector("#timeline img")
    assert page.locator("#command").inner_text().startswith("vidrestore restore clip.mp4")
    # Ticks become the command; a preview of the moment that is chosen by keyboard.
    page.select_option("select[name=larger]", "2")
    page.uncheck("input[name=clean]")
    page.wait_for_function(
        "() => document.getElementById('command').textContent === 'vidrestore restore clip.mp4 -s 2'"
    )
    page.locator("#timeline button").nth(2).focus()
    page.keyboard.press("Enter")
    assert page.locator("#timeline button").nth(2).get_attribute("aria-pressed") == "true"
    page.click("#preview")
    page.wait_for_selector("#shown:not([hidden])")
    inside = page.frame_locator("#shown")
    inside.locator("figure .wipe img").first.wait_for()
    assert "Preview of clip.mp4" in inside.locator("h1").inner_text()
    # Two jobs; the page is loaded anew while the first is at work.
    page.click("#start")
    choose(page, "long.mkv")
    page.wait_for_function("() => document.getElementById('facts').textContent.includes('64x48')")
    page.select_option("select[name=larger]", "2")
    page.click("#start")
    page.wait_for_function("() => document.querySelectorAll('.job').length === 2")
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('.job').length === 2")
    # The second is cancelled, the first becomes a file.
    second = page.locator(".job", has_text="long_restored")
    second.get_by_role("button", name="Cancel").click()
    second.get_by_text("cancelled").wait_for()
    first = page.locator(".job", has_text="clip_restored.mp4").first
    first.get_by_text("done, 30 frames 192x128").wait_for()
    assert (folder / "clip_restored.mp4").is_file() and not (folder / "long_restored.mkv").exists()
    # The result beside the original, wiped and enlarged by keyboard, and measured.
    first.get_by_role("button", name="Compare").click()
    page.wait_for_function("() => [...document.querySelectorAll('#compare .layer img')].every(one => one.naturalWidth)")
    widths = page.evaluate("[...document.querySelectorAll('#compare .layer img')].map(one => one.naturalWidth)")
    assert widths == [96, 192]
    page.locator("#compare figure").focus()
    for key in ("ArrowRight", "ArrowRight", "+"):
        page.keyboard.press(key)
    assert page.locator("#compare .edge").evaluate("edge => edge.style.left") == "54%"
    assert page.locator("#compare .zoomed").inner_text() == "150 %"
    page.select_option("#reference", "clip.mp4")
    page.click("#measure")
    page.wait_for_function("() => /psnr|192x128/.test(document.getElementById('measured').textContent)")


def test_wrong_files_and_names_with_html(page, folder: Path) -> None:
    choose(page, "wrong.mp4")
    page.wait_for_function("() => document.getElementById('facts').textContent.includes('is not a video')")
    assert page.locator("#facts").get_attribute("class") == "bad"
    choose(page, ODD)
    page.wait_for_function("() => document.getElementById('facts').textContent.includes('64x48')")
    page.select_option("select[name=larger]", "2")
    page.click("#start")
    page.locator(".job", has_text="img src").get_by_text("done").wait_for()
    assert page.title() == "vidrestore" and not page.locator("img[src=x]").count()
    assert page.locator(".job strong").last.inner_text() == ODD.replace(".mp4", "_restored.mp4")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    choose(page, "clip.mp4")
    page.wait_for_selector("#timeline img")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
