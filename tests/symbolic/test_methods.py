"""What the methods of variables are called."""

import inspect

import pytest

import nnkit.symbolic.tensor as T
from nnkit.symbolic.tensor.methods import METHODS

x = T.dmatrix("x")


def test_lists_become_variables_without_a_public_method():
    assert not hasattr(x, "stacklists")
    assert T.as_tensor([x, x]).ndim == 3


@pytest.mark.parametrize("name", [n for n, m in METHODS.items() if inspect.isfunction(m)])
def test_errors_and_help_know_methods_by_their_names(name):
    method = getattr(T.TensorVariable, name)
    assert (method.__name__, method.__qualname__) == (name, f"TensorVariable.{name}")
    assert method.__doc__ == METHODS[name].__doc__
    assert inspect.signature(method) == inspect.signature(METHODS[name])
    with pytest.raises(TypeError, match=rf"^TensorVariable\.{name}\(\) "):
        getattr(x, name)(colour=1)


def test_functions_keep_their_names():
    assert (T.cast.__name__, T.set_subtensor.__name__) == ("cast", "set_subtensor")
