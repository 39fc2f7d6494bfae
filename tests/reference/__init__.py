"""Slow, obvious NumPy versions of the kernels: what the tests compare with."""
