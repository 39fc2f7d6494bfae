"""The door to kernels: near misses are named, broken calls refused before they run."""

import numpy as np
import pytest

import nnkit
from nnkit.engine.dispatch import empty, launch, recording
from nnkit.engine.tape import Tape

X = np.ones((2, 3), np.float32)


def test_unknown_kernel_names_the_nearest():
    with pytest.raises(AttributeError, match="no kernel 'tahn'; did you mean 'tanh'"):
        launch.tahn(X, X.copy())


def test_wrong_number_of_arguments():
    with pytest.raises(TypeError, match=r"tanh takes 2 arguments \(x, y\), got 1"):
        launch.tanh(X)


def test_output_must_be_an_array():
    with pytest.raises(TypeError, match="'y' is written, so it must be an array"):
        launch.tanh(X, 3)


def test_read_only_output():
    y = X.copy()
    y.flags.writeable = False
    with pytest.raises(ValueError, match="'y' is read-only"):
        launch.tanh(X, y)


def test_output_that_shares_memory_with_an_input():
    y = X.copy()
    with pytest.raises(ValueError, match="'y' shares memory with 'x'"):
        launch.tanh(y, y)


def test_different_shapes():
    with pytest.raises(ValueError, match=r"must have equal rows, but are x \(2, 3\), y \(3, 2\)"):
        launch.tanh(X, np.empty((3, 2), np.float32))


def test_array_that_is_not_contiguous():
    with pytest.raises(ValueError, match=r"'x' of shape .* is not C-contiguous"):
        launch.tanh(X.T, np.empty((3, 2), np.float32))


@pytest.mark.parametrize("dtype", [">f4", "f2", "O", "M8[s]"])
def test_array_that_machine_code_would_misread(dtype):
    with pytest.raises(TypeError, match=r"kernel tanh: 'x' is of data type .* byte order"):
        launch.tanh(np.zeros((2, 3), dtype), np.empty((2, 3), np.float32))


def test_kernel_that_does_not_compile_for_its_operands():
    @nnkit.kernel(outputs=["y"])
    def halves(x, y):
        for i in range(x.size):
            y[i, i] = x[i] / 2

    with pytest.raises(
        TypeError, match=r"kernel halves can't be compiled for x f4\[1\], y f4\[1\] \("
    ):
        halves(X[0], np.empty(3, np.float32))


def test_argument_that_is_no_number():
    with pytest.raises(TypeError, match="takes arrays, ints and floats, not str"):
        launch.scale(X, "2", X.copy())


def test_kernel_that_declares_an_unknown_parameter():
    with pytest.raises(ValueError, match="declares 'z', but its parameters are x, y"):

        @nnkit.kernel(outputs=["z"])
        def broken(x, y):
            y[0] = x[0]


def test_kernel_has_a_readable_repr():
    assert repr(launch.tanh) == "<kernel tanh(x, y)>"


def test_recording_ends_with_its_block_also_after_an_error():
    tape = Tape({})

    def fail():
        with recording(tape):
            launch.tanh(X, empty(X.shape, "float32"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    launch.tanh(X, X.copy())
    assert len(tape.entries) == 1
