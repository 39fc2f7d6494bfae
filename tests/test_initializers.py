import json
import math

import numpy as np
import pytest

import nnkit
from nnkit import initializers
from nnkit.utils import set_random_seed

SHAPE = (300, 200)
RANDOM = [
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "variance_scaling",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "orthogonal",
]


@pytest.fixture(autouse=True)
def repeatable():
    python_state = np.random.get_state()
    set_random_seed(1)
    yield
    np.random.set_state(python_state)


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / 500),
        ("glorot_normal", 2 / 500),
        ("he_uniform", 2 / 300),
        ("he_normal", 2 / 300),
        ("lecun_uniform", 1 / 300),
        ("lecun_normal", 1 / 300),
        ("random_normal", 0.05**2),
        ("random_uniform", 0.1**2 / 12),
        ("truncated_normal", (0.05 * 0.87962566103423978) ** 2),
        ("orthogonal", 1 / 300),
    ],
)
def test_mean_and_variance(name, variance):
    values = initializers.get(name)(SHAPE, "float64")
    assert abs(values.mean()) < 5 * math.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=0.05)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("glorot_uniform", math.sqrt(6 / 500)),
        ("he_uniform", math.sqrt(6 / 300)),
        ("lecun_uniform", math.sqrt(3 / 300)),
        ("random_uniform", 0.05),
        ("truncated_normal", 0.1),
        ("glorot_normal", 2 * math.sqrt(2 / 500) / 0.87962566103423978),
    ],
)
def test_bounds(name, limit):
    values = np.abs(initializers.get(name)(SHAPE, "float64"))
    assert 0.99 * limit < values.max() <= limit


@pytest.mark.parametrize(("mode", "n"), [("fan_in", 300), ("fan_out", 200), ("fan_avg", 250)])
@pytest.mark.parametrize(
    "distribution", ["uniform", "normal", "truncated_normal", "untruncated_normal"]
)
def test_variance_scaling(mode, n, distribution):
    values = initializers.VarianceScaling(3.0, mode, distribution)(SHAPE, "float64")
    assert values.var() == pytest.approx(3 / n, rel=0.05)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((), (1, 1)), ((5,), (5, 5)), ((3, 7), (3, 7)), ((2, 3, 5, 7), (30, 42))],
)
def test_fans(shape, expected):
    assert initializers.fans(shape) == expected


@pytest.mark.parametrize(
    ("cls", "variance"),
    [
        (initializers.GlorotUniform, 2 / (30 + 200)),
        (initializers.GlorotNormal, 2 / (30 + 200)),
        (initializers.HeUniform, 2 / 30),
        (initializers.HeNormal, 2 / 30),
        (initializers.LecunUniform, 1 / 30),
        (initializers.LecunNormal, 1 / 30),
    ],
)
def test_axes_of_a_units_inputs_and_outputs(cls, variance):
    """Of (inputs, heads, size), say."""
    made = cls(input_axes=[0], output_axes=(1, -1))
    assert made((30, 20, 10), "float64").var() == pytest.approx(variance, rel=0.05)
    again = cls.from_config(json.loads(json.dumps(made.get_config())))
    assert (again.input_axes, again.output_axes) == ([0], [1, -1])
    assert list(cls().get_config()) == ["seed"]
    with pytest.raises(ValueError, match=r"a weight of shape \(3,\) has no axis 1"):
        made((3,))


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (2, 3, 4)])
def test_orthogonal(shape):
    q = initializers.Orthogonal(gain=2.0)(shape, "float64").reshape(-1, shape[-1])
    product = q.T @ q if len(q) >= shape[-1] else q @ q.T
    np.testing.assert_allclose(product, 4 * np.eye(min(q.shape)), atol=1e-12)


