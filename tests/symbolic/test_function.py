"""function(): what comes out and what changes; see test_inputs.py for what goes in."""

import re
from collections import OrderedDict

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T

HERE = re.escape("test_function.py:")


@pytest.fixture
def x():
    return T.dvector("x")


class TestOutputs:
    def test_one(self, x):
        result = theano.function([x], x + 1)([1, 2])
        assert isinstance(result, np.ndarray)
        assert result.tolist() == [2, 3]

    @pytest.mark.parametrize("form", [list, tuple])
    def test_several_are_a_list(self, x, form):
        result = theano.function([x], form([x, x.sum()]))([1, 2])
        assert type(result) is list
        assert result[0].tolist() == [1, 2]
        assert result[1] == 3

    def test_a_list_of_one_stays_a_list(self, x):
        (result,) = theano.function([x], [x])([1])
        assert result.tolist() == [1]

    def test_a_dictionary(self, x):
        result = theano.function([x], {"total": x.sum(), "same": x})([1, 2])
        assert list(result) == ["total", "same"]
        assert result["total"] == 3

    def test_none(self):
        assert theano.function([], updates=[(theano.shared(1.0), 2.0)])() == []

    def test_out(self, x):
        assert theano.function([x], theano.Out(x.sum(), borrow=True))([1, 2]) == 3

    def test_an_input_a_constant_and_a_shared_variable(self, x):
        w = theano.shared(2.0)
        result = theano.function([x], [x, T.constant(3.0), w, 4])([1])
        assert [float(np.squeeze(r)) for r in result] == [1, 3, 2, 4]

    def test_results_are_nobody_elses(self, x):
        """Writing to a result changes neither the argument nor the shared variable."""
        w, given = theano.shared([1.0, 2.0]), np.array([3.0, 4.0])
        for result in theano.function([x], [x, w, w.T])(given):
            result[:] = 0
        assert given.tolist() == [3, 4]
        assert w.get_value().tolist() == [1, 2]

    def test_the_same_variable_twice(self, x):
        a, b = theano.function([x], [x * 2, x * 2])([1])
        a[:] = 0
        assert b.tolist() == [2]


class TestUpdates:
    @pytest.mark.parametrize("form", [list, tuple, dict, OrderedDict])
    def test_pairs_and_dictionaries(self, form):
        w = theano.shared(1.0)
        theano.function([], updates=form([(w, w + 1)]))()
        assert w.get_value() == 2

    def test_all_from_the_old_values_and_after_the_outputs(self):
        a, b = theano.shared(1.0, "a"), theano.shared(2.0, "b")
        swap = theano.function([], [a, b], updates=[(a, b), (b, a)])
        assert [float(v) for v in swap()] == [1, 2]
        assert (a.get_value(), b.get_value()) == (2, 1)

    def test_functions_share(self):
        w = theano.shared(0.0)
        add = theano.function([], updates={w: w + 1})
        look = theano.function([], w * 10)
        add(), add()
        assert look() == 20

    def test_set_value_between_calls(self):
        w = theano.shared(np.zeros(2))
        add = theano.function([], updates={w: w + 1})
        add()
        w.set_value(np.full(3, 5.0))  # Another length, too.
        add()
        assert w.get_value().tolist() == [6, 6, 6]

    def test_a_safe_conversion(self):
        w = theano.shared(np.zeros(2, "float64"))
        theano.function([], updates={w: T.constant([1, 2])})()
        assert w.get_value().tolist() == [1, 2]

    def test_new_shape(self):
        w = theano.shared(np.array([1.0]))
        theano.function([], updates={w: T.concatenate([w, w])})()
        assert w.get_value().tolist() == [1, 1]

    def test_twice_is_refused(self):
        w = theano.shared(1.0, "w")
        with pytest.raises(ValueError, match=rf"'w' .*{HERE}\d+\) is updated twice"):
            theano.function([], updates=[(w, w + 1), (w, w + 2)])

    def test_another_data_type_is_refused(self):
        n = theano.shared(np.int32(1), "n")
        with pytest.raises(TypeError, match=r"'n' .*int32.* can't be updated .*float64.*T\.cast"):
            theano.function([], updates=[(n, n + 0.5)])

    def test_another_rank_is_refused(self):
        w = theano.shared(np.zeros(2), "w")
        with pytest.raises(TypeError, match=rf"'w' .*the result of .*{HERE}.*number of axes"):
            theano.function([], updates=[(w, w.sum())])

    def test_an_axis_that_may_grow_is_refused(self):
        w = theano.shared(np.zeros((1, 2)), "w", broadcastable=(True, False))
        with pytest.raises(TypeError, match=r"'w' .*axis 0 is not known to be of size 1"):
            theano.function([], updates=[(w, theano.shared(np.ones((1, 2))))])

    def test_only_shared_variables(self, x):
        with pytest.raises(TypeError, match="only shared variables can be updated, got 'x'"):
            theano.function([x], updates=[(x, x + 1)])

    @pytest.mark.parametrize("updates", [[1], [(1, 2, 3)]])
    def test_no_pairs(self, updates):
        with pytest.raises(TypeError, match="updates are pairs or a dictionary"):
            theano.function([], updates=updates)


