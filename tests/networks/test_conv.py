"""Convolutions of images whose sides cannot be halved evenly."""

import numpy as np
import pytest

from zoo import networks


@pytest.mark.parametrize("shape", [(8, 8, 1), (10, 7, 3), (5, 28, 1)])
def test_images_of_any_sides_are_encoded_and_decoded(shape):
    hidden = (4, 4, 4)
    code = networks.encoder("conv", shape, hidden, 6)(np.ones([2, *shape], np.float32))
    assert code.shape == (2, 6)
    assert networks.decoder("conv", shape, hidden)(code).shape == (2, *shape)
