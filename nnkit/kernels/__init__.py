"""What runs: loops for the CPU (:mod:`nnkit.kernels.cpu`), and twins for GPUs (``kernels.cuda``).

The contract of every kernel
----------------------------
* Inputs first, outputs last. Inputs never change; outputs are completely overwritten, never
  accumulated into. What is read *and* written (an optimizer's parameters) is declared in
  ``updates``.
* No allocation, no checks, no Python objects: checks belong to whoever calls, once a shape.
* Every gradient is the true one of its own function: ``softmax_backward`` applies the Jacobian;
  softmax and cross-entropy in one is a kernel of its own.
* A literal, and a number among the arguments, is float64. Cast it to the arrays' type
  (``one = x.dtype.type(1)``), or a float32 kernel silently computes in float64.
* Results don't depend on how the work is split among threads.
"""

# A sum over a whole array is first taken over blocks of so many elements, in float64, and then over
# the blocks: it is the same however many threads there are.
SUM_BLOCK = 4096
