"""Products by cuBLASLt, with NumPy behind the same functions; nothing here needs a GPU."""

import ctypes
import itertools
from unittest import mock

import numpy as np
import pytest

import nnkit
from nnkit.engine.cuda import blas
from nnkit.engine.cuda.products import ProductCall, fuse_products
from nnkit.engine.dispatch import empty, launch, recording
from nnkit.engine.tape import Call, Tape
from nnkit.errors import DeviceError
from nnkit.layers import Dense, Softmax
from tests.kernels.test_dense import LAYOUTS, part_of_columns, transposed
from tests.reference import cublaslt
from tests.reference import dense as reference

SIZES = [(1, 1, 1), (1, 7, 5), (5, 1, 7), (7, 5, 1), (1, 1, 9), (3, 17, 10)]
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
WORKSPACE, STREAM = 0x7000, 0x51


@pytest.fixture
def library():
    return cublaslt.Library()


@pytest.fixture
def lt(library):
    return blas.Lt(library)


def address(array):
    return array.__array_interface__["data"][0]


def multiply(lt, a, b, epilogue="none", extra=None, precision="float32"):
    """C = A B through a Product, or None if there is no algorithm; 1 is what it may add to."""
    before = 1 if epilogue == "add" else np.nan
    c = np.full((a.shape[0], b.shape[1]), before, a.dtype)
    product = blas.Product(lt, a, b, epilogue, precision)
    addresses = address(a), address(b), address(c), 0 if extra is None else address(extra)
    if not product.plan(*addresses):
        return None
    product.run(*addresses, WORKSPACE, STREAM)
    return c


# -------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("m", "k", "n"), SIZES)
def test_every_layout_and_epilogue(m, k, n, dtype, lt, rng):
    a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
    want = reference.matmul(a.astype(float), b.astype(float))
    near = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    for lay_a, lay_b in itertools.product(LAYOUTS, LAYOUTS):
        x, y, bias = lay_a(a), lay_b(b), rng.normal(size=n).astype(dtype)
        np.testing.assert_allclose(multiply(lt, x, y), want, **near)
        np.testing.assert_allclose(multiply(lt, x, y, "add"), 1 + want, **near)
        c = multiply(lt, x, y, "bias", bias)
        np.testing.assert_allclose(c, want + bias, **near)
        total = np.full(n, np.nan, dtype)
        c = multiply(lt, x, y, "sum_rows", total)
        if c is None:  # It can't add up the rows of what it must read transposed.
            assert lay_b in (transposed, part_of_columns)
            continue
        np.testing.assert_allclose(c, want, **near)
        np.testing.assert_allclose(total, b.astype(float).sum(axis=0), **near)


def test_parameters_of_a_dense_layer():
    x, w, dz = np.empty((32, 784)), np.empty((784, 128)), np.empty((32, 128))
    layouts = (128, 784, 128), (784, 32, 784), (128, 32, 128)
    assert blas.parameters(x, w, "bias") == (False, False, layouts, cublaslt.BIAS)
    layouts = (128, 32, 128), (784, 32, 784), (128, 784, 128)
    assert blas.parameters(x.T, dz, "sum_rows") == (False, True, layouts, cublaslt.BGRADA)
    layouts = (128, 784, 128), (128, 32, 128), (784, 32, 784)
    assert blas.parameters(dz, w.T) == (True, False, layouts, cublaslt.DEFAULT)


def test_the_leading_dimension_is_that_of_the_wider_array():
    a, b = np.empty((4, 9))[:, 2:5], np.empty((3, 2))
    assert blas.parameters(a, b).layouts[1][2] == 9
    assert blas.parameters(b.T, a.T).layouts[0][2] == 9


@pytest.mark.parametrize(
    "a", [np.empty((4, 6))[:, ::2], np.empty((4, 3))[::-1], np.broadcast_to(np.empty(3), (4, 3))]
)
def test_strides_that_it_has_no_words_for(a, lt):
    b = np.empty((3, 4))
    assert blas.parameters(a, b) is None
    assert blas.parameters(b.T, a.T) is None
    assert multiply(lt, a, b) is None


# ------------------------------------------------------------------------------- the library


def test_order_of_calls(library):
    lt = blas.Lt(library)
    a, b = np.ones((2, 3), np.float32), np.ones((3, 4), np.float32)
    bias = np.zeros(4, np.float32)
    multiply(lt, a, b, "bias", bias)
    describe = "MatmulDescSetAttribute"
    made = ["Create", "MatmulDescCreate", *[describe] * 3, *["MatrixLayoutCreate"] * 3]
    prefer = ["MatmulPreferenceCreate", *["MatmulPreferenceSetAttribute"] * 6]
    # The address of the bias comes before the question, because its alignment matters.
    planned = [describe, "MatmulAlgoGetHeuristic", "MatmulPreferenceDestroy"]
    run = [describe, "Matmul"]
    destroyed = ["MatmulDescDestroy", *["MatrixLayoutDestroy"] * 3]
    assert library.calls[: -len(destroyed)] == [*made, *prefer, *planned, *run]
    assert sorted(library.calls[-len(destroyed) :]) == destroyed
    assert (library.workspace, library.stream) == (WORKSPACE, STREAM)
    assert [o["kind"] for o in library.alive.values()] == [""]
    del lt
    assert not library.alive


