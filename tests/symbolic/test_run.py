"""Evaluation in NumPy."""

import numpy as np

import nnkit.symbolic.tensor as T
from nnkit.symbolic.graph import FunctionGraph
from nnkit.symbolic.run.branches import runner
from nnkit.symbolic.run.evaluate import Evaluator
from nnkit.symbolic.tensor.variable import shared


def test_results_are_copies_and_updates_see_old_values():
    x, w = T.dvector("x"), shared(np.ones(2), "w")
    evaluator = Evaluator(FunctionGraph([x], [x, w, w + x, w * 2], [w]))
    array = np.array([1.0, 2.0])
    mine, old, new = evaluator.run([array])
    assert not np.may_share_memory(mine, array)
    np.testing.assert_array_equal(old, [1, 1])
    np.testing.assert_array_equal(new, [2, 3])
    np.testing.assert_array_equal(w.get_value(), [2, 2])


def test_only_fast_run_compiles():
    x = T.dvector("x")
    for mode, name in [("FAST_COMPILE", "Evaluator"), ("FAST_RUN", "Native")]:
        run = runner(FunctionGraph([x], [x + 1]), mode)
        assert type(run.__self__).__name__ == name
        np.testing.assert_array_equal(run([np.zeros(2)]), [[1, 1]])
