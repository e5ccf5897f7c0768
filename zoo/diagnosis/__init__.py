"""Is the generator or the discriminator at fault? A diagnosis of GANs, with reasons."""
