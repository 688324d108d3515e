"""The kinds of destination: one file each, and one line in `registry`."""
