import pytest

import nnkit.symbolic.tensor as T
from nnkit.symbolic import config

KINDS = {
    "scalar": (),
    "vector": (False,),
    "row": (True, False),
    "col": (False, True),
    "matrix": (False, False),
    "tensor3": (False,) * 3,
    "tensor4": (False,) * 4,
    "tensor5": (False,) * 5,
}
DTYPES = {
    "b": "int8",
    "w": "int16",
    "i": "int32",
    "l": "int64",
    "f": "float32",
    "d": "float64",
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind):
    x = getattr(T, kind)("x")
    assert (x.name, x.dtype, x.broadcastable, x.ndim) == (
        "x",
        "float64",
        KINDS[kind],
        len(x.broadcastable),
    )
    assert getattr(T, kind)(dtype="int32").type == T.TensorType("int32", KINDS[kind])
    for letter, dtype in DTYPES.items():
        type_ = getattr(T, letter + kind)
        assert type_ == T.TensorType(dtype, KINDS[kind])
        assert (type_("y").type, type_("y").name, type_().name) == (type_, "y", None)


@pytest.mark.parametrize("kind", KINDS)
def test_plural_forms(kind):
    plural = "matrices" if kind == "matrix" else kind + "s"
    x, y, z = getattr(T, plural)("x y", "z")
    assert [v.name for v in (x, y, z)] == ["x", "y", "z"]
    assert x.broadcastable == KINDS[kind]
    (unnamed,) = getattr(T, plural)(1, dtype="int8")
    assert (unnamed.name, unnamed.dtype) == (None, "int8")
    assert [v.dtype for v in getattr(T, "i" + plural)(2)] == ["int32", "int32"]


def test_floatx():
    config.floatX = "float32"
    try:
        assert T.matrix().dtype == T.tensor("floatX", [False]).dtype == "float32"
        assert T.dmatrix().dtype == "float64"
    finally:
        config.floatX = "float64"


def test_a_variable_knows_where_it_was_made():
    (x,) = T.vectors("x")
    for variable in (x, T.vector(), T.dvector(), T.exp(x)):
        assert variable.line.startswith("test_constructors.py:")
