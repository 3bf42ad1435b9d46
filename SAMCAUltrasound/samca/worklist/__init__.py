"""A hundred cases, one after the other: which there are, what has become of each, and which is next."""
