"""The parts of the models as tfp distributions, built anew at each call from network outputs."""
