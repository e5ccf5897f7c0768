"""A stand-in for tensorflow_model_server, for development and tests; README.md explains it."""
