"""Kernels for the CPU. :data:`nnkit.engine.device.launch` finds the kernels of all modules."""
