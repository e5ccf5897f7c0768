"""The page in a headless browser, where there is one."""

import contextlib
import importlib.util
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import PIL.Image
import pytest

from tests.processes import ROOT
from zoo.explore import examples

BROWSER, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        not (BROWSER and DRIVER and importlib.util.find_spec("selenium")),
        reason="no chromium, chromedriver and selenium on this machine",
    ),
]
STYLES = "Your style with every label"


def free_port():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def serve_page(*flags):
    """The address of scripts/explore.py in a process of its own."""
    port = free_port()
    # Within pytest NiceGUI would serve tests of its own kind.
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    command = [sys.executable, ROOT / "scripts" / "explore.py", f"--port={port}", "--noopen"]
    page = subprocess.Popen([*command, *flags], env=env)
    address = f"http://localhost:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(address)
                break
            time.sleep(0.2)
        yield address
    finally:
        page.terminate()
        page.wait()


@pytest.fixture(scope="module")
def site():
    with serve_page() as address:
        yield address


class Visitor:
    """A browser, and what a person does with it."""

    def __init__(self, width=1280, height=1400, dark=False):
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        options.binary_location = BROWSER
        for flag in (
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--no-first-run", "--disable-background-networking", "--disable-sync"),
            *("--disable-component-update", f"--window-size={width},{height}"),
        ):
            options.add_argument(flag)
        if dark:
            options.add_argument("--blink-settings=preferredColorScheme=0")
        self.browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))

    def open(self, address):
        self.browser.get(address)

    def find(self, selector):
        """The first element of a selector, as soon as it is there."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.browser, 60, 0.02).until(
            lambda browser: browser.find_element("css selector", selector)
        )

    def wait(self, condition, seconds=60):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.browser, seconds, 0.01).until(lambda _: condition())

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def source(self, alt):
        """What an image shows; None while it is empty."""
        script = """const e = document.querySelector(`img[alt="${arguments[0]}"]`);
            return e && e.complete && e.ariaBusy !== 'true' ? e.src : null"""
        return self.run(script, alt)

    def stored(self, alt):
        """The address of an image, also while the page is busy with what it is to show."""
        return self.run(
            'return document.querySelector(`img[alt="${arguments[0]}"]`)?.src || ""', alt
        )

    def shown(self, alt):
        """What an image shows, once it shows something."""
        self.wait(lambda: self.source(alt))
        return self.source(alt)

    def changes(self, alt, act):
        """What an image shows after an action has changed it."""
        before = self.shown(alt)
        act()
        self.wait(lambda: self.source(alt) not in (before, None))
        return self.source(alt)

    def settled(self, alt):
        """What an image shows once it has not changed for a while."""
        shown, since = self.source(alt), time.monotonic()
        while time.monotonic() - since < 0.7:
            time.sleep(0.05)
            if self.source(alt) != shown:
                shown, since = self.source(alt), time.monotonic()
        return shown

    def text(self):
        return self.run("return document.body.innerText")

    def click(self, label):
        """Clicks a control by the name that screen readers say."""
        element = self.find(f'[aria-label="{label}"]')
        self.run("arguments[0].click()", element)

    def draw(self, label, points, kind="mouse"):
        """Draws a line through points, shares of the canvas, by the mouse or a finger."""
        canvas = self.find(f'canvas[aria-label^="{label}"]')
        self.run('arguments[0].scrollIntoView({block: "center"})', canvas)
        box = self.run(
            "const b = arguments[0].getBoundingClientRect(); return [b.x, b.y, b.width]", canvas
        )
        places = [(box[0] + x * box[2], box[1] + y * box[2]) for x, y in points]
        names = {
            "mouse": ("mousePressed", "mouseMoved", "mouseReleased"),
            "touch": ("touchStart", "touchMove", "touchEnd"),
        }[kind]
        for i, (x, y) in enumerate(places):
            name = names[0] if i == 0 else names[1]
            self._point(kind, name, x, y)
            time.sleep(0.03)
        self._point(kind, names[2], *places[-1])

    def _point(self, kind, name, x, y):
        if kind == "mouse":
            given = {"type": name, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
            self.browser.execute_cdp_cmd("Input.dispatchMouseEvent", given)
        else:
            points = [] if name == "touchEnd" else [{"x": x, "y": y}]
            given = {"type": name, "touchPoints": points}
            self.browser.execute_cdp_cmd("Input.dispatchTouchEvent", given)


@pytest.fixture
def visit():
    visitors = []

    def start(**given):
        visitors.append(Visitor(**given))
        return visitors[-1]

    yield start
    for visitor in visitors:
        visitor.browser.quit()


SEVEN = [
    *((0.25 + 0.05 * i, 0.22) for i in range(11)),
    *((0.73 - 0.03 * i, 0.28 + 0.06 * i) for i in range(10)),
]
CIRCLE = [
    (0.5 + 0.22 * np.sin(angle), 0.5 - 0.3 * np.cos(angle))
    for angle in np.linspace(0, 2 * np.pi, 41)
]


@pytest.mark.parametrize("kind", ["mouse", "touch"])
def test_a_drawing_is_restyled_while_it_is_drawn(site, visit, kind):
    visitor = visit()
    visitor.open(f"{site}/cvae_mnist")
    visitor.shown(STYLES)
    visitor.changes(STYLES, lambda: visitor.click("Your image: clear"))
    assert "Draw here" in visitor.text()
    visitor.changes(STYLES, lambda: visitor.draw("Your image", SEVEN[:11], kind))
    half = visitor.settled(STYLES)
    assert "Draw here" not in visitor.text()
    visitor.changes(STYLES, lambda: visitor.draw("Your image", SEVEN[10:], kind))
    whole = visitor.settled(STYLES)
    visitor.wait(lambda: "Label of your image: 7" in visitor.text())
    visitor.changes(STYLES, lambda: visitor.click("Your image: undo"))
    assert visitor.settled(STYLES) == half != whole


def test_probabilities_move_while_a_visitor_draws(site, visit):
    visitor = visit()
    visitor.open(f"{site}/m2_mnist")

    def percentages():
        bars = '[aria-label="Probabilities"] .tabular-nums'
        script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)"
        return [int(share.strip("%") or 0) for share in visitor.run(script, bars)]

    visitor.wait(lambda: percentages()[5:6] == [100])  # a test image of a 5
    visitor.click("Image to judge: clear")
    seen = []
    for first in range(0, 40, 8):
        visitor.draw("Image to judge", CIRCLE[first : first + 9])
        time.sleep(0.7)
        seen.append(percentages())
    assert len({tuple(row) for row in seen}) > 2 and seen[-1][0] > seen[0][0]
    assert all(95 <= sum(row) <= 105 for row in seen)


def test_a_label_morphs_into_another(site, visit):
    visitor = visit()
    visitor.open(f"{site}/cgan_mnist")
    title = "From one label to another"
    strip, picture = f"{title}: all steps", f"{title}: the position"
    visitor.shown(strip)
    button = '[aria-label="To label"] button:nth-child(2)'
    visitor.changes(strip, lambda: visitor.run("arguments[0].click()", visitor.find(button)))
    assert "morph.to=1" in visitor.browser.current_url
    from selenium.webdriver.common.keys import Keys

    slider = visitor.find(f'[aria-label="{title}: position"] [tabindex]')
    visitor.changes(picture, lambda: slider.send_keys(*[Keys.ARROW_RIGHT] * 20))


def test_an_address_shows_the_same_to_another_and_the_back_button_leads_back(site, visit):
    visitor, other = visit(), visit(width=390)
    visitor.open(site)
    visitor.run("arguments[0].click()", visitor.find('a[href$="/cvae_mnist"]'))
    samples = "Samples of cvae_mnist"
    visitor.shown(samples)
    button = '[aria-label="Label"] button:nth-child(5)'
    visitor.changes(samples, lambda: visitor.run("arguments[0].click()", visitor.find(button)))
    drawn = visitor.changes(samples, lambda: visitor.click("More samples"))
    address = visitor.browser.current_url
    assert "seed=40" in address and "y=3" in address
    other.open(address)
    assert other.shown(samples) == drawn
    assert other.run("return document.documentElement.scrollWidth <= innerWidth")
    visitor.browser.back()
    visitor.wait(lambda: "Trained generative models" in visitor.text())
    assert visitor.browser.current_url.rstrip("/") == site


def as_file(folder, name, array, **given):
    PIL.Image.fromarray(array).save(folder / name, **given)
    return str(folder / name)


def test_uploads_are_read_as_image_folders_are(site, visit, tmp_path):
    visitor = visit()
    visitor.open(f"{site}/cvae_mnist")
    digit = examples.load("mnist", (28, 28, 1))[7, 0, ..., 0]
    ink = np.asarray(PIL.Image.fromarray(digit).resize((400, 400)))
    paper = np.full((900, 1200), 225, np.uint8)
    paper[250:650, 500:900] = 225 - 180 * np.clip(ink, 0, 1)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turned by a quarter when it was taken
    photograph = as_file(tmp_path, "seven.jpg", np.rot90(paper).copy(), exif=exif)

    def upload(path):
        card = '[role=region][aria-label="Your style, every label"]'
        visitor.find(f"{card} input[type=file]").send_keys(path)

    visitor.changes(STYLES, lambda: upload(photograph))
    visitor.wait(lambda: "Label of your image: 7" in visitor.text())
    clear = np.zeros((60, 60, 4), np.uint8)
    clear[10:50, 27:33] = 0, 0, 0, 255
    visitor.changes(STYLES, lambda: upload(as_file(tmp_path, "one.png", clear)))
    visitor.wait(lambda: "Label of your image: 1" in visitor.text())
    huge = as_file(tmp_path, "huge.png", np.zeros((12_000, 12_000), np.uint8))
    upload(huge)
    visitor.wait(lambda: "12,000 x 12,000 pixels" in visitor.text())
    wrong = tmp_path / "wrong.png"
    wrong.write_text("not a picture")
    upload(str(wrong))
    visitor.wait(lambda: "not a picture that can be read" in visitor.text())


@contextlib.contextmanager
def serve_models(port):
    """scripts/serve.py with one model on a port."""
    base = ROOT / "saved_models" / "cvae_mnist"
    flags = [f"--model_base_path={base}", "--model_name=cvae_mnist", "--port=0"]
    command = [sys.executable, ROOT / "scripts" / "serve.py", f"--rest_api_port={port}", *flags]
    server = subprocess.Popen(command)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://localhost:{port}/v1/models/cvae_mnist")
                break
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


TRY_AGAIN = """
[...document.querySelectorAll('button')]
  .filter((e) => e.innerText == 'Try again' && e.offsetParent).forEach((e) => e.click())
