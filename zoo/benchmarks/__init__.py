"""Speed as a ratio to named peers, all in one run."""
