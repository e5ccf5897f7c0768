"""Batch size, seed and numbers of samples of all metrics."""

BATCH_SIZE = 500
# Seed of binarised or dequantised test images, and of all codes.
SEED = 20140620
# Number of samples compared with as many test images, and for the conditional accuracy.
SAMPLES = 10_000
# Number of training images among which the nearest one to a sample is searched.
NEIGHBOURS = 60_000
