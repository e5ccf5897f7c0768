"""The command line: runs scripts, and defines the flags that they share."""
