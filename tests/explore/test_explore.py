"""The page of scripts/explore.py: what it computes, and in a browser where there is one."""

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import PIL.Image
import pytest

import zoo
from tests.processes import ROOT
from zoo.explore import views

BROWSER, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))


@pytest.fixture(scope="module")
def model():
    return zoo.load("cvae_mnist")


def as_file(array, kind="PNG"):
    buffer = io.BytesIO()
    PIL.Image.fromarray(array).save(buffer, kind)
    return buffer.getvalue()


def test_directions_are_orthogonal_and_the_first_changes_most(model):
    directions = views.Directions(model)
    vectors = directions.vectors
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(len(vectors)), atol=1e-5)
    start = directions.start(3)
    np.testing.assert_allclose(vectors @ start, 0, atol=1e-5)
    still = directions.image(start, np.zeros(len(vectors)), 3)
    moved = [
        np.mean([np.abs(directions.image(start, row, 3) - still).mean() for row in (e, -e)])
        for e in np.eye(len(vectors))
    ]
    assert moved[0] > moved[-1] > 0


def test_uploads_are_bright_on_dark_and_keep_their_proportions():
    paper = np.full((60, 100), 255, np.uint8)
    paper[20:40, 45:55] = 0  # ink
    x = views.read_image(as_file(paper), (28, 28, 1))
    assert x.shape == (28, 28, 1) and x[14, 14, 0] > 0.9 and x[14, 2, 0] < 0.05
    assert not x[:5].any() and not x[-5:].any()  # wider than high
    colour = views.read_image(as_file(np.zeros((9, 9, 4), np.uint8)), (32, 32, 3))
    assert colour.shape == (32, 32, 3)
    for data in (b"", b"not a picture", as_file(paper)[:40]):
        with pytest.raises(zoo.UserError, match="not a picture that can be read"):
            views.read_image(data, (28, 28, 1))


def test_a_pen_draws_lines_until_it_is_lifted():
    drawing = views.Drawing((28, 28, 1))
    drawing.draw_to(4, 14)
    drawing.draw_to(24, 14)
    assert drawing.image[14, 4:24].min() > 0.9 and not drawing.image[20:].any()
    drawing.lift()
    drawing.draw_to(14, 26)
    assert drawing.image[25, 14] > 0.9 and not drawing.image[20, 14].any()


def test_a_drawing_is_restyled_and_a_way_has_its_ends(model):
    drawing = views.Drawing((28, 28, 1))
    for row in range(5, 24):
        drawing.draw_to(14 + (14 - row) / 3, row)
    x = views.restyle(model, drawing.image, 1)
    assert x.shape == (10, 28, 28, 1) and 0 <= x.min() <= x.max() <= 1
    assert np.abs(x[1] - drawing.image).mean() < 0.05 < np.abs(x[0] - drawing.image).mean()
    first, last = views.sample(model, [1, 2], 3)
    way = views.interpolate(model, first, last, 3)
    again = model.reconstruct(np.stack([first, last]), [3, 3])
    np.testing.assert_allclose(way[[0, -1]], again, atol=1e-3)
    assert views.animate(way).startswith("data:image/gif;base64,")


# Notes the milliseconds from a key to the change of an image, by the browser's own clock.
WATCH = """
window.took = [];
document.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
const shown = document.querySelector(`img[alt="${arguments[0]}"]`).closest('.q-img');
new MutationObserver(() => {
  if (window.pressed) window.took.push(performance.now() - window.pressed);
  window.pressed = null;
}).observe(shown, {attributes: true, childList: true, subtree: true, attributeFilter: ['src']});
"""


@pytest.fixture
def page():
    """The page in a headless browser."""
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (BROWSER and DRIVER):
        pytest.skip("no chromium and chromedriver on this machine")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    script = ROOT / "scripts" / "explore.py"
    # Within pytest NiceGUI would serve tests of its own kind.
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    server = subprocess.Popen([sys.executable, script, f"--port={port}", "--noopen"], env=env)
    address = f"http://localhost:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(address)
            break
        except OSError:
            time.sleep(0.2)
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,2500"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    browser.get(address)
    yield browser
    browser.quit()
    server.terminate()
    server.wait()


@pytest.mark.thorough
def test_a_slider_a_drawing_and_a_wrong_upload_in_a_browser(page, tmp_path):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    def find(selector):
        return WebDriverWait(page, 60).until(
            lambda page: page.find_element(By.CSS_SELECTOR, selector)
        )

    def source(name):
        find(f'img[alt="{name}"]')
        return page.execute_script(
            "return document.querySelector(arguments[0])?.src", f'img[alt="{name}"]'
        )

    def changes(name, act):
        """Waits until an image has changed after an action."""
        before = source(name)
        act()
        WebDriverWait(page, 20, 0.01).until(lambda _: source(name) not in (before, None))

    slider = find('[aria-label="Direction 1"] [tabindex]')
    image = "The image at these positions"
    find(f'img[alt="{image}"]')
    page.execute_script(WATCH, image)
    for _ in range(10):
        changes(image, lambda: slider.send_keys(Keys.ARROW_RIGHT))
    took = page.execute_script("return window.took")
    print(f"a slider's image follows within {np.median(took):.0f} ms, {max(took):.0f} at most")
    assert len(took) >= 10
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    styles = "The same style with every label"
    canvas = find('[aria-label^="Image: draw with"]')
    drawn = [Keys.ARROW_DOWN] * 12
    changes(styles, lambda: find('[aria-label="Image: clear"]').send_keys(Keys.ENTER))
    changes(styles, lambda: canvas.send_keys(*drawn))
    shows = '[aria-label="What the image shows"] button:nth-child(2)'
    changes(styles, lambda: find(shows).send_keys(Keys.ENTER))
    wrong = tmp_path / "wrong.png"
    wrong.write_text("not a picture")
    find('[aria-label="Image: upload a picture"] input[type=file]').send_keys(str(wrong))
    WebDriverWait(page, 20).until(
        lambda _: "not a picture that can be read" in page.find_element(By.TAG_NAME, "body").text
    )
    controls = page.find_elements(By.CSS_SELECTOR, "button, input, [role=slider], [role=img]")
    unnamed = [c.get_attribute("outerHTML")[:200] for c in controls if not named(page, c)]
    assert not unnamed, unnamed


def named(page, control):
    """Whether a control has a name that a screen reader can say."""
    script = """const e = arguments[0];
    const up = e.closest('[aria-label]'), label = e.closest('label');
    return Boolean(e.getAttribute('aria-label') || e.getAttribute('alt') || e.innerText.trim()
      || (label && label.innerText.trim()) || up || e.type === 'hidden');"""
    return page.execute_script(script, control)
