"""The networks that are trained, on data that is made up."""

import functools
from dataclasses import dataclass, replace

import numpy as np

from benchmarks import cases

EAGER, GRAPH, COMPILED = "torch eager", "torch graph", "torch reduce-overhead"
SCAN = "jax scan"
# The ceilings of products, in TF32 or not.
PRODUCT = {False: "large product, float32", True: "large product, TF32"}
SAMPLES = 60000  # As in MNIST.


@dataclass(frozen=True)
class Case(cases.Case):
    """A network and how it is trained on a GPU; ``targets`` are least speed-ups."""

    classes: int = cases.CLASSES
    tf32: bool = False
    aim: float | None = None  # Microseconds a step.
    of_floor: float | None = None  # How many times the time of the products alone it may take.

    def __str__(self) -> str:
        return f"{super().__str__()}, {'TF32' if self.tf32 else 'float32'}"

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.inputs, *self.hidden, self.classes)

    @property
    def operations(self) -> float:
        """Floating-point operations of a step's products: forward, weights', inputs' gradients."""
        sizes = list(zip(self.sizes, self.sizes[1:], strict=False))
        first = self.sizes[0] * self.sizes[1]  # Nobody needs the gradient of the data.
        return 2.0 * self.batch * (3 * sum(m * n for m, n in sizes) - first)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        x, y = _made_up(self.inputs, self.classes)
        return x[: self.samples], y[: self.samples]


@functools.cache
def _made_up(inputs: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise, labelled by a random linear map, so that there is something to learn."""
    rng = np.random.default_rng(1)
    x = rng.random((SAMPLES, inputs), np.float32)
    teacher = rng.normal(size=(inputs, classes)).astype(np.float32)
    return x, ((x - np.float32(0.5)) @ teacher).argmax(axis=1).astype(np.int32)


# Samples are as many as make whole batches.
CASES = {
    "small": Case((128,), "relu", 32, "Adam", SAMPLES, targets={GRAPH: 1.5}, aim=5),
    "batch": Case((128,), "relu", 128, "Adam", 59904, targets={GRAPH: 1.5}, aim=8),
    "wide": Case((1024, 1024), "relu", 256, "Adam", 59904, targets={GRAPH: 1.1}, tf32=True, aim=50),
    "large": Case(
        (1024, 1024), "relu", 4096, "Adam", 57344, targets={GRAPH: 0.95}, tf32=True, of_floor=1.1
    ),
}
TINY = replace(
    CASES["small"], inputs=5, hidden=(3,), classes=3, batch=4, samples=4, targets={}, aim=None
)
