"""What all figures share: one batch size and one seed, so that noise is the same at every call."""

BATCH_SIZE = 500
# Of binarised or dequantised test images, and of all codes that are drawn.
SEED = 20140620
