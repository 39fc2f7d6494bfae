"""What the methods of variables are called."""

import nnkit.symbolic.tensor as T

x = T.dmatrix("x")


def test_lists_become_variables_without_a_public_method():
    assert not hasattr(x, "stacklists")
    assert T.as_tensor([x, x]).ndim == 3
