"""Gradients of graphs: the walk back, what it goes along with, and what it does not pass."""
