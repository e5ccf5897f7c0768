"""The images that the page shows, from loaded models or those on a server."""

import base64
import io

import numpy as np
import PIL.Image

from zoo.drawing import images
from zoo.errors import UserError
from zoo.exports.signature_inputs import Input
from zoo.serving.signature_methods import SignatureCalls

# Number of codes for finding the principal directions.
CODES = 400
# Maximum number of sliders.
DIRECTIONS = 6
# Images of an interpolation, including its ends.
STEPS = 9


class Directions:
    """The directions of code space that change a model's images most.

    They are the left singular vectors of the linear map that fits images to codes best: of all
    directions of one standard deviation, the first changes pixels most, the second most of what is
    orthogonal to it, and so on.

    Args:
      model: with the signature `decode`.
      seed: of the codes that they are found from.
    """

    def __init__(self, model: SignatureCalls, seed: int = 0):
        given: Input = model.inputs["z"]
        self.model = model
        self.z = np.random.default_rng(seed).normal(size=(CODES, *given.shape)).astype(np.float32)
        x = decode(model, self.z, np.resize(np.arange(max(model.spec.num_classes, 1)), CODES))
        deviations = (x - x.mean(0)).reshape(CODES, -1)
        gains = self.z.T @ deviations / CODES  # [D, P], as E z z^T = I
        left, _, _ = np.linalg.svd(gains, full_matrices=False)
        self.vectors = left.T[: min(DIRECTIONS, given.shape[0])].astype(np.float32)

    def start(self, seed: int) -> np.ndarray:
        """Returns a code [D] with all sliders at 0."""
        z = np.random.default_rng(seed).normal(size=self.z.shape[1])
        return (z - self.vectors.T @ (self.vectors @ z)).astype(np.float32)

    def image(self, start: np.ndarray, positions, label: int) -> np.ndarray:
        """Returns the image [H, W, C] at positions on the sliders, in standard deviations."""
        z = start + np.asarray(positions, np.float32) @ self.vectors
        return decode(self.model, z[None], [label])[0]


def decode(model: SignatureCalls, z: np.ndarray, y) -> np.ndarray:
    """Returns images of codes [N, D], with labels y [N] where the model takes them."""
    labels = [np.asarray(y, np.int32)] if "y" in model.signatures["decode"] else []
    return model.decode(np.asarray(z, np.float32), *labels)


def sample(model: SignatureCalls, seeds, label: int) -> np.ndarray:
    """Returns samples of these seeds, with a label where the model takes one."""
    seeds = np.asarray(list(seeds), np.int32)
    labels = [np.full(len(seeds), label, np.int32)] if model.conditional else []
    return model.sample(seeds, *labels)


def restyle(model: SignatureCalls, image: np.ndarray, label: int) -> np.ndarray:
    """Returns an image [H, W, C] that shows `label` in its style with every label, [K, H, W, C]."""
    count = model.spec.num_classes
    x = np.repeat(image[None], count, 0).astype(np.float32)
    return model.restyle(x, np.full(count, label, np.int32), np.arange(count, dtype=np.int32))


def interpolate(model: SignatureCalls, first: np.ndarray, last: np.ndarray, label: int):
    """Returns the images [STEPS, H, W, C] from one image to another."""
    t = np.linspace(0, 1, STEPS, dtype=np.float32)
    x0, x1 = (np.repeat(x[None], STEPS, 0).astype(np.float32) for x in (first, last))
    labels = [np.full(STEPS, label, np.int32)] if "y" in model.signatures["interpolate"] else []
    return model.interpolate(x0, x1, t, *labels)


def read_image(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """Converts an uploaded picture to a model's input, [H, W, C] in [0, 1].

    Pads it to a square with black, converts it to grey for a model of grey images, and inverts it
    if its border is bright, as for ink on paper.

    Args:
      data: of an image file.
      shape: of the model's images.

    Raises:
      UserError: if it is not an image.
    """
    height, width, channels = shape
    try:
        picture = PIL.Image.open(io.BytesIO(data)).convert("L" if channels == 1 else "RGB")
    except (OSError, ValueError, PIL.Image.DecompressionBombError) as error:
        raise UserError(
            "That file is not a picture that can be read: choose a PNG or JPEG file."
        ) from error
    array = np.asarray(picture, np.float32) / 255
    border = np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])
    if channels == 1 and border.mean() > 0.5:
        picture = PIL.Image.fromarray(np.uint8(255 * (1 - array)))
    picture.thumbnail((width, height), PIL.Image.Resampling.LANCZOS)
    canvas = np.zeros(shape, np.float32)
    found = np.asarray(picture, np.float32).reshape(picture.height, picture.width, channels) / 255
    top, left = (height - picture.height) // 2, (width - picture.width) // 2
    canvas[top : top + picture.height, left : left + picture.width] = found
    return canvas


class Drawing:
    """A picture drawn with a round pen, [H, W, 1] in [0, 1]."""

    def __init__(self, shape: tuple[int, ...]):
        self.image = np.zeros((*shape[:2], 1), np.float32)
        self._last: tuple[float, float] | None = None

    def draw_to(self, x: float, y: float) -> None:
        """Draws a line from the pen to (x, y) in pixels; a dot if the pen was lifted."""
        x0, y0 = self._last or (x, y)
        count = max(2, int(2 * np.hypot(x - x0, y - y0)))
        rows, columns = np.mgrid[: self.image.shape[0], : self.image.shape[1]] + 0.5
        for t in np.linspace(0, 1, count):
            distance = np.hypot(columns - (x0 + t * (x - x0)), rows - (y0 + t * (y - y0)))
            ink = np.clip(1.9 - distance, 0, 1)[..., None]
            self.image = np.maximum(self.image, ink.astype(np.float32))
        self._last = x, y

    def lift(self) -> None:
        """Lifts the pen."""
        self._last = None


def to_url(image: np.ndarray, scale: int = 1) -> str:
    """Returns an image [H, W, C] as the data URL of a PNG."""
    buffer = io.BytesIO()
    images.to_pil(np.asarray(image), scale).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def animate(frames: np.ndarray, scale: int = 5) -> str:
    """Returns images as an animation, forwards and backwards, as the data URL of a GIF."""
    pictures = [images.to_pil(frame, scale) for frame in [*frames, *frames[-2:0:-1]]]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], duration=90, loop=0)
    return f"data:image/gif;base64,{base64.b64encode(buffer.getvalue()).decode()}"
