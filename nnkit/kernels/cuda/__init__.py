"""The kernels' twins for NVIDIA GPUs, written with :mod:`numba.cuda`.

Every kernel of :mod:`nnkit.kernels.cpu` has one here, with the same name and the same arguments in
the same order. Those of ``shared.py`` are made of the CPU's own text: each thread does its share of
the loops. The others are written anew, in a file of the same name. What a kernel writes and how it
is split is declared for the CPU; here :func:`~nnkit.kernels.cuda._cuda.kernel` says how many
threads do it.

Besides the contract of :mod:`nnkit.kernels`:

* A grid of any size does the work (a loop with the stride of the grid), so a kernel is right for
  every size, and the launch rule only makes it fast.
* Sums are added up in an order that depends on shapes only; nothing that a user sees is added up
  by atomics. Two runs give the same bits.
* A parameter called ``first`` is always 0: a kernel does all rows of a call.
* What the simulator lacks (warp shuffles, cache hints) is in ``_cuda.py``, with a plain double.
"""
