"""What all figures share: batch size, seed and numbers of samples."""

BATCH_SIZE = 500
# Of binarised or dequantised test images, and of all codes that are drawn.
SEED = 20140620
# Samples that are compared with as many test images, and samples for the conditional accuracy.
SAMPLES = 10_000
# Training images among which the nearest one to a sample is looked for.
NEIGHBOURS = 60_000
