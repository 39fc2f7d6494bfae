"""function(): what goes in, and what is refused, each error with the variable's name or line."""

import re

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.function import MissingInputError, UnusedInputError
from nnkit.symbolic.gradient import DisconnectedInputError

HERE = re.escape("test_inputs.py:")
IGNORE = {"on_unused_input": "ignore"}


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """Nothing is compiled: all this is checked before a graph runs."""
    monkeypatch.setattr(theano.config, "mode", "FAST_COMPILE")


@pytest.fixture
def x():
    return T.dvector("x")


class TestIn:
    def test_defaults_and_keywords(self, x):
        rate = T.dscalar("rate")
        f = theano.function([x, theano.In(rate, value=0.5)], x * rate)
        assert f([2]).tolist() == [1]
        assert f([2], 3).tolist() == [6]
        assert f([2], rate=4).tolist() == [8]
        assert f(rate=4, x=[2]).tolist() == [8]

    def test_a_name_of_its_own(self):
        f = theano.function([theano.In(T.dscalar(), name="a")], theano.shared(1.0), **IGNORE)
        assert f(a=3) == 1

    def test_a_state(self):
        state, step = T.dscalars("state step")
        f = theano.function(
            [theano.In(step, value=1), theano.In(state, value=10, update=state + step)], state
        )
        assert [float(f()), float(f(5)), float(f()), float(f())] == [10, 11, 16, 17]

    def test_update_without_value(self, x):
        with pytest.raises(ValueError, match=r"'x' .*has an update, but no value"):
            theano.In(x, update=x + 1)

    def test_downcast_of_one(self):
        a, b = T.fscalars("a b")
        f = theano.function([theano.In(a, allow_downcast=True), b], a + b)
        assert f(np.float64(0.5), 1) == 1.5
        with pytest.raises(TypeError, match="'b'"):
            f(np.float64(0.5), np.float64(0.5))


class TestUnused:
    def test_raise(self, x):
        with pytest.raises(UnusedInputError, match=rf"'y' .*{HERE}\d+\) is an input"):
            theano.function([x, T.dscalar("y")], x)

    def test_warn(self, x):
        with pytest.warns(UserWarning, match="'y' .* is an input"):
            theano.function([x, T.dscalar("y")], x, on_unused_input="warn")

    def test_ignore(self, x):
        assert theano.function([x, T.dscalar("y")], x, **IGNORE)([1], 2).tolist() == [1]

    def test_used_by_an_update(self, x):
        w = theano.shared(0.0)
        theano.function([x], updates=[(w, x.sum())])([1, 2])
        assert w.get_value() == 3

    def test_another_word(self, x):
        with pytest.raises(ValueError, match=r"on_unused_input is 'raise'.*not 'perhaps'"):
            theano.function([x], x, on_unused_input="perhaps")


