"""Arrays that another library has put on the device go in without a copy, and results come out."""

import numpy as np
import pytest

import nnkit
from nnkit.engine.cuda.options import options
from nnkit.errors import DeviceError
from tests.cuda.test_training import X, Y, model


class Foreign:
    """What CuPy, torch and JAX show of an array; here it lies in host memory."""

    def __init__(self, array, **changed):
        self.array = array
        self.__cuda_array_interface__ = {
            "shape": array.shape,
            "typestr": array.dtype.str,
            "data": (array.ctypes.data, False),
            "strides": None if array.flags.c_contiguous else array.strides,
            "version": 3,
            **changed,
        }


def test_data_goes_in_without_a_copy(gpu):
    plain, foreign = model(), model()
    histories = [plain.fit(X, Y, 8, 2, 0, validation_split=0.2).history]
    results = [plain.evaluate(X, Y, 8, 0), plain.predict(X), plain.predict(X, 8)]
    gpu.log.clear()
    x, y = Foreign(X), Foreign(Y)
    histories.append(foreign.fit(x, y, 8, 2, 0, validation_split=0.2).history)
    results += [foreign.evaluate(x, y, 8, 0), foreign.predict(x), foreign.predict(x, 8)]
    assert histories[0] == histories[1]
    for mine, theirs in zip(results[:3], results[3:], strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_numbers_of_rows_are_checked_where_they_lie(gpu):
    embedding = nnkit.layers.Embedding(9, 2)
    table = nnkit.Sequential([nnkit.Input((4,)), embedding])
    x = np.arange(8, dtype=np.int32).reshape(2, 4)
    np.testing.assert_array_equal(table.predict(Foreign(x)), embedding.embeddings.value[x])
    with pytest.raises(ValueError, match="x contains 9"):
        table.predict(Foreign(x + 2))


def test_predictions_may_stay_on_the_device(gpu, use):
    trained = model()
    out = trained.predict(X, 8, to_host=False)
    interface = out.__cuda_array_interface__
    assert interface["shape"] == (53, 3)
    assert interface["typestr"] == "<f4"
    want = trained.predict(X, 8)
    np.testing.assert_array_equal(out.numpy(), want)
    np.testing.assert_array_equal(trained.predict(X[:5], to_host=False).numpy(), want[:5])
    assert repr(out) == "<DeviceArray shape=(53, 3) dtype=float32 on cuda:0>"
    use("cpu")
    np.testing.assert_array_equal(trained.predict(X[:5], to_host=False), want[:5])


def test_an_array_of_another_device_is_refused(gpu, monkeypatch):
    monkeypatch.setattr(gpu, "device_of", lambda address: 1)
    with pytest.raises(ValueError, match=r"x lies on cuda:1, but the device in use is cuda:0"):
        model().fit(Foreign(X), Y, 8, 1, 0)


def test_an_array_on_a_gpu_is_refused_by_the_cpu():
    with pytest.raises(TypeError, match=r"x is a Foreign on a GPU, but the device in use is the"):
        model().fit(Foreign(X), Y, 8, 1, 0)


def test_dlpack_tells_where_an_array_lies():
    class Capsule:
        def __dlpack_device__(self):
            return 2, 0

    with pytest.raises(TypeError, match=r"x is a Capsule on a GPU"):
        model().predict(Capsule())


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (X[::2], "x is not C-contiguous"),
        (X.astype(np.float16), "x must hold float32, float64, integers or bools, got float16"),
        (X.astype(np.complex64), "got complex64"),
    ],
)
def test_what_kernels_do_not_read_is_refused(array, message, gpu):
    with pytest.raises((TypeError, ValueError), match=message):
        model().fit(Foreign(array), Y[: len(array)], 8, 1, 0)


def test_data_of_others_is_not_streamed(gpu):
    options.data_limit = 10
    with pytest.raises(DeviceError, match=r"x lies on cuda:0, where the rest of the data"):
        model().fit(Foreign(X), Y, 8, 1, 0)


def test_what_made_the_array_is_waited_for(gpu, monkeypatch):
    waited = []
    monkeypatch.setattr(gpu, "wait_for_stream", waited.append)
    model().predict(Foreign(X, stream=7))
    assert waited == [7]


def test_labels_are_checked(gpu):
    with pytest.raises(ValueError, match="label"):
        model().fit(Foreign(X), Foreign(Y + 7), 8, 1, 0)


def test_numerics_are_explained(gpu):
    trained = model(optimizer=nnkit.optimizers.SGD(1e38))
    with pytest.raises(FloatingPointError, match="first not finite"):
        trained.fit(Foreign(X), Y, 8, 3, 0, check_numerics=True)
