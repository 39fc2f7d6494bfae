"""Models of two inputs and two outputs on a device, against the CPU, bit for bit."""

import numpy as np
import pytest

import nnkit
from nnkit.layers import Concatenate, Dense
from nnkit.nested import leaves

DATA = np.random.default_rng(0)
IMAGES = DATA.integers(0, 256, (21, 6)).astype(np.uint8)
TABLE = DATA.normal(size=(21, 4)).astype(np.float32)
KINDS = DATA.integers(0, 3, 21)
SIZES = DATA.normal(size=(21, 1)).astype(np.float32)
WEIGHTS = {"kind": DATA.random(21).astype(np.float32), "size": DATA.random(21).astype(np.float32)}


def two_of_each():
    """A dense layer that both inputs use, and an output of each kind."""
    nnkit.utils.set_random_seed(3)
    image, table = nnkit.Input((6,), name="image"), nnkit.Input((4,), name="table")
    shared = Dense(5, "tanh")
    scaled = nnkit.layers.Rescaling(1 / 255)(image)
    joined = Concatenate()([shared(scaled), shared(Dense(6)(table))])
    outputs = {
        "kind": Dense(3, "softmax", name="kind")(joined),
        "size": Dense(1, name="size")(joined),
    }
    model = nnkit.Model({"image": image, "table": table}, outputs)
    model.compile(
        "adam",
        {"kind": "sparse_categorical_crossentropy", "size": "mse"},
        metrics={"kind": ["accuracy"], "size": ["mae"]},
        loss_weights={"kind": 1.0, "size": 0.5},
    )
    return model


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
def test_two_inputs_and_outputs_equal_the_cpu(weights, gpu, use, one_thread):
    """Trained with a last partial batch and validation, then evaluated and predicted."""
    x, y = {"image": IMAGES, "table": TABLE}, {"kind": KINDS, "size": SIZES}
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        model = two_of_each()
        before = model.get_weights()
        history = model.fit(x, y, 8, 2, 0, sample_weight=weights, validation_data=(x, y)).history
        assert all((w != old).any() for w, old in zip(model.get_weights(), before, strict=True))
        predicted = model.predict(x, 8)
        assert {name: a.shape for name, a in predicted.items()} == {
            "kind": (21, 3),
            "size": (21, 1),
        }
        outcomes.append((history, model.evaluate(x, y, 8, 0), predicted, model.get_weights()))
    for mine, theirs in zip(*(leaves(outcome) for outcome in outcomes), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_predictions_of_two_outputs_stay_on_the_device(gpu):
    model, x = two_of_each(), {"image": IMAGES, "table": TABLE}
    kept, copied = model.predict(x, 8, to_host=False), model.predict(x, 8)
    for name in ("kind", "size"):
        np.testing.assert_array_equal(kept[name].numpy(), copied[name])
