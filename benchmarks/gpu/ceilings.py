"""What the device can do at best, whatever nnkit does."""

import time

import numpy as np
from numba import int32

import nnkit
from benchmarks.gpu.cases import PRODUCT
from nnkit.engine.cuda.blas import Product
from nnkit.engine.devices import open_device
from nnkit.kernels.cuda._cuda import cuda

COPIED = 1 << 30  # Bytes.
SIZE = 8192  # Rows and columns of what is multiplied.
NODES = 1000  # Of a graph; and launches, and barriers.


class Ceilings:
    """An item a figure."""

    def __init__(self, short):
        nnkit.set_device("cuda")
        self.driver = open_device("cuda:0").driver
        self.driver.enter()
        self.measures = {
            "copy on the device": self._copy,
            PRODUCT[False]: lambda: self._product("float32"),
            PRODUCT[True]: lambda: self._product("tf32"),
            "node of a graph": self._node,
            **{f"launch, {n} arrays": lambda n=n: self._launch(n) for n in (0, 1, 2, 4, 8)},
            "barrier of the grid, 32 blocks": lambda: self._barrier(32),
            "barrier of the grid, all": lambda: self._barrier(self.driver.multiprocessors),
        }

    def items(self):
        return list(self.measures)

    def measure(self, name):
        return self.measures[name]()

    def _seconds(self, queue, repeats):
        """Seconds of one of many calls that queue work."""
        queue()
        self.driver.synchronize()
        started = time.perf_counter()
        for _ in range(repeats):
            queue()
        self.driver.synchronize()
        return (time.perf_counter() - started) / repeats

    def _copy(self):
        source, target = self.driver.allocate(COPIED), self.driver.allocate(COPIED)
        copy, stream = self.driver.api.cuMemcpyDtoDAsync, self.driver.stream
        rate = (
            2
            * COPIED
            / self._seconds(lambda: copy(target.address, source.address, COPIED, stream), 20)
        )
        return f"{rate / 1e12:.2f} TB/s, read and written", rate

    def _product(self, precision):
        if self.driver.lt is None:
            raise RuntimeError("there is no cuBLASLt")
        rng = np.random.default_rng(0)
        a, b = rng.random((2, SIZE, SIZE), np.float32) - np.float32(0.5)
        kept = [self.driver.allocate(a.nbytes) for _ in range(3)]
        for memory, content in zip(kept, (a, b), strict=False):
            self.driver.upload(content, memory)
        addresses = [memory.address for memory in kept]
        product = Product(self.driver.lt, a, b, precision=precision)
        if not product.plan(*addresses):
            raise RuntimeError("cuBLASLt has no algorithm for it")
        arguments = *addresses, 0, self.driver.workspace.address, self.driver.stream
        rate = 2 * SIZE**3 / self._seconds(lambda: product.run(*arguments), 10)
        return f"{rate / 1e12:.1f} TFLOP/s", rate

    def _node(self):
        empty = self._empty(0)
        empty()
        with self.driver.capture() as graph:
            for _ in range(NODES):
                empty()
        seconds = self._seconds(graph.launch, 20) / NODES
        return f"{1e6 * seconds:.2f} µs", seconds

    def _launch(self, arrays):
        seconds = self._seconds(self._empty(arrays), NODES)
        return f"{1e6 * seconds:.2f} µs", seconds

    def _empty(self, arrays):
        """A launch of a kernel that does nothing with some arrays."""
        names = {}
        exec(f"def empty({', '.join(f'a{i}' for i in range(arrays))}): pass", names)
        launcher = cuda.jit(names["empty"])[1, 32, self.driver.launch_stream]
        memory = self.driver.allocate(4 * max(arrays, 1))
        types = (1,), (4,), np.dtype(np.float32)
        arguments = [self.driver.view(memory, 4 * i, *types) for i in range(arrays)]
        return lambda: launcher(*arguments)

    def _barrier(self, blocks):
        memory = self.driver.allocate(4)
        counter = self.driver.view(memory, 0, (1,), (4,), np.dtype(np.int32))
        launcher = cuda.jit(_barriers)[blocks, 256, self.driver.launch_stream]

        def queue():
            self.driver.clear(memory, 0, 4)
            launcher(counter, NODES)

        seconds = self._seconds(queue, 5) / NODES
        return f"{1e6 * seconds:.2f} µs", seconds


def _barriers(counter, times):
    """All blocks of the grid wait for each other, many times; all of them must run at once."""
    number = int32(0)
    while number < times:
        number += int32(1)
        cuda.syncthreads()
        if cuda.threadIdx.x == 0:
            cuda.threadfence()
            cuda.atomic.add(counter, 0, 1)
            # Not cuda.ldcv: the compiler may take that out of the loop.
            while cuda.atomic.add(counter, 0, 0) < number * cuda.gridDim.x:
                pass
            cuda.threadfence()
        cuda.syncthreads()
