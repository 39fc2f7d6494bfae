"""Theano's name for what was new."""
