"""How graphs are evaluated: in NumPy, or by recorded kernels that are replayed."""
