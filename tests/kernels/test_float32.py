"""No float64 arithmetic in float32 kernels: in numba a bare literal is enough to cause it."""

import pytest

from nnkit.kernels import _jit
from nnkit.kernels.cpu import activations, losses, metrics, random, softmax, updates

FLOATS = (
    "negative_slope max_value threshold scale offset factor smoothing value momentum beta_1 beta_2 "
    "epsilon rho decay limit"
)
OPERANDS = dict.fromkeys(FLOATS.split(), "float") | {
    "nesterov": "int",
    "centered": "int",
    "key": "int",
    "first": "int",
    "iteration": "i8[1]",
    "counter": "i8[1]",
    "partial": "f8[1]",
}
MATRICES = dict.fromkeys(("p", "t", "z", "dp", "dz"), "f4[2]")

# What a kernel of each module takes, by parameter; the rest are vectors of float32.
MODULES = {
    activations: OPERANDS,
    softmax: dict.fromkeys(("x", "y", "dy", "dx"), "f4[3]"),
    losses: OPERANDS | MATRICES,
    metrics: OPERANDS | MATRICES,
    random: OPERANDS | {"rate": "float"},
    updates: OPERANDS | {"rate": "f8[1]"},
}
LONG_SUMS = ("accumulate", "sum_squares")  # In float64 on purpose.
KERNELS = [
    pytest.param(kernel, operands, id=kernel.name)
    for module, operands in MODULES.items()
    for kernel in vars(module).values()
    if isinstance(kernel, _jit.Kernel) and kernel.name not in LONG_SUMS
]


@pytest.mark.parametrize(("kernel", "operands"), KERNELS)
def test_no_element_becomes_float64(kernel, operands):
    """Float64 arithmetic on an element starts with an ``fpext``; what sets up a call doesn't."""
    if "sparse" in kernel.name:
        operands = operands | {"t": "i4[1]"}
    types = tuple(operands.get(name, "f4[1]") for name in kernel.parameters)
    library, _ = _jit._build(kernel, types, kernel.name)
    llvm = library.get_llvm_str()
    assert "float" in llvm
    assert "fpext" not in llvm