"""


def test_a_model_server_goes_and_comes_back(visit):
    port = free_port()
    with contextlib.ExitStack() as stack:
        with serve_models(port):
            address = stack.enter_context(serve_page(f"--server=localhost:{port}"))
            visitor = visit()
            visitor.open(f"{address}/cvae_mnist?seed=7")
            before = visitor.settled("Samples of cvae_mnist")
        label = "[aria-label=Label] button:nth-child({})".format
        visitor.run("arguments[0].click()", visitor.find(label(4)))
        visitor.wait(lambda: f"localhost:{port}" in visitor.text())
        visitor.run("arguments[0].click()", visitor.find(label(1)))
        time.sleep(1)  # all of them have failed
        stack.enter_context(serve_models(port))
        visitor.run(TRY_AGAIN)  # once each
        visitor.wait(lambda: f"localhost:{port}" not in visitor.text())
        assert visitor.settled("Samples of cvae_mnist") == before


# Notes the milliseconds from a key to the change of an image, by the browser's own clock.
WATCH = """
window.took = [];
document.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
new MutationObserver(() => {
  if (window.pressed) window.took.push(performance.now() - window.pressed);
  window.pressed = null;
}).observe(document.querySelector(`img[alt="${arguments[0]}"]`), {attributeFilter: ['src']});
"""


def time_slider(visitor, presses=30):
    """Milliseconds from a key to the image, of each press."""
    from selenium.webdriver.common.keys import Keys

    image = "The image of this code"
    visitor.shown(image)
    slider = visitor.find('[aria-label="Direction 1"] [tabindex]')
    visitor.run(WATCH, image)
    for i in range(presses):
        slider.send_keys(Keys.ARROW_RIGHT if i % 20 < 10 else Keys.ARROW_LEFT)
        visitor.wait(lambda i=i: visitor.run("return window.took.length") > i)
    return visitor.run("return window.took")


def test_a_slow_visitor_does_not_slow_another(site, visit):
    quick, slow = visit(), visit()
    began = time.perf_counter()
    quick.open(f"{site}/vae_mog_mnist")
    quick.wait(lambda: "pictures/vae_mog_mnist" in quick.stored("Samples of vae_mog_mnist"))
    stored = time.perf_counter() - began
    quick.shown("Samples of vae_mog_mnist")
    first = time.perf_counter() - began
    alone = statistics.median(time_slider(quick))
    slow.open(f"{site}/pixelcnn_grey_mnist")
    slow.shown("Samples of pixelcnn_grey_mnist")
    slow.run(
        """window.again = setInterval(() => [...document.querySelectorAll('button')]
            .filter((e) => e.ariaLabel == 'More samples')[0].click(), 50)"""
    )
    quick.open(f"{site}/vae_mog_mnist")
    beside = statistics.median(time_slider(quick))
    print(f"first picture {stored:.1f} s, first answer {first:.1f} s")
    print(f"slider {alone:.0f} ms alone, {beside:.0f} ms beside")
    # Other tests run beside this one.
    assert stored < 10 and first < 30 and alone < 200 and beside < 400


# What screen readers call the pictures and controls that have a name of their own.
NAMES = """
return [...document.querySelectorAll('img[alt]:not([alt=""]), [aria-label]')]
  .filter((e) => !e.closest('[aria-hidden=true]'))
  .map((e) => e.getAttribute('aria-label') || e.alt)
  .filter((name) => name !== 'Computing')