class TestArguments:
    @pytest.mark.parametrize("value", [[1, 2], (1, 2), np.array([1, 2]), np.array([1, 2], "uint8")])
    def test_what_fits(self, x, value):
        result = theano.function([x], x)(value)
        assert result.dtype == "float64"
        assert result.tolist() == [1, 2]

    def test_python_floats_may_round(self):
        v = T.fvector("v")
        assert theano.function([v], v)([0.1]).tolist() == [np.float32(0.1)]

    def test_unless_forbidden(self):
        v = T.fvector("v")
        f = theano.function([v], v, allow_input_downcast=False)
        assert f([0.5]).tolist() == [0.5]
        with pytest.raises(TypeError, match="float64 may lose something as float32"):
            f([0.1])

    def test_arrays_may_not(self):
        v = T.fvector("v")
        with pytest.raises(TypeError, match=r"argument 0 is for 'v' .*allow_input_downcast=True"):
            theano.function([v], v)(np.array([0.1]))

    def test_unless_allowed(self):
        v, n = T.fvector("v"), T.ivector("n")
        f = theano.function([v, n], [v, n], allow_input_downcast=True)
        assert f(np.array([0.1]), np.array([2.7]))[1].tolist() == [2]

    @pytest.mark.parametrize(("value", "fits"), [(2, True), (2.0, True), (2.5, False)])
    def test_integers(self, value, fits):
        n = T.lscalar("n")
        f = theano.function([n], n * 2)
        if fits:
            assert f(value) == 4
        else:
            with pytest.raises(TypeError, match="'n'"):
                f(value)

    def test_too_large(self):
        n = T.bscalar("n")
        with pytest.raises(TypeError, match=r"'n' .*int64 may lose something as int8"):
            theano.function([n], n)(300)

    def test_rank(self, x):
        with pytest.raises(TypeError, match=r"'x' .* 1 axes, got 2: shape \(1, 2\)"):
            theano.function([x], x)([[1, 2]])

    def test_rank_of_an_unnamed_one(self):
        v = T.dvector()
        with pytest.raises(TypeError, match=rf"the variable made in {HERE}\d+ .*1 axes, got 0"):
            theano.function([v], v)(1)

    def test_a_row_has_one_row(self):
        r = T.drow("r")
        f = theano.function([r], r)
        assert f([[1, 2]]).shape == (1, 2)
        with pytest.raises(TypeError, match=r"'r' .*axis 0 is of size 1, got shape \(2, 1\)"):
            f([[1], [2]])

    @pytest.mark.parametrize("value", [None, "one", [object()]])
    def test_no_number(self, x, value):
        with pytest.raises(TypeError, match=r"argument 0 is for 'x'.*got"):
            theano.function([x], x)(value)

    def test_rows_of_other_lengths(self):
        m = T.dmatrix("m")
        with pytest.raises(TypeError, match=r"argument 0 is for 'm' .*got \[\[1, 2\], \[3\]\]"):
            theano.function([m], m)([[1, 2], [3]])

    def test_too_many(self, x):
        with pytest.raises(TypeError, match=r"<function double> takes 1 argument \('x'\), got 2"):
            theano.function([x], x * 2, name="double")([1], [2])

    def test_too_few(self, x):
        y = T.dvector("y")
        with pytest.raises(TypeError, match=r"takes 2 arguments \('x', 'y'\); missing is .y. "):
            theano.function([x, y], x + y)([1])

    def test_an_unknown_name(self, x):
        with pytest.raises(TypeError, match=r"has no input 'z'.*takes 1 argument \('x'\)"):
            theano.function([x], x)([1], z=2)

    def test_by_place_and_by_name(self, x):
        with pytest.raises(TypeError, match="'x' by place and by name"):
            theano.function([x], x)([1], x=[2])

    def test_arguments_are_not_changed(self, x):
        given = np.array([1.0, 2.0])
        theano.function([x], (x + 1) * 2)(given)
        assert given.tolist() == [1, 2]

    def test_not_contiguous(self, x):
        assert theano.function([x], x + 1)(np.arange(6.0)[::-2]).tolist() == [6, 4, 2]


