"""Products by cuBLASLt with each of its epilogues, against float64."""

from itertools import product

import numpy as np

import nnkit
from nnkit.engine.cuda.blas import Product
from nnkit.engine.devices import open_device

# By precision: of the norm.
TOLERANCE = {"float32": 1e-5, "tf32": 1e-3}
# Rows of a batch, inputs and outputs of a layer.
LAYERS = [(32, 784, 128), (256, 1024, 1024), (128, 128, 10), (33, 77, 129), (1, 5, 3)]
# What a training step computes: which operand is transposed, and the epilogue.
WAYS = {
    "x w": ("", "none"),
    "x w + b": ("", "bias"),
    "x^T dy, sum of dy": ("first", "sum_rows"),
    "dy w^T": ("second", "none"),
}


class Products:
    """An item a product."""

    def __init__(self, short):
        nnkit.set_device("cuda")
        self.driver = open_device("cuda:0").driver
        self.driver.enter()
        self.products = {
            f"{way}, {'-'.join(map(str, layer))}, {precision}": (way, layer, precision)
            for way, layer, precision in product(WAYS, LAYERS, TOLERANCE)
        }

    def items(self):
        return list(self.products)

    def measure(self, name):
        way, (batch, inputs, outputs), precision = self.products[name]
        transposed, epilogue = WAYS[way]
        if self.driver.lt is None:
            return "there is no cuBLASLt", None
        rng = np.random.default_rng(0)
        shapes = (batch, inputs), (inputs, outputs), (batch, outputs), (outputs,)
        x, w, dy, extra = (rng.standard_normal(shape, np.float32) for shape in shapes)
        a, b = {"": (x, w), "first": (x.T, dy), "second": (dy, w.T)}[transposed]
        c = np.full((a.shape[0], b.shape[1]), np.nan, np.float32)
        wanted = a.astype(float) @ b
        if epilogue == "bias":
            wanted = wanted + extra
        total = b.sum(axis=0, dtype=float) if epilogue == "sum_rows" else extra.astype(float)
        if epilogue == "sum_rows":
            extra.fill(np.nan)

        kept = [self._upload(array) for array in (a, b, c, extra)]
        addresses = [memory.address for memory in kept]
        if epilogue == "none":
            addresses[3] = 0
        planned = Product(self.driver.lt, a, b, epilogue, precision)
        if not planned.plan(*addresses):
            return "no algorithm: nnkit's own kernel does it", None
        planned.run(*addresses, self.driver.workspace.address, self.driver.stream)
        self.driver.download(kept[2], c)
        self.driver.download(kept[3], extra)
        error = max(_error(c, wanted), _error(extra, total))
        assert error <= TOLERANCE[precision], f"the error is {error:.1e}"
        return f"error {error:.1e}", error

    def _upload(self, array):
        memory = self.driver.allocate(array.nbytes)
        # A transposed matrix lies as it lay before.
        self.driver.upload(array if array.flags.c_contiguous else array.T, memory)
        return memory


def _error(found, wanted):
    """Of the norm; NaN if anything is."""
    return float(np.linalg.norm(found - wanted) / (np.linalg.norm(wanted) or 1))