"""


PATHS = (
    *("", "compare", "cvae_mnist", "cgan_mnist", "gmm_ring", "gmm_mnist", "pixelcnn_mnist"),
    *("flow_matching_mnist", "infogan_mnist", "hvae_mnist", "classifier_mnist"),
)


@pytest.mark.parametrize(
    ("path", "given"),
    [
        *((path, {}) for path in PATHS),
        *((path, {"width": 390, "dark": True}) for path in ("", "r3gan_mnist", "gmvae_mnist")),
        ("made_mnist", {"width": 390, "dark": True}),
    ],
)
def test_every_picture_is_filled_and_nothing_is_in_the_way_of_screen_readers(
    site, visit, path, given
):
    found = importlib.util.find_spec("axe_core_python")
    if found is None:
        pytest.skip("needs axe-core-python")
    axe = (pathlib.Path(found.origin).parent / "axe.min.js").read_text()
    visitor = visit(**given)
    visitor.open(f"{site}/{path}")
    visitor.find("h1, [role=heading]")
    busy = "return !!document.querySelector('img[aria-busy=true]')"
    visitor.wait(lambda: not visitor.run(busy), seconds=200)  # a flow compiles for long
    time.sleep(1)
    alerts = (
        "return [...document.querySelectorAll('[role=alert]')].map((e) => e.innerText).join('')"
    )
    assert not visitor.run(alerts)
    assert visitor.run("return document.documentElement.scrollWidth <= innerWidth")
    visitor.run(axe)
    script = "axe.run().then((found) => arguments[0](found.violations))"
    violations = visitor.browser.execute_async_script(script)
    told = [(rule["id"], [node["html"][:150] for node in rule["nodes"][:3]]) for rule in violations]
    assert not violations, json.dumps(told, indent=1)
    names = visitor.run(NAMES)
    assert len(set(names)) == len(names), {name for name in names if names.count(name) > 1}


def test_models_are_found_by_words_and_unknown_ones_are_named(site, visit):
    visitor = visit()
    visitor.open(site)
    search = visitor.find('[aria-label="Search the models"]')
    search.send_keys("flow mnist")
    visitor.wait(lambda: "r3gan" not in visitor.text() and "flow_matching_mnist" in visitor.text())
    search.send_keys(" nothing")
    visitor.wait(lambda: "No model has all of these words" in visitor.text())
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{site}/vae_of_yesterday")
    visitor.open(f"{site}/vae_of_yesterday")
    visitor.wait(lambda: "There is no model 'vae_of_yesterday' here" in visitor.text())


def test_a_comparison_keeps_its_drawing_and_its_address(site, visit):
    visitor, other = visit(), visit()
    visitor.open(f"{site}/compare?models=vae_mnist,vae_mog_mnist&what=One image through all")
    first = "One image through all: vae_mnist"
    visitor.shown(first)
    visitor.changes(first, lambda: visitor.click("Image for all: clear"))
    visitor.changes(first, lambda: visitor.draw("Image for all", CIRCLE))
    drawn = visitor.settled(first)
    visitor.find("[aria-label=Seed]").send_keys("5")  # lays the cards again
    visitor.wait(lambda: "seed=15" in visitor.browser.current_url)
    assert visitor.settled(first) == drawn
    button = "[...document.querySelectorAll('button')].find((e) => e.innerText == arguments[0])"
    samples = "Samples of the same seeds"
    visitor.run(f"{button}.click()", samples)
    shown = visitor.shown(f"{samples}: vae_mnist")
    other.open(visitor.browser.current_url)
    assert other.shown(f"{samples}: vae_mnist") == shown
    assert not other.run(f"return document.querySelector('img[alt=\"{samples}: r3gan_mnist\"]')")


@pytest.mark.parametrize(
    ("name", "control", "act"),
    [
        ("gmm_mnist", "Samples of these components", "Image to explain"),
        ("pixelcnn_mnist", "Eight completions", "Image to complete"),
        ("hvae_mnist", "Eight images with the same upper codes", "Your image"),
        ("vae_mnist", "The reconstruction", "Image to encode"),
    ],
)
def test_a_drawing_changes_what_a_model_makes_of_it(site, visit, name, control, act):
    visitor = visit()
    visitor.open(f"{site}/{name}")
    visitor.shown(control)
    visitor.changes(control, lambda: visitor.click(f"{act}: clear"))
    visitor.changes(control, lambda: visitor.draw(act, CIRCLE))
