"""What keeps two players in balance: bounded slopes, and a sight of the whole batch."""

import keras
from keras import ops


class SpectralNorm(keras.Layer):
    """A dense or convolutional layer whose kernel W is divided by its largest singular value.

    Miyato et al. 2018, Spectral Normalization for GANs (arXiv 1802.05957), equations 8 and 11 to
    13: one power iteration a training step, and the gradient goes through the singular value
    u^T W v. The largest singular value is that of the kernel as a matrix of its outputs.
    """

    def __init__(self, layer: keras.Layer):
        super().__init__(dtype=layer.dtype_policy)
        if layer.use_bias:
            raise ValueError("SpectralNorm has a bias of its own: give a layer without one")
        self.layer = layer

    def build(self, shape):
        self.layer.build(shape)
        outputs = self.layer.kernel.shape[-1]
        self.bias = self.add_weight(name="bias", shape=(outputs,), initializer="zeros")
        self.u = self.add_weight(
            name="u",
            shape=(outputs,),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
            aggregation="only_first_replica",
        )

    def call(self, x, training=False):
        kernel = ops.cast(self.layer.kernel, "float32")
        matrix = ops.reshape(kernel, [-1, kernel.shape[-1]])  # [inputs, outputs]
        v = ops.normalize(ops.matmul(matrix, ops.cast(self.u, "float32")), axis=0)
        u = ops.normalize(ops.matmul(v, matrix), axis=0)
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        if training:
            self.u.assign(u)
        sigma = ops.sum(v * ops.matmul(matrix, u))
        h = self.layer(x)
        return h / ops.cast(sigma, h.dtype) + ops.cast(self.bias, h.dtype)


class MinibatchStddev(keras.Layer):
    """Appends to features [B, F] how much they vary among `group` consecutive rows: [B, F + 1].

    Karras et al. 2018, Progressive Growing of GANs (arXiv 1710.10196), section 3: a generator
    whose images are all alike is found out by it.
    """

    def __init__(self, group: int = 4):
        super().__init__()
        self.group = group

    def call(self, h):
        groups = ops.reshape(h, [-1, self.group, h.shape[-1]])
        stddev = ops.sqrt(ops.var(groups, axis=1) + 1e-8)  # [B / group, F]
        stddev = ops.repeat(ops.mean(stddev, axis=-1), self.group)[:, None]  # [B, 1]
        return ops.concatenate([h, stddev], axis=-1)
