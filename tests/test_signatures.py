"""What help, completion and ``inspect.signature`` show of classes and decorated functions."""

import inspect
import pydoc

import pytest

import nnkit
from nnkit.arguments import parameters
from nnkit.layers import Dense, Layer, Parallel, Residual, SpatialDropout1D
from nnkit.registry import Configurable

PACKAGES = [
    nnkit.activations,
    nnkit.callbacks,
    nnkit.config,
    nnkit.constraints,
    nnkit.datasets,
    nnkit.initializers,
    nnkit.layers,
    nnkit.losses,
    nnkit.metrics,
    nnkit.optimizers,
    nnkit.optimizers.schedules,
    nnkit.regularizers,
    nnkit.saving,
    nnkit.testing,
    nnkit.utils,
]
PUBLIC = {getattr(package, name) for package in PACKAGES for name in package.__all__}
PUBLIC |= {getattr(nnkit, name) for name in nnkit.__all__ if callable(getattr(nnkit, name))}
CALLABLE = sorted((c for c in PUBLIC if callable(c)), key=lambda c: (c.__module__, c.__name__))
CLASSES = [c for c in CALLABLE if inspect.isclass(c)]
# What takes any argument by name: hooks, what callbacks are told, and settings of Pillow.
OPEN = {
    nnkit.callbacks.CallbackList: ["params"],
    nnkit.callbacks.LambdaCallback: ["kwargs"],
    nnkit.utils.save_img: ["options"],
}
RECORDED = [c for c in CLASSES if issubclass(c, Configurable)]


@pytest.mark.parametrize("item", CALLABLE, ids=lambda item: item.__name__)
def test_every_argument_is_shown(item):
    """None hides behind ``*arguments`` or ``**options``, and help shows them."""
    shown = inspect.signature(item).parameters.values()
    hidden = [p.name for p in shown if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    assert hidden == OPEN.get(item, [])
    text = pydoc.render_doc(item, renderer=pydoc.plaintext)
    missing = [p.name for p in shown if f"{p.name}: " not in text and f"{p.name}=" not in text]
    assert missing == []


@pytest.mark.parametrize("cls", RECORDED, ids=lambda cls: cls.__name__)
def test_of_a_class(cls):
    """Names and defaults of its own, then of its bases; what is shown is what is taken."""
    shown = inspect.signature(cls).parameters
    assert set(shown) == parameters(cls)
    own = inspect.signature(cls.__init__).parameters.values()
    for p in own:
        if p.name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            assert shown[p.name] == p
    if issubclass(cls, Layer) and not issubclass(cls, (nnkit.Model, nnkit.layers.InputLayer)):
        theirs = inspect.signature(Layer).parameters
        assert {n: shown[n].default for n in theirs} == {n: p.default for n, p in theirs.items()}
    defaults = {p.name: p.default for p in shown.values()}
    if inspect.Parameter.empty not in defaults.values() and cls not in (
        nnkit.layers.InputLayer,
        nnkit.Model,
    ):
        cls(**defaults)


class Own(Dense):
    def __init__(self, depth, *, width=1, **options):
        super().__init__(**options)


class Through(Dense):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)


class After(Through):
    def __init__(self, depth=1, *arguments, **options):
        super().__init__(*arguments, **options)


class Inherited(Own):
    pass


class Replaced(Dense):
    def __init__(self, activation="relu", **options):
        super().__init__(4, activation, **options)

    settled = ("units",)


class Below(Replaced):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)


class Alone(Layer):
    def __init__(self):
        super().__init__()


class Many(Layer):
    def __init__(self, *names, **options):
        super().__init__(**options)


BY_NAME = ["name", "trainable", "dtype", "input_shape", "batch_size", "weights"]
OF_A_LAYER = [*BY_NAME[:4], "activity_regularizer", *BY_NAME[4:]]
OF_DENSE = list(inspect.signature(Dense).parameters)
BY_POSITION = OF_DENSE[: -len(BY_NAME)]


@pytest.mark.parametrize(
    ("cls", "by_position", "by_name"),
    [
        (Dense, BY_POSITION, BY_NAME),
        (Own, ["depth"], ["width", *OF_DENSE]),
        (Inherited, ["depth"], ["width", *OF_DENSE]),
        (Through, BY_POSITION, BY_NAME),
        (After, ["depth"], OF_DENSE),
        (Replaced, ["activation"], [n for n in OF_DENSE if n not in ("units", "activation")]),
        (Below, ["activation"], [n for n in OF_DENSE if n not in ("units", "activation")]),
        (Alone, [], []),
        (Many, ["names"], OF_A_LAYER),
        (Residual, ["layers", "shortcut", "activation"], ["axis", *OF_A_LAYER]),
    ],
)
def test_of_your_own(cls, by_position, by_name):
    shown = inspect.signature(cls).parameters.values()
    assert [p.name for p in shown if p.kind is not p.KEYWORD_ONLY] == by_position
    assert [p.name for p in shown if p.kind is p.KEYWORD_ONLY] == by_name


def test_of_an_object():
    """It is what its call takes."""
    shown = inspect.signature(nnkit.losses.MeanSquaredError())
    assert list(shown.parameters) == ["y_true", "y_pred", "sample_weight"]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Residual([Dense(1)], merge="add"), "merge"),
        (lambda: SpatialDropout1D(0.1, noise_shape=(1,)), "noise_shape"),
        (lambda: Parallel([[Dense(1)]], mergee="add"), "mergee"),
    ],
)
def test_what_is_not_shown_is_refused(make, name):
    with pytest.raises(TypeError, match=rf"has no argument '{name}'.* It takes: "):
        make()


def test_of_kernels():
    """A kernel's are those of its function, the decorator's those of a kernel."""

    @nnkit.kernel(outputs=["y"])
    def twice(x, y):
        y[:] = 2 * x

    assert list(inspect.signature(twice).parameters) == ["x", "y"]
    assert list(inspect.signature(nnkit.launch.tanh).parameters) == ["x", "y"]
    assert list(inspect.signature(nnkit.kernel).parameters)[:2] == ["outputs", "updates"]
