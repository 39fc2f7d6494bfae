"""What ``tools/gpu_check.py`` is made of: is nnkit right on this GPU, and how fast is it?

Whatever touches the GPU runs in a process of its own (:mod:`benchmarks.worker`): a kernel that
fails spoils the device for its whole process, one that hangs is ended with it, and libraries
don't meet. This process never imports numba.
"""
