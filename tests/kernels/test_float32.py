"""No float64 arithmetic in float32 kernels: in numba a bare literal is enough to cause it."""

import pytest

from nnkit.kernels import _jit
from nnkit.kernels._entry import compiled
from nnkit.kernels._flags import EXACT, FLAGS
from nnkit.kernels.cpu import (
    activations,
    axes,
    convolution,
    depthwise,
    embedding,
    losses,
    metrics,
    normalization,
    penalties,
    pooling,
    random,
    recurrent,
    softmax,
    updates,
    windows,
    winograd,
)

FLOATS = (
    "negative_slope slope max_value threshold scale offset factor smoothing value momentum beta_1 "
    "beta_2 epsilon rho decay limit alpha stddev"
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
STATES = (
    "x y state previous dstate dprevious h c dh dc gates inner h_previous c_previous dh_previous "
    "dc_previous"
)
IMAGES = dict.fromkeys(("x", "y", "dy", "dx"), "f4[5]") | {"alpha": "f4[2]", "dalpha": "f4[3]"}
CHANNELS = (
    dict.fromkeys(["size", "first"], "int")
    | dict.fromkeys(["x", "y", "dy", "dx", "partial"], "f4[3]")
    | {"lines": "f4[2]", "slopes": "f4[2]", "mask": "b1[2]"}
)
PLACES = "stride_y stride_x top left dilation_y dilation_x groups ph pw kw first"
WINDOWS = (
    dict.fromkeys(PLACES.split(), "int")
    | dict.fromkeys(("x", "y", "w", "dx", "dy", "windows"), "f4[4]")
    | {"scratch": "f4[2]", "dw": "f4[2]", "at": "u1[4]"}
)
MATRICES = dict.fromkeys(("p", "t", "z", "dp", "dz"), "f4[2]")

ROWS = dict.fromkeys(("dy", "g", "p", "table", "y"), "f4[2]") | {"mask": "b1[1]"}
ROWS |= {"ids": "i4[1]", "used": "u1[1]", "rate": "f8[1]", "first": "int"}

# What a kernel of each module takes, by parameter; the rest are vectors of float32.
MODULES = {
    activations: OPERANDS,
    axes: dict.fromkeys(("x", "y"), "f4[3]"),
    convolution: WINDOWS,
    winograd: WINDOWS,
    depthwise: WINDOWS,
    pooling: WINDOWS,
    windows: WINDOWS,
    softmax: dict.fromkeys(("x", "y", "dy", "dx"), "f4[3]"),
    losses: OPERANDS | MATRICES,
    metrics: OPERANDS | MATRICES,
    random: OPERANDS | {"rate": "float"},
    recurrent: OPERANDS
    | dict.fromkeys(STATES.split(), "f4[2]")
    | {"mask": "b1[1]", "backwards": "int"},
    normalization: OPERANDS | CHANNELS,
    updates: OPERANDS | {"rate": "f8[1]"},
    embedding: ROWS,
    penalties: OPERANDS | {"l1": "float", "l2": "float"},
}
# Other ranks than in the rest of the module.
MASKED = {"x": "f4[3]", "dx": "f4[3]", "y": "f4[2]", "dy": "f4[2]", "mask": "b1[2]"}
MASKED |= {"count": "i4[1]"}
GROUPS = dict.fromkeys(("x", "y", "dx", "dy"), "f4[4]") | {"inverse": "f4[2]"}
GROUPS |= dict.fromkeys(("lines", "slopes"), "f4[3]")
STACKS = dict.fromkeys(("stride", "front", "dilation"), "int")
STACKS |= {"x": "f4[4]", "y": "f4[4]", "stacks": "f4[5]"}
KERNELS_OF_THEIR_OWN = {
    "conv2d_weights_winograd": {"dw": "f4[3:]"},
    "masked_mean": MASKED,
    "masked_mean_backward": MASKED,
    "not_zero": {"ids": "f4[1]"},
    "scale_vectors": {"w": "f4[2]", "factor": "f8[1]", "n": "int"},
    "prelu": IMAGES,
    "prelu_backward": IMAGES,
    "ftrl": dict.fromkeys(("power", "l1", "l2", "shrinkage", "beta"), "float"),
    "adafactor_rows": {"g": "f4[2]", "numbers": "f8[1]"},
    "adafactor_factored": dict.fromkeys(("g", "v", "d"), "f4[2]"),
    "mix": {"a": "float", "b": "float"},
    "accumulate_gradients": {"every": "int"},
    "undo_unless_last": {"every": "int"},
    "average_weights": {"every": "int", "update": "i8[1]"},
    "stack_planes": STACKS,
    "add_planes": STACKS,
    "add_planes_bias": STACKS,
    "group_normalization": GROUPS,
    "group_normalization_backward": GROUPS | {"dgamma": "f4[2]", "dbeta": "f4[2]"},
    "layer_normalization": dict.fromkeys(("x", "y"), "f4[2]"),
    "layer_normalization_backward": dict.fromkeys(["x", "dy", "dx", "dgamma", "dbeta"], "f4[2]"),
}
LONG_SUMS = ["accumulate", "sum_squares", "clip_by_norm"]  # In float64 on purpose.
LONG_SUMS += ["accumulate_penalty", "penalty_blocks", "penalty_sum", "norm_factors"]
LONG_SUMS += ["trust_step", "adafactor_step", "divide_by_norm"]
OF_NUMBERS = ["clear_rows", "count_updates"]  # There are no floats in them.
KERNELS = [
    pytest.param(kernel, operands, id=kernel.name)
    for module, operands in MODULES.items()
    for kernel in vars(module).values()
    if isinstance(kernel, _jit.Kernel) and kernel.name not in LONG_SUMS + OF_NUMBERS
]


@pytest.mark.parametrize(("kernel", "operands"), KERNELS)
def test_no_element_becomes_float64(kernel, operands):
    """Float64 arithmetic on an element starts with an ``fpext``; what sets up a call doesn't."""
    operands = operands | KERNELS_OF_THEIR_OWN.get(kernel.name, {})
    if "sparse" in kernel.name:
        operands = operands | {"t": "i4[1]"}
    if kernel.name.endswith("_first"):
        operands = operands | dict.fromkeys(("x", "y"), "f4[3]")
    types = tuple(operands.get(name, "f4[1]") for name in kernel.parameters)
    flags = EXACT if kernel.exact else FLAGS
    llvm = compiled(kernel.function, types, flags, f"looked_at_{kernel.name}").get_llvm_str()
    assert "float" in llvm
    assert "fpext" not in llvm
