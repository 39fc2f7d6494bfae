"""Kernels for the CPU. :data:`nnkit.engine.dispatch.launch` finds the kernels of all modules."""
