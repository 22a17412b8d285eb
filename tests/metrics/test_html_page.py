"""The page: whole, self-contained, and alive in a browser (headless Chromium, where it is installed)."""

import base64
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from vidrestore.metrics.compare.results import Comparison, Kept, Row
from vidrestore.metrics.report.difference import difference
from vidrestore.metrics.report.html_page import html_report
from vidrestore.scenes.list import Scene

HEIGHT, WIDTH = 90, 160
RED, BLUE = (200, 0, 0), (0, 0, 200)


def comparison(*, frames: int = 30, kept: bool = True, name: str = "re<f>.mp4") -> Comparison:
    """Of 30 frames with psnr from 30 up, the last one without error; two of them kept, red for the reference."""
    rows = tuple(
        Row(n, n / 25, "", {"psnr": float("inf") if n == frames - 1 else 30 + n / 10, "flicker": n / 7 if n else None})
        for n in range(frames)
    )
    pictures = [np.full((HEIGHT, WIDTH, 3), colour, np.uint8) for colour in (RED, BLUE)]
    return Comparison(
        reference=f"/some/where/{name}",
        distorted="result.mp4",
        width=WIDTH,
        height=HEIGHT,
        aligned="pts",
        offset=0,
        luma="planes",
        border=0,
        metrics=("psnr", "flicker"),
        rows=rows,
        scenes=(Scene(0, 9), Scene(10, frames - 1)),
        seconds=1.0,
        truncated=False,
        warnings=("result: a note",),
        kept=(Kept(rows[0], *pictures), Kept(rows[1], *pictures)) if kept else (),
    )


class Page(HTMLParser):
    """Counts tags, and collects the addresses a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else() -> None:
    text = html_report(comparison())
    page = Page(text)
    assert page.open == []
    assert page.tags.count("svg") == 2
    assert page.tags.count("img") == 6
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert "re&lt;f&gt;.mp4" in text
    assert "<f>" not in text
    assert not re.search(r"\$\w", text)
    assert "result: a note" in text
    assert "0 to 9" in text
    scores = json.loads(re.search(r'id="scores">(.*?)</script>', text, re.S)[1])
    assert scores["frames"] == list(range(30))
    assert scores["metrics"]["psnr"][-1] == "inf"
    assert scores["metrics"]["flicker"][0] is None


def test_its_pictures_are_the_frames_to_the_last_code() -> None:
    made = comparison()
    found = re.findall(r'<img alt="(\w+)" src="data:image/png;base64,([^"]+)"', html_report(made))
    kept = made.kept[0]
    expected = {"reference": kept.reference, "result": kept.distorted, "difference": difference(kept)}
    for alt, data in found[:3]:
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        np.testing.assert_array_equal(picture, expected[alt])
    assert expected["difference"][0, 0].tolist() == [255, 0, 255]


def test_nothing_differs() -> None:
    assert "No frame differs." in html_report(comparison(kept=False))
    assert "<svg" in html_report(comparison(frames=1, kept=False))


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("no Chromium; apt-get install chromium")
    return found


def shot(chromium: str, folder: Path, text: str, script: str) -> np.ndarray:
    """What a browser shows of the first worst frame after `script` has run: (height, width, 3), red first."""
    alone = "for (const e of document.body.children) if (!e.matches('figure, script')) e.style.display = 'none';"
    place = "document.body.style = 'margin:0;padding:0;max-width:none'; window.scrollTo(0, 0);"
    page, picture = folder / "page.html", folder / "shot.png"
    page.write_text(text.replace("</body>", f"<script>{alone}{place}{script}</script></body>"), encoding="utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    command += [f"--user-data-dir={folder / 'profile'}", "--window-size=800,600", f"--screenshot={picture}"]
    subprocess.run([*command, page.as_uri()], check=True, capture_output=True, timeout=120)
    return cv2.imread(str(picture))[..., ::-1]


@pytest.mark.parametrize(
    ("value", "right", "columns"),
    [(25, "result", ((100, RED), (300, BLUE), (700, BLUE))), (75, "difference", ((500, RED), (700, (255, 0, 255))))],
)
def test_the_slider_wipes(
    chromium: str, tmp_path: Path, value: int, right: str, columns: tuple[tuple[int, tuple[int, int, int]], ...]
) -> None:
    script = (
        "const figure = document.querySelector('figure'), slider = figure.querySelector('input');"
        f"figure.querySelectorAll('select')[1].value = '{right}'; slider.value = {value};"
        "slider.dispatchEvent(new Event('input'));"
    )
    seen = shot(chromium, tmp_path, html_report(comparison()), script)
    for x, colour in columns:
        assert np.abs(seen[200, x].astype(int) - colour).max() <= 2, (x, seen[200, x])


def test_pointing_at_a_chart_reads_scores(chromium: str, tmp_path: Path) -> None:
    """The frame under the pointer is named with its scores; the heading turns green when it is the expected one."""
    script = (
        "const chart = document.querySelector('svg'); chart.style.display = 'block';"
        "const box = chart.getBoundingClientRect(), right = box.left + box.width * (1060 - 15) / 1060;"
        "chart.dispatchEvent(new PointerEvent('pointermove', {clientX: right, clientY: box.top + 5}));"
        "const good = document.getElementById('reading').textContent === 'frame 29: psnr inf  ·  flicker 4.1429';"
        "document.body.innerHTML = ''; document.documentElement.style.background = good ? '#00c800' : '#c80000';"
    )
    seen = shot(chromium, tmp_path, html_report(comparison()), script)
    assert seen[300, 400].tolist() == [0, 200, 0]
