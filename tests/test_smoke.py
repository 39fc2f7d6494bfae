"""The first thing a user does. `tools/check_wheel.sh` runs it against the installed wheel too."""

import numpy as np

import nnkit
from nnkit.datasets import load_digits
from nnkit.layers import Dense, Flatten, Rescaling, Softmax, Tanh


def test_train_save_load(tmp_path):
    nnkit.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = load_digits()
    model = nnkit.Sequential(
        [
            nnkit.Input((28, 28)),
            Rescaling(1 / 255),
            Flatten(),
            Dense(32),
            Tanh(),
            Dense(10),
            Softmax(),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x_train, y_train, batch_size=32, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert model.evaluate(x_test, y_test, return_dict=True, verbose=0)["accuracy"] > 0.85

    model.save(tmp_path / "digits.h5")
    loaded = nnkit.load_model(tmp_path / "digits.h5")
    np.testing.assert_array_equal(
        loaded.predict(x_test, verbose=0), model.predict(x_test, verbose=0)
    )
