"""Images as files and as addresses that a browser shows."""

import base64
import io

import numpy as np

from zoo.drawing import images


def to_url(image: np.ndarray, scale: int = 1) -> str:
    """Returns an image [H, W, C] as the data URL of a PNG."""
    return f"data:image/png;base64,{base64.b64encode(to_png(image, scale)).decode()}"


def to_png(image: np.ndarray, scale: int = 1) -> bytes:
    """Returns an image [H, W, C] as a PNG file, each pixel `scale` pixels wide."""
    buffer = io.BytesIO()
    images.to_pil(np.asarray(image), scale).save(buffer, "PNG")
    return buffer.getvalue()


def to_gif(frames: np.ndarray, scale: int = 5) -> bytes:
    """Returns images as an animation that runs forwards and backwards, a GIF file."""
    pictures = [images.to_pil(frame, scale) for frame in [*frames, *frames[-2:0:-1]]]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], duration=90, loop=0)
    return buffer.getvalue()


def to_npz(**arrays: np.ndarray) -> bytes:
    """Returns arrays as a file that numpy.load reads."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
