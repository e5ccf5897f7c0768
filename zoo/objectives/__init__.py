"""What models minimise, as pure functions: bounds of VAEs, losses and penalties of GANs."""
