"""Models of two inputs and two outputs: the engine for GPUs against the engine for the CPU."""

import numpy as np
import pytest

import nnkit
from nnkit import Input, Model, ops
from nnkit.engine.cuda.options import options
from nnkit.errors import DeviceError
from nnkit.layers import (
    LSTM,
    Add,
    Attention,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePooling1D,
    Layer,
    Rescaling,
)
from nnkit.testing import flat
from tests.cuda.test_arrays import Foreign
from tests.cuda.test_training import NumpyScale, X, Y

ROWS = len(X)
WORDS = np.random.default_rng(2).integers(0, 9, (ROWS, 4)).astype(np.int32)
WORDS[:, 3] = 0
SIZE = np.random.default_rng(3).normal(size=(ROWS, 1)).astype(np.float32)
WEIGHT = (np.arange(ROWS) % 3).astype(np.float32)


class NumpyDifference(Layer):
    """A layer of two inputs and two outputs in NumPy: a - b and a b."""

    def compute_output_shape(self, input_shape):
        return [input_shape[0], input_shape[0]]

    def forward(self, x, training=False):
        self.a, self.b = x
        return [self.a - self.b, self.a * self.b]

    def backward(self, dy):
        difference, product = dy
        return [difference + product * self.b, product * self.a - difference]


class Gate(Layer):
    """An expression of two inputs, with a weight."""

    def build(self, input_shape):
        self.slope = self.add_weight("slope", input_shape[0][1:], "ones")

    def call(self, inputs):
        a, b = inputs
        return a * ops.sigmoid(self.slope * b)


class Block(Layer):
    """A layer that is made of layers, and adds to the loss."""

    def build(self, input_shape):
        self.dense = Dense(5, "tanh")
        self.drop = Dropout(0.3)

    def call(self, x, training=False):
        y = self.drop(self.dense(x))
        self.add_loss(0.01 * ops.mean(y * y))
        return x + y


def ends(image, words):
    """The middle of most of these models: one vector of each input, of one length."""
    vectors = Embedding(9, 4)(words)
    return Dense(5, "tanh")(Rescaling(1 / 255)(image)), Dense(5)(GlobalAveragePooling1D()(vectors))


def joined(image, words):
    return Concatenate()(ends(image, words))


def shared(image, words):
    twice, (a, b) = Dense(5, "tanh", kernel_regularizer="l2"), ends(image, words)
    return Add()([twice(a), twice(b), Dropout(0.3)(a)])


def in_numpy(image, words):
    difference, product = NumpyDifference()(list(ends(image, words)))
    return Concatenate()([NumpyScale()(difference), product])


def remembered(image, words):
    """The image is what a recurrent layer begins with; words of 0 are no words."""
    start = Dense(5, "tanh")(Rescaling(1 / 255)(image))
    vectors = Embedding(9, 4, mask_zero=True)(words)
    steps, h, c = LSTM(5, return_sequences=True, return_state=True)(
        vectors, initial_state=[start, start]
    )
    return Concatenate()([GlobalAveragePooling1D()(Attention()([steps, steps])), h, c])


MIDDLES = {
    "joined": joined,
    "shared": shared,
    "in NumPy": in_numpy,
    "expression": lambda image, words: Gate()(list(ends(image, words))),
    "block": lambda image, words: Block()(ops.maximum(*ends(image, words))),
    "remembered": remembered,
}


def model(middle=joined, by_name=False, **changed):
    """An image and words in; a class and a size out. ``by_name``: as dictionaries."""
    nnkit.utils.set_random_seed(3)
    image, words = Input((6,), name="image"), Input((4,), name="words", dtype="int32")
    h = middle(image, words)
    kind, size = Dense(3, "softmax", name="kind")(h), Dense(1, name="size")(h)
    if by_name:
        result = Model({"image": image, "words": words}, {"size": size, "kind": kind})
    else:
        result = Model([image, words], [kind, size])
    given = {
        "loss": {"kind": "sparse_categorical_crossentropy", "size": "mse"},
        "loss_weights": {"kind": 1.0, "size": 0.3},
        "metrics": {"kind": ["accuracy"], "size": ["mae"]},
        "weighted_metrics": {"size": ["mse"]},
    }
    result.compile("adam", **given | changed)
    return result


def outcome(trained, y=(Y, SIZE), weight=None):
    """All that a training, with a last partial batch, an evaluation and predictions give."""
    x = [X, WORDS]
    history = trained.fit(
        *(x, list(y), 8, 2, 0), validation_split=0.2, sample_weight=weight
    ).history
    return [
        flat(history),
        trained.evaluate(x, list(y), 16, 0),
        trained.predict(x, 16),
        trained.predict({"words": WORDS[:1], "image": X[:1]}),
        trained.get_weights(),
        [np.array(slot) for v in trained.optimizer_slots().values() for slot in v],
    ]