class TestDefaultUpdates:
    @pytest.fixture
    def counter(self):
        counter = theano.shared(0, "counter")
        counter.default_update = counter + 1
        return counter

    def test_come_along(self, counter):
        f = theano.function([], counter * 10)
        assert [int(f()), int(f())] == [0, 10]

    def test_only_if_needed(self, counter, x):
        theano.function([x], x)([1])
        assert counter.get_value() == 0

    @pytest.mark.parametrize("leave", [True, "list"])
    def test_left_out(self, counter, leave):
        f = theano.function([], counter, no_default_updates=leave is True or [counter])
        assert [int(f()), int(f())] == [0, 0]

    def test_another_update_wins(self, counter):
        f = theano.function([], counter, updates=[(counter, counter + 5)])
        assert [int(f()), int(f())] == [0, 5]

    @pytest.fixture
    def chain(self):
        """a needs b in its update only, and b needs c."""
        a, b, c = theano.shared(2, "a"), theano.shared(1, "b"), theano.shared(-1, "c")
        a.default_update, b.default_update, c.default_update = a - b, c, c - 1
        return a, b, c

    @pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "DebugMode"])
    def test_of_each_other_from_the_old_values(self, chain, mode):
        a = chain[0]
        assert theano.function([], [a], mode=mode)() == [2]
        assert [int(v.get_value()) for v in chain] == [1, -1, -2]

    def test_of_what_an_update_needs(self, chain):
        total = theano.shared(0)
        theano.function([], updates=[(total, total + chain[1])])()
        assert [int(v.get_value()) for v in (total, *chain)] == [1, 2, -1, -2]

    def test_of_each_other_in_a_circle(self):
        a, b = theano.shared(1), theano.shared(2)
        a.default_update, b.default_update = b, a
        theano.function([], a)()
        assert (a.get_value(), b.get_value()) == (2, 1)

    def test_a_chain_ends_where_one_is_left_out(self, chain):
        a, b, _ = chain
        theano.function([], a, no_default_updates=[b])()
        assert [int(v.get_value()) for v in chain] == [1, 1, -2 + 1]

    def test_a_chain_goes_on_by_the_update_that_was_given(self, chain):
        a, b, _ = chain
        other = theano.shared(7)
        other.default_update = other + 1
        theano.function([], a, updates=[(b, other)])()
        assert [int(v.get_value()) for v in (*chain, other)] == [1, 7, -1, 8]

    def test_givens_in_an_update(self, chain):
        a, b, _ = chain
        theano.function([], a, givens={b: T.constant(10)})()
        assert [int(v.get_value()) for v in chain] == [-8, 1, -1]

    def test_something_else_to_leave_out(self, counter):
        with pytest.raises(TypeError, match=r"no_default_updates is a bool or a list .*counter"):
            theano.function([], counter, no_default_updates=counter)


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "DebugMode"])
class TestInputsMadeOfOthers:
    """The value of such an input is that of the argument, whatever the other's is."""

    @pytest.fixture
    def m(self):
        return T.dmatrix("m")

    @pytest.mark.parametrize(
        "part",
        [
            lambda m: m[0],
            lambda m: m.T,
            lambda m: m.reshape((3, 2)),
            lambda m: m.flatten(),
            lambda m: m.dimshuffle(0, "x", 1),
            lambda m: m[:, [0, 0]],
            lambda m: m.copy(),
        ],
    )
    def test_views_and_parts(self, m, part, mode):
        p = part(m)
        array = np.arange(6.0).reshape(2, 3)
        other = p.eval({m: array}) * -2 + 1
        outputs = [m * 2, p + 1, (p * 2).shape, m.sum() * p.sum()]
        f = theano.function([m, p], outputs, mode=mode)
        g = theano.function([p, m], outputs, mode=mode)
        expected = [array * 2, other + 1, other.shape, array.sum() * other.sum()]
        for made in (f(array, other), g(other, array)):
            for a, b in zip(made, expected, strict=True):
                np.testing.assert_array_equal(a, b)

    def test_one_made_of_the_other(self, x, mode):
        y = x * 2
        z = y + 1
        f = theano.function([x, y, z], [z * 3, y, x], mode=mode)
        assert [float(v[0]) for v in f([1], [20], [300])] == [900, 20, 1]

    def test_its_gradient(self, m, mode):
        row = m[0]
        gradients = T.grad((row**2).sum() + m.sum(), [m, row])
        f = theano.function([m, row], gradients, mode=mode)
        by_m, by_row = f(np.ones((2, 2)), [5, 7])
        assert by_m.tolist() == [[11, 15], [1, 1]]
        assert by_row.tolist() == [10, 14]

    def test_a_gradient_by_what_it_is_made_of(self, m, mode):
        """Stable formulas take its place only as long as the gradient is derived."""
        row = m[0]
        cost = T.log(1 + T.exp(row)).sum() + T.log(1 + T.exp(m[0])).sum()
        f = theano.function([m, row], T.grad(cost, m), mode=mode)
        by = 1 / (1 + np.exp([-2.0, -3.0])) + 1 / (1 + np.exp([-500.0, -700.0]))
        np.testing.assert_allclose(f([[2.0, 3.0], [0, 0]], [500.0, 700.0]), [by, [0, 0]])

    def test_in_updates_and_givens(self, x, mode):
        w, y, a = theano.shared(np.zeros(1)), x * 2, T.dvector("a")
        f = theano.function([y], a, updates=[(w, w + y)], givens={a: y + 1}, mode=mode)
        assert f([5]).tolist() == [6]
        assert w.get_value().tolist() == [5]

    def test_written_again_it_is_another(self, m, mode):
        row = m[0]
        f = theano.function([m, row], m[0] - row, mode=mode)
        assert f([[1, 2]], [10, 20]).tolist() == [-9, -18]


