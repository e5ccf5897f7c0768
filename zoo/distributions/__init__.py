"""Parts of models: tfp distributions that are built from network outputs at each call."""