@pytest.mark.parametrize(
    ("dtype", "precision", "compute"),
    [("float32", "float32", 68), ("float32", "tf32", 77), ("float64", "tf32", 70)],
)
def test_precision(dtype, precision, compute, library):
    a = np.ones((2, 2), dtype)
    product = blas.Product(blas.Lt(library), a, a, precision=precision)
    (operation,) = (o for o in library.alive.values() if o["kind"] == "MatmulDesc")
    assert operation["arguments"] == (compute, cublaslt_type(dtype))
    assert product.parameters.epilogue == cublaslt.DEFAULT


def cublaslt_type(dtype):
    return next(kind for kind, known in cublaslt.TYPES.items() if known == np.dtype(dtype))


def test_what_the_heuristic_is_told(lt, library):
    a = np.ones((2, 2), np.float32)
    product = blas.Product(lt, a, a, "bias")
    assert product.plan(0x1008, 0x2000, 0x3010, 0x4004)
    assert {key: library.preference[key] for key in (1, 3, 5, 6, 7, 8)} == {
        1: blas.WORKSPACE,
        3: 6,  # Not in place: the order of a sum might change.
        5: 256,  # Its first operand is our second.
        6: 8,
        7: 16,
        8: 16,
    }


def test_it_is_asked_again_only_if_the_alignment_changed(lt, library):
    a = np.ones((2, 2), np.float32)
    product = blas.Product(lt, a, a)
    for base in (0x1000, 0x2000, 0x3010, 0x4010, 0x5000):
        assert product.plan(base, base, base)
    assert library.calls.count("MatmulAlgoGetHeuristic") == 3


@pytest.mark.parametrize("status", [cublaslt.NOT_SUPPORTED, cublaslt.SUCCESS])
def test_no_algorithm(status):
    lt = blas.Lt(cublaslt.Library([cublaslt.DEFAULT], none_found=status))
    a = np.ones((2, 2), np.float32)
    assert multiply(lt, a, a, "sum_rows", np.empty(2, np.float32)) is None
    np.testing.assert_array_equal(multiply(lt, a, a), [[2, 2], [2, 2]])


@pytest.mark.parametrize(
    ("function", "status", "name"),
    [
        ("Create", 1, "CUBLAS_STATUS_NOT_INITIALIZED"),
        ("MatrixLayoutCreate", 3, "CUBLAS_STATUS_ALLOC_FAILED"),
        ("MatmulAlgoGetHeuristic", 7, "CUBLAS_STATUS_INVALID_VALUE"),
        ("Matmul", 13, "CUBLAS_STATUS_EXECUTION_FAILED"),
        ("Matmul", 15, "CUBLAS_STATUS_NOT_SUPPORTED"),
        ("Matmul", 99, "unknown"),
    ],
)
def test_errors_have_names(function, status, name, library):
    library.fails[function] = status
    a = np.ones((2, 2), np.float32)
    with pytest.raises(DeviceError, match=rf"^cublasLt{function} failed: {name} \({status}\)$"):
        multiply(blas.Lt(library), a, a)


def test_the_version(lt):
    assert lt.version == "13.1.1"


class Shared:
    """A library as ctypes opens it: functions that do nothing but succeed."""

    def __getattr__(self, name):
        setattr(self, name, mock.Mock(return_value=120304 if name.endswith("Version") else 0))
        return getattr(self, name)


@pytest.fixture
def found(monkeypatch):
    """Let cuda-pathfinder find a library, or raise an error."""
    pathfinder = pytest.importorskip("cuda.pathfinder", reason="cuda-pathfinder is not installed")

    def found(**outcome):
        find = mock.Mock(**outcome)
        monkeypatch.setattr(pathfinder, "load_nvidia_dynamic_lib", find)
        return find

    return found


def test_a_library_is_opened(found, monkeypatch):
    shared, find = Shared(), found(return_value=mock.Mock(abs_path="lib/cublasLt.so"))
    monkeypatch.setattr(ctypes, "CDLL", {"lib/cublasLt.so": shared}.__getitem__)
    lt = blas.Lt.open()
    find.assert_called_once_with("cublasLt")
    assert lt.version == "12.3.4"
    assert len(shared.cublasLtMatmul.argtypes) == 16
    assert shared.cublasLtGetVersion.restype is ctypes.c_size_t
    assert shared.cublasLtGetStatusName.restype is ctypes.c_char_p


def test_a_machine_without_it(found):
    found(side_effect=RuntimeError("not found"))
    assert blas.Lt.open() is None
    found(return_value=mock.Mock(abs_path="nowhere.so"))
    assert blas.Lt.open() is None