class TestWhatCannotBeCompiled:
    def test_a_missing_input(self, x):
        y = T.dscalar("y")
        with pytest.raises(MissingInputError, match=rf"'y' .*{HERE}\d+\) is needed"):
            theano.function([x], x * y)

    def test_a_missing_input_without_a_name(self):
        with pytest.raises(MissingInputError, match=rf"the variable made in {HERE}\d+ .*is needed"):
            theano.function([], T.dscalar() + 1)

    def test_an_input_twice(self, x):
        with pytest.raises(ValueError, match=r"'x' .*is twice among the inputs"):
            theano.function([x, x], x)

    def test_a_shared_input(self):
        w = theano.shared(1.0, "w")
        with pytest.raises(TypeError, match=r"'w' .*is shared.*use givens"):
            theano.function([w], w)

    @pytest.mark.parametrize("value", [1.0, "x"])
    def test_an_input_that_is_no_variable(self, x, value):
        with pytest.raises(TypeError, match=f"an input must be a symbolic variable, got {value!r}"):
            theano.function([value], x)

    def test_inputs_that_are_no_list(self, x):
        with pytest.raises(TypeError, match="the inputs of a function are a list, got x"):
            theano.function(x, x)

    def test_an_unknown_mode(self, x):
        with pytest.raises(ValueError, match=r"mode is one of FAST_RUN.*not 'FASTER'"):
            theano.function([x], x, mode="FASTER")

    def test_an_unknown_argument(self, x):
        with pytest.raises(TypeError, match="update"):
            theano.function([x], x, update=[])

    def test_a_replacement_twice(self, x):
        with pytest.raises(ValueError, match=rf"givens: 'x' .*{HERE}\d+\) is replaced twice"):
            theano.function([], x, givens=[(x, T.ones(3)), (x, T.zeros(3))])

    @pytest.mark.parametrize("value", [None, "one", [None]])
    def test_an_update_to_no_number(self, value):
        w = theano.shared(1.0, "w")
        with pytest.raises(
            TypeError, match=rf"'w' .*{HERE}\d+\) can't be updated to .*: the value (is|must)"
        ):
            theano.function([], updates=[(w, value)])

    @pytest.mark.parametrize("updates", [3, [1], "ab", {"a": 1}.keys()])
    def test_updates_that_are_no_pairs(self, x, updates):
        with pytest.raises(TypeError, match="updates are pairs or a dictionary, got"):
            theano.function([x], x, updates=updates)

    @pytest.mark.parametrize(("cost", "message"), [("cost", "got 'cost'"), (1.0, "got 1.0")])
    def test_a_cost_that_is_no_variable(self, x, cost, message):
        with pytest.raises(TypeError, match=f"the cost must be a symbolic scalar, {message}"):
            T.grad(cost, x)
        with pytest.raises(TypeError, match="grad needs a cost, or known_grads"):
            T.grad(None, x)

    def test_an_unconnected_gradient(self, x):
        with pytest.raises(DisconnectedInputError, match=rf"'y' .*{HERE}"):
            T.grad(x.sum(), T.dscalar("y"))

    def test_a_cost_that_is_no_scalar(self, x):
        with pytest.raises(TypeError, match=rf"scalar, got the result of .*{HERE}.*sum or mean"):
            T.grad(x * 2, x)


class TestWhatIsDeclared:
    @pytest.mark.parametrize("dtype", ["object", "complex64", "U3", "float65", "M8[s]"])
    def test_data_types(self, dtype):
        with pytest.raises(TypeError, match=r"floats, integers or bools, got "):
            T.TensorType(dtype, (False,))

    def test_broadcastable(self):
        with pytest.raises(TypeError, match="a bool for each axis, got False"):
            T.TensorType("float64", False)

    def test_names(self):
        with pytest.raises(TypeError, match="the name of a variable is a string, got 3"):
            T.matrix(3)

    def test_settings(self):
        with pytest.raises(AttributeError, match="no setting 'floatx'; did you mean 'floatX'"):
            theano.config.floatx = "float32"
        with pytest.raises(ValueError, match=r"config.floatX is .*not 'float16'"):
            theano.config.floatX = "float16"
        with pytest.raises(ValueError, match=r"config.mode is one of .*not 'FAST'"):
            theano.config.mode = "FAST"
        theano.config.exception_verbosity = "high"  # Theano's others have no effect.
        del theano.config.exception_verbosity

    def test_shared_rows(self):
        with pytest.raises(ValueError, match=rf"axis 0 of 'r' .*{HERE}\d+\).*the shape \(2, 3\)"):
            theano.shared(np.ones((2, 3)), "r", broadcastable=(True, False))
        with pytest.raises(ValueError, match=r"a bool for each axis, got \(True,\)"):
            theano.shared(np.ones((2, 3)), broadcastable=(True,))
        row = theano.shared(np.ones((1, 3)), "row", broadcastable=(True, False))
        row.set_value(np.ones((1, 4)))
        with pytest.raises(ValueError, match=r"axis 0 of 'row' .*the shape \(2, 4\)"):
            row.set_value(np.ones((2, 4)))
        assert row.get_value().shape == (1, 4)

    @pytest.mark.parametrize("index", [1.5, "a", None.__class__])
    def test_an_index_that_is_none(self, x, index):
        with pytest.raises(IndexError, match="must be of integers or bools, got"):
            x[index]
