"""The graph itself: order, copies with replacements, and how variables are named in errors."""

from nnkit.symbolic.graph import ancestors, clone, describe, toposort
from nnkit.symbolic.tensor.elementwise import elementwise
from nnkit.symbolic.tensor.variable import TensorType

SCALAR = TensorType("float64", [])


def inputs():
    return SCALAR("x"), SCALAR("y")


def test_operations_come_after_what_they_need():
    x, y = inputs()
    a = elementwise("add", x, y)
    b = elementwise("mul", a, a)
    c = elementwise("sub", b, a)
    assert [node.op.scalar.name for node in toposort([c, a])] == ["add", "mul", "sub"]
    assert toposort([x]) == []


def test_deep_graphs_need_no_deep_stack():
    total, _ = inputs()
    for _ in range(5000):
        total = elementwise("neg", total)
    assert len(toposort([total])) == 5000
    assert len(ancestors([total])) == 5001


def test_ancestors_are_inputs_first_and_once():
    x, y = inputs()
    a = elementwise("add", x, y)
    b = elementwise("mul", a, x)
    assert ancestors([b, x]) == [x, y, a, b]


def test_a_clone_shares_what_does_not_change():
    x, y = inputs()
    kept, changed = elementwise("neg", y), elementwise("neg", x)
    total = elementwise("add", kept, changed)
    total.name = "total"
    z = SCALAR("z")
    (new,) = clone([total], {x: z})
    assert new is not total
    assert new.name == "total"
    assert new.owner.inputs[0] is kept
    assert new.owner.inputs[1].owner.inputs == [z]
    assert clone([total], {}) == [total]


def test_a_replacement_is_not_renamed():
    x, _ = inputs()
    double = elementwise("add", x, x)
    double.name = "double"
    z = TensorType("float64", [])()
    (new,) = clone([double], {double: z})
    assert new is z
    assert z.name is None


def test_variables_are_described_by_name_or_line():
    x, y = inputs()
    assert describe(x).startswith("'x' (TensorType(float64, scalar), made in test_graph.py:")
    made = describe(elementwise("add", x, y))
    assert made.startswith("the result of add made in test_graph.py:")


def test_equal_operations_are_equal():
    x, y = inputs()
    one, two = elementwise("add", x, y).owner.op, elementwise("add", y, x).owner.op
    assert one == two
    assert hash(one) == hash(two)
    assert one != elementwise("mul", x, y).owner.op
    assert repr(one) == "add"
