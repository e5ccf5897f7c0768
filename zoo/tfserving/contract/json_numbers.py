"""Arrays of numbers to JSON, in the digits that TF Serving writes.

A float takes six significant digits where these give the same number again, else nine (17 for a
double), as printf's %g has them. orjson writes the shortest text of a double, so a float is first
rounded to the double that is nearest to its decimal: then both write the same.
"""

import re

import numpy as np
import orjson

# Dtypes that `write` accepts.
DTYPES = frozenset(map(np.dtype, ["?", *np.typecodes["AllInteger"], "float32", "float64"]))
_MAX_DIGITS = {np.dtype(np.float32): 9, np.dtype(np.float64): 17}
# 10^k is exact in a double for k up to 22, so that a whole number over it is correctly rounded.
_LOWEST, _HIGHEST = -14, 6
_POWERS = 10.0 ** np.arange(_LOWEST, _HIGHEST + 1)
# Between these %g has an exponent and orjson has none.
_SMALL, _ROUNDED_SMALL = 1e-5, 1e-4
_NEAR_TIE = 1e-5
_SHORT_EXPONENT = re.compile(rb"e-(?=\d\b)")
_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def write(array: np.ndarray) -> str:
    """Returns an array of numbers or booleans as nested lists.

    Args:
      array: of any shape; bool, integers, float32 or float64.
    """
    return _write(array, lambda values: [values])[0]


def write_rows(array: np.ndarray) -> list[str]:
    """Returns the JSON of each row of an array [B, ...], as in `write`."""
    return _write(array, list) if len(array) else []


def decimals(values: np.ndarray) -> list[str]:
    """Returns the text of each number of a float32 or float64 array, formatted by printf."""
    values = values.ravel()
    numbers = values.tolist()
    texts = (("%.6g\n" * len(numbers)) % tuple(numbers)).split("\n")[:-1]
    with np.errstate(over="ignore"):
        again = np.array(list(map(float, texts)), values.dtype)
    wrong = np.flatnonzero((again != values) & np.isfinite(values)).tolist()
    if wrong:
        digits = f"%.{_MAX_DIGITS[values.dtype]}g\n" * len(wrong)
        longer = (digits % tuple(numbers[i] for i in wrong)).split("\n")
        for i, text in zip(wrong, longer, strict=False):
            texts[i] = text
    # Whole numbers get a point, so that a list has one type for every reader.
    return [t if "." in t or "e" in t else _WORDS.get(t) or f"{t}.0" for t in texts]


def _write(array, split):
    if array.dtype not in _MAX_DIGITS:
        return [_dump(part).decode() for part in split(np.asarray(array, order="C"))]
    if array.dtype == np.float64:
        numbers, odd = np.full(array.shape, np.nan), np.ones(array.shape, bool)
    else:
        numbers, odd = _round(array)
    # orjson writes null for the NaN that stands for an odd number.
    text = b"\n".join(_dump(part) for part in split(numbers))
    text = _SHORT_EXPONENT.sub(b"e-0", text)
    if odd.any():
        written = iter([word.encode() for word in decimals(array[odd])])
        text = re.sub(b"null", lambda match: next(written), text)
    return text.decode().split("\n")


def _dump(values):
    return orjson.dumps(values if values.ndim else values[()], option=orjson.OPT_SERIALIZE_NUMPY)


@np.errstate(invalid="ignore", over="ignore")
def _round(array):
    """Returns float64 values rounded to the digits to write, and a mask of those left to printf.

    Left to printf, and NaN in the first array, are numbers that orjson writes in another form, and
    numbers so close to a tie between two decimals that only their exact value decides.
    """
    values = array.astype(np.float64, order="C")
    size = np.abs(values)
    place = np.searchsorted(_POWERS, size.ravel(), side="right").reshape(size.shape) - 1
    odd = (place < 0) & (size != 0) | (place >= len(_SCALES)) | ~np.isfinite(values)
    odd |= (size >= 0.99 * _SMALL) & (size < _ROUNDED_SMALL)
    values[odd] = 0
    scale = _SCALES[np.clip(place, 0, len(_SCALES) - 1)]
    scaled = values * scale
    whole = np.rint(scaled)
    odd |= np.abs(np.abs(scaled - whole) - 0.5) < _NEAR_TIE
    nine = whole / scale
    six = np.rint(values * (scale / 1000)) / (scale / 1000)
    numbers = np.where(six.astype(np.float32) == array, six, nine)
    numbers[odd] = np.nan
    return numbers, odd


# Factors that give a number in [10^k, 10^(k+1)) nine digits before the point.
_SCALES = np.array([10.0 ** (8 - k) for k in range(_LOWEST, _HIGHEST)])
