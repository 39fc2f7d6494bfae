"""Kernels for the CPU. :data:`nnkit.engine.device.launch` finds every kernel of every module."""