class TestGivens:
    @pytest.mark.parametrize("form", [list, dict])
    def test_slices_of_shared_data(self, x, form):
        data, i = theano.shared(np.arange(6.0)), T.lscalar("i")
        f = theano.function([i], x.sum(), givens=form([(x, data[2 * i : 2 * i + 2])]))
        assert [float(f(i)) for i in range(3)] == [1, 5, 9]

    def test_in_updates_too(self, x):
        w = theano.shared(0.0)
        theano.function([], updates=[(w, w + x.sum())], givens={x: T.constant([1.0, 2.0])})()
        assert w.get_value() == 3

    def test_a_shared_variable_and_an_inner_result(self, x):
        w = theano.shared(2.0)
        y = x * w
        assert theano.function([x], y, givens={w: T.constant(5.0)})([1]).tolist() == [5]
        assert theano.function([x], y + 1, givens={y: x})([1]).tolist() == [2]

    def test_the_graph_stays_as_it_was(self, x):
        y = x + 1
        theano.function([], y, givens={x: T.constant([1.0])})()
        assert theano.function([x], y)([5]).tolist() == [6]

    def test_a_safe_conversion(self, x):
        assert theano.function([], x, givens={x: T.constant([1, 2])})().dtype == "float64"

    def test_another_data_type_is_refused(self):
        n = T.lvector("n")
        with pytest.raises(TypeError, match=r"givens: 'n' .* can't be replaced by .*T\.cast"):
            theano.function([], n, givens={n: theano.shared([0.5])})

    def test_another_rank_is_refused(self, x):
        with pytest.raises(TypeError, match=r"givens: 'x' .*'d' .*another number of axes"):
            theano.function([], x, givens={x: theano.shared(np.eye(2), "d")})

    def test_an_input_is_refused(self, x):
        y = x * 2
        for given in (x, y):
            with pytest.raises(ValueError, match=r"is an input, so givens can't replace it"):
                theano.function([x, theano.In(y)], y, givens={given: T.constant([1.0])})

    def test_no_variable(self, x):
        with pytest.raises(TypeError, match="'x' is no symbolic variable"):
            theano.function([x], x, givens={"x": x})


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "DebugMode"])
class TestModes:
    def test_same_results(self, x, mode):
        w = theano.shared(np.array([0.5, -0.5]), "w")
        cost = (T.exp(-x * w) + T.log(1 + T.exp(x))).sum()
        f = theano.function([x], cost, updates=[(w, w - 0.1 * T.grad(cost, w))], mode=mode)
        given = np.array([1.0, 2.0])
        expected = (np.exp(-given * w.get_value()) + np.log(1 + np.exp(given))).sum()
        step = 0.1 * given * np.exp(-given * w.get_value())
        after = w.get_value() + step
        np.testing.assert_allclose(f(given), expected, rtol=1e-14)
        np.testing.assert_allclose(w.get_value(), after, rtol=1e-14)

    def test_shapes_that_do_not_fit(self, x, mode):
        """NumPy's error says which operation it was in, and where that was made."""
        y = T.dvector("y")
        f = theano.function([x, y], T.dot(x, T.exp(y)), mode=mode)
        assert f([1], [0]) == 1
        with pytest.raises(ValueError, match="not aligned") as caught:
            f([1, 2], [3])
        (note,) = caught.value.__notes__
        assert re.search(
            rf"This was the result of Dot made in {HERE}\d+ .*shapes \(2,\), \(1,\)", note
        )

    def test_as_a_setting(self, x, mode, monkeypatch):
        monkeypatch.setattr(theano.config, "mode", mode)
        assert theano.function([x], x * 2)([1]).tolist() == [2]


def test_everything_by_one_import():
    names = {}
    exec("from nnkit.symbolic import *", names)
    x = names["tensor"].dscalar("x")
    w = names["shared"](2.0)
    assert names["function"]([x], names["grad"](w * x**2, x))(3) == 12
    assert names["config"] is theano.config
    assert names.get("map") is None, "Python's own must not be hidden"
