"""Kernels for graphs: loops whose text is generated, and those that only graphs need."""