# ------------------------------------------------------------------------ products on a tape


@pytest.fixture
def training(monkeypatch):
    """The recorded step of a small model: Dense, ReLU, Dense without a bias, Dense, softmax."""
    tapes = []

    def tape(bound):
        tapes.append(Tape(bound))
        return tapes[-1]

    monkeypatch.setattr("nnkit.engine.step.Tape", tape)
    monkeypatch.setattr(Tape, "release", lambda self: None)  # The arrays are looked at here.
    nnkit.utils.set_random_seed(0)
    layers = [Dense(5, activation="relu"), Dense(4, use_bias=False), Dense(3), Softmax()]
    model = nnkit.Sequential([nnkit.Input((4,)), *layers])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    model.fit(np.eye(4, dtype="float32"), np.array([0, 1, 2, 0]), batch_size=2, verbose=0)
    return tapes[0]


def lasts(tape):
    return lambda reference: tape.places[reference.place].kind == "lasting"


def test_the_products_of_a_training_step(training):
    calls = fuse_products(training.entries, lasts(training))
    products = [(c.name, c.epilogue) for c in calls if isinstance(c, ProductCall)]
    dx, dw = ("matmul", "none"), ("matmul + sum_rows", "sum_rows")
    forward = [("matmul_bias", "bias"), ("matmul", "none"), ("matmul_bias", "bias")]
    assert products == [*forward, dw, dx, ("matmul", "none"), dx, dw]
    flat = [k for c in calls for k in (c.calls if isinstance(c, ProductCall) else [c])]
    assert flat == training.entries


def test_products_compute_what_their_calls_do(training, lt):
    for call in fuse_products(training.entries, lasts(training)):
        if not isinstance(call, ProductCall):
            continue
        written = [training.array(call.c)]
        if call.epilogue == "sum_rows":
            written.append(training.array(call.extra))
        before = [array.copy() for array in written]
        for separate in call.calls:
            separate.kernel(*training.arguments(separate))
        want = [array.copy() for array in written]
        for array, old in zip(written, before, strict=True):
            array[...] = np.nan if call.epilogue == "sum_rows" else old
        a, b, c = (training.array(reference) for reference in (call.a, call.b, call.c))
        extra = None if call.extra is None else training.array(call.extra)
        c[...] = multiply(lt, a, b, call.epilogue, extra)
        for array, expected in zip(written, want, strict=True):
            np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-6)


def test_a_product_knows_its_owner_and_its_vector(training):
    products = [
        c for c in fuse_products(training.entries, lasts(training)) if isinstance(c, ProductCall)
    ]
    forward, backward = products[0], products[3]
    assert (forward.owner.name, backward.owner.name) == ("dense", "dense_2")
    assert forward.extra == forward.calls[0].arguments[2]
    assert backward.extra == backward.calls[1].arguments[2]
    assert products[1].extra is None


def test_apart(training):
    calls = fuse_products(training.entries, lasts(training))
    fused = next(c for c in calls if isinstance(c, ProductCall) and c.epilogue == "sum_rows")
    product, sums = fused.apart()
    assert (product.epilogue, product.calls) == ("none", fused.calls[:1])
    assert sums is fused.calls[1]


def sums_rows_of_half(x, dz):
    launch.matmul(x.T, dz, np.empty((4, 6), np.float32))
    launch.sum_rows(dz, 3, np.empty(3, np.float32))


def sums_rows_of_another(x, dz):
    launch.matmul(x.T, dz, np.empty((4, 6), np.float32))
    launch.sum_rows(dz.copy(), 0, np.empty(6, np.float32))


def sums_rows_later(x, dz):
    launch.matmul(x.T, dz, np.empty((4, 6), np.float32))
    launch.scale(dz, 2.0, np.empty_like(dz))
    launch.sum_rows(dz, 0, np.empty(6, np.float32))


def sums_into_the_arena(x, dz):
    launch.matmul(x.T, dz, np.empty((4, 6), np.float32))
    launch.sum_rows(dz, 0, empty((6,), np.float32))


def adds_a_bias(x, dz):
    launch.matmul_bias(x.T, dz, np.zeros(6, np.float32), np.empty((4, 6), np.float32))
    launch.sum_rows(dz, 0, np.empty(6, np.float32))


@pytest.mark.parametrize(
    "work",
    [sums_rows_of_half, sums_rows_of_another, sums_rows_later, sums_into_the_arena, adds_a_bias],
)
def test_what_is_not_fused(work):
    x, dz = np.ones((3, 4), np.float32), np.ones((3, 6), np.float32)
    with recording(Tape({})) as tape:
        work(x, dz)
    calls = fuse_products(tape.entries, lasts(tape))
    assert len(calls) == len(tape.entries)


def test_types_that_cublas_does_not_multiply():
    a, c = np.ones((2, 2), np.float32), np.empty((2, 2))
    call = Call(launch.matmul, (a, a, c), None)
    assert fuse_products([call], lambda _: True) == [call]