def same(outcomes):
    for mine, theirs in zip(*(flat(each) for each in outcomes), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def on_both(use, make, **given):
    """The outcomes of a model on the CPU and on the device."""
    for device in ("cpu", "cuda:0"):
        use(device)
        yield outcome(make(), **given)


@pytest.mark.parametrize("middle", MIDDLES)
def test_training_equals_the_cpu_bit_for_bit(middle, gpu, use, one_thread):
    same(on_both(use, lambda: model(MIDDLES[middle])))


def test_weights_of_samples_of_one_output(gpu, use, one_thread):
    same(on_both(use, model, weight={"size": WEIGHT}))


def test_dictionaries(gpu, use, one_thread):
    """Of data, targets and weights; and of predictions, on the host and on the device."""
    x, y = {"words": WORDS, "image": X}, {"kind": Y, "size": SIZE}
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = model(by_name=True)
        weight = {"kind": WEIGHT, "size": WEIGHT + 1}
        history = trained.fit(x, y, 8, 2, 0, sample_weight=weight, validation_data=(x, y)).history
        results = trained.evaluate(x, y, 8, 0, return_dict=True)
        outcomes.append([history, results, trained.predict(x, 8), trained.get_weights()])
    same(outcomes)
    kept = trained.predict(x, 8, to_host=False)
    same([outcomes[1][2], {name: array.numpy() for name, array in kept.items()}])


def test_an_output_without_a_loss(gpu, use, one_thread):
    """Neither its targets nor its gradient are in the step, but it is predicted."""
    changed = {"loss": {"size": "mse"}, "metrics": None, "weighted_metrics": None}
    same(on_both(use, lambda: model(**changed), y=(None, SIZE)))


def test_frozen_on_the_way(gpu, use, one_thread):
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = model()
        first = outcome(trained)
        trained.get_layer("kind").trainable = False
        trained.compile_from_config(trained.get_compile_config())
        outcomes.append([first, outcome(trained)])
    same(outcomes)


def test_a_model_of_its_outputs_has_its_weights_of_this_moment(gpu, use, one_thread):
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = model()
        part = Model(trained.inputs, trained.get_layer("size").output)
        before = part.predict([X, WORDS])
        outcome(trained)
        outcomes.append([before, part.predict([X, WORDS]), trained.predict([X, WORDS])[1]])
    same(outcomes)
    for before, after, whole in outcomes:
        assert (before != after).any()
        np.testing.assert_array_equal(after, whole)


def test_all_of_a_step_is_captured_once(gpu):
    options.unroll = 4
    trained = model()
    x, y = [X[:48], WORDS[:48]], [Y[:48], SIZE[:48]]
    trained.fit(x, y, 4, 1, 0)
    gpu.log.clear()
    trained.fit(x, y, 4, 3, 0)
    assert not any(entry.startswith("launch") for entry in gpu.log)


@pytest.mark.parametrize("size", [8, ROWS])
def test_predictions_may_stay_on_the_device(size, gpu, use):
    trained = model()
    wanted = trained.predict([X, WORDS], size)
    for eager in (False, True):
        trained.run_eagerly = eager
        found = trained.predict([X, WORDS], size, to_host=False)
        assert [out.__cuda_array_interface__["shape"] for out in found] == [(ROWS, 3), (ROWS, 1)]
        same([[out.numpy() for out in found], wanted])


def test_what_lies_on_the_device_goes_from_model_to_model(gpu):
    """Also beside an input in host memory."""
    trained, other = model(), model()
    wanted = outcome(trained)
    x, y = [Foreign(X), WORDS], [Y, Foreign(SIZE)]
    other.fit([X, WORDS], [Y, SIZE], 8, 2, 0, validation_split=0.2)
    same([[other.evaluate(x, y, 16, 0), other.predict(x, 16)], wanted[1:3]])
    after = Model(images := Input((3,)), Dense(2)(images))
    on_device = other.predict(x, to_host=False)[0]
    np.testing.assert_array_equal(after.predict(on_device), after.predict(wanted[2][0]))


@pytest.mark.parametrize("limit", [0, 200, 100_000])
def test_data_that_does_not_fit_is_streamed(limit, gpu, one_thread):
    whole = outcome(model(), weight={"size": WEIGHT})
    options.data_limit = limit
    same([whole, outcome(model(), weight={"size": WEIGHT})])


def test_data_of_others_is_not_streamed(gpu):
    options.data_limit = 10
    with pytest.raises(DeviceError, match=r"x lies on cuda:0, where the rest of the data"):
        model().fit([X, Foreign(WORDS)], [Y, SIZE], 8, 1, 0)


def test_an_input_of_another_device_is_named(gpu, monkeypatch):
    monkeypatch.setattr(gpu, "device_of", lambda address: 1)
    with pytest.raises(ValueError, match=r"x\['words'\] lies on cuda:1"):
        model().fit([X, Foreign(WORDS)], [Y, SIZE], 8, 1, 0)


def test_numbers_of_words_are_checked_where_they_lie(gpu):
    with pytest.raises(ValueError, match=r"x\['words'\] contains 9"):
        model().predict([X, Foreign(np.full_like(WORDS, 9))])


def test_sizes_that_come_later(gpu, use, one_thread):
    """Each has a record of its own, and the weights are those of the last step."""

    def any_length():
        nnkit.utils.set_random_seed(3)
        words, image = Input((None,), dtype="int32"), Input((6,))
        h = GlobalAveragePooling1D()(Embedding(9, 4)(words))
        h = Concatenate()([h, Rescaling(1 / 255)(image)])
        result = Model([words, image], [Dense(3, "softmax")(h), Dense(1)(h)])
        result.compile("adam", ["sparse_categorical_crossentropy", "mse"])
        return result

    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        trained = any_length()
        found = [
            trained.train_on_batch([WORDS[:9, :length], X[:9]], [Y[:9], SIZE[:9]])
            for length in (4, 2, 4, 3, 2)
        ]
        found += [trained.predict([WORDS[:, :length], X]) for length in (2, 4)]
        outcomes.append([*found, trained.get_weights()])
    same(outcomes)