def test_fixed_values():
    np.testing.assert_array_equal(initializers.Zeros()((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(initializers.Ones()((2, 3)), np.ones((2, 3)))
    np.testing.assert_array_equal(initializers.Constant(0.5)((2,)), [0.5, 0.5])
    np.testing.assert_array_equal(initializers.Identity(2)((2, 3)), 2 * np.eye(2, 3))


@pytest.mark.parametrize("name", [*RANDOM, "zeros", "ones", "constant", "identity"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_and_dtype(name, dtype):
    values = initializers.get(name)((4, 3), dtype)
    assert (values.shape, values.dtype) == ((4, 3), dtype)
    assert values.flags.c_contiguous or name == "orthogonal"


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    cls = type(initializers.get(name))
    seeded = cls(seed=7)
    np.testing.assert_array_equal(seeded((4, 3)), seeded((4, 3)))
    np.testing.assert_array_equal(seeded((4, 3)), seeded((4, 3), "float64").astype("float32"))
    assert not np.array_equal(seeded((4, 3)), cls(seed=8)((4, 3)))
    free = cls()
    set_random_seed(3)
    first = free((4, 3))
    assert not np.array_equal(first, free((4, 3)))
    set_random_seed(3)
    np.testing.assert_array_equal(first, free((4, 3)))


@pytest.mark.parametrize("name", [*RANDOM, "zeros", "ones", "constant", "identity"])
def test_config_goes_through_json(name):
    initializer = initializers.get(name)
    config = json.loads(json.dumps(initializer.get_config()))
    again = initializers.get({"class_name": type(initializer).__name__, "config": config})
    assert type(again) is type(initializer)
    assert again.get_config() == config


@pytest.mark.parametrize(
    ("alias", "name"),
    [("uniform", "RandomUniform"), ("normal", "RandomNormal"), ("one", "Ones"), ("zero", "Zeros")],
)
def test_aliases(alias, name):
    assert type(initializers.get(alias)).__name__ == name


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initializers.get("glorot_unifrom"), "did you mean 'glorot_uniform'"),
        (
            lambda: initializers.Constant("a"),
            "Constant: value must be an array of numbers, got str 'a'",
        ),
        (lambda: initializers.RandomNormal(stddev=-1), r"stddev must be a number in \[0, inf\)"),
        (lambda: initializers.RandomUniform(1.0, 0.0), "minval 1.0 is greater than maxval 0.0"),
        (lambda: initializers.VarianceScaling(mode="fan"), "mode must be one of fan_in, fan_out"),
        (lambda: initializers.VarianceScaling(distribution="n"), "distribution must be one of"),
        (lambda: initializers.HeNormal(seed=-1), "seed must be a whole number from 0"),
        (lambda: initializers.HeNormal(input_axes=[0]), "HeNormal: give both input_axes and"),
        (lambda: initializers.HeNormal(None, 0, 1), "HeNormal: input_axes must be a list"),
        (lambda: initializers.HeNormal(None, [0.5], [1]), "input_axes must be a whole number"),
        (lambda: initializers.Identity()((3,)), "Identity makes matrices"),
        (lambda: initializers.Orthogonal()((3,)), "two axes or more"),
    ],
)
def test_errors(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def ramp(shape, dtype=None):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


class TestFunctions:
    """``init(shape, dtype=None)``, as Keras takes one."""

    def test_as_an_initializer(self):
        layer = nnkit.layers.Dense(2, kernel_initializer=ramp, dtype="float64")
        layer.build((None, 3))
        assert layer.kernel.numpy().tolist() == [[0, 1], [2, 3], [4, 5]]
        assert layer.kernel.dtype == "float64"
        short = nnkit.layers.Dense(2, bias_initializer=lambda shape: np.full(shape, 7))
        short.build((None, 3))
        assert short.bias.numpy().tolist() == [7, 7]

    def test_with_what_draws(self):
        def drawn(shape, dtype=None):
            return nnkit.backend.random_normal(shape, dtype=dtype)

        layer = nnkit.layers.Dense(50, kernel_initializer=drawn)
        layer.build((None, 50))
        assert layer.kernel.numpy().std() == pytest.approx(1, abs=0.1)

    def test_in_a_file(self, tmp_path):
        def model(function):
            return nnkit.Sequential(
                [nnkit.Input((3,)), nnkit.layers.Dense(2, kernel_initializer=function)]
            )

        with pytest.raises(ValueError, match=r"kernel_initializer is .* a file can't hold"):
            model(ramp).save(tmp_path / "model.h5")
        registered = model(nnkit.saving.register(ramp))
        registered.save(tmp_path / "model.h5")
        loaded = nnkit.load_model(tmp_path / "model.h5")
        assert loaded.layers[0].kernel_initializer.function is ramp
        np.testing.assert_array_equal(loaded.get_weights()[0], registered.get_weights()[0])

    def test_wrong_shapes(self):
        layer = nnkit.layers.Dense(2, kernel_initializer=lambda shape: np.zeros(3))
        with pytest.raises(ValueError, match=r"must give an array of shape \(3, 2\) .* got \(3,\)"):
            layer.build((None, 3))


class TestConstantsThatAreArrays:
    """An embedding's matrix, as scripts give it."""

    def test_values_and_configuration(self):
        matrix = np.arange(6.0).reshape(3, 2)
        made = initializers.Constant(matrix)
        np.testing.assert_array_equal(made((3, 2)), matrix)
        assert made((3, 2)).dtype == np.float32
        np.testing.assert_array_equal(initializers.Constant([1, 2])((3, 2)), [[1, 2]] * 3)
        again = initializers.deserialize(initializers.serialize(made))
        np.testing.assert_array_equal(again((3, 2)), matrix)
        with pytest.raises(
            ValueError, match=r"values of shape \(3, 2\) for a weight of shape \(2,"
        ):
            made((2, 2))

    def test_in_a_model(self, tmp_path):
        matrix = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
        layer = nnkit.layers.Embedding(
            5, 3, embeddings_initializer=initializers.Constant(matrix), trainable=False
        )
        model = nnkit.Sequential([nnkit.Input((2,)), layer])
        np.testing.assert_array_equal(model.predict([[0, 4]])[0], matrix[[0, 4]])
        model.save(tmp_path / "model.h5")
        loaded = nnkit.load_model(tmp_path / "model.h5")
        np.testing.assert_array_equal(loaded.predict([[0, 4]])[0], matrix[[0, 4]])


@pytest.mark.parametrize(
    ("module", "made"),
    [
        (nnkit.initializers, "he_normal"),
        (nnkit.regularizers, nnkit.regularizers.L1L2(0.1, 0.2)),
        (nnkit.constraints, "max_norm"),
        (nnkit.layers, nnkit.layers.Dense(3, "relu")),
        (nnkit.losses, nnkit.losses.BinaryCrossentropy(from_logits=True)),
        (nnkit.metrics, "mse"),
        (nnkit.optimizers, nnkit.optimizers.Adam(0.1)),
    ],
)
def test_descriptions_make_the_same(module, made):
    described = module.serialize(made)
    again = module.deserialize(json.loads(json.dumps(described)))
    assert module.serialize(again) == described
    assert module.serialize(None) is None


def test_descriptions_of_functions():
    def unknown(y_true, y_pred):
        return nnkit.ops.mean(y_pred - y_true)

    with pytest.raises(ValueError, match=r"unknown .* registered: put @nnkit\.saving\.register"):
        nnkit.losses.serialize(unknown)
    made = nnkit.losses.deserialize("unknown", custom_objects={"unknown": unknown})
    assert made.function is unknown
    with pytest.raises(TypeError, match="initializer: expected an object"):
        initializers.deserialize(3)
