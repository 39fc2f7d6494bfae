"""Writes the model files that tests/saving reads, with Keras 3 (any backend; made with 3.15.1).

    KERAS_BACKEND=jax python tools/make_keras_files.py

The tests need the files only, not Keras.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers, optimizers

FOLDER = Path(__file__).parents[1] / "tests" / "data"


def classifier():
    return keras.Sequential(
        [
            layers.Input((4,)),
            layers.Rescaling(0.5, offset=0.25),
            layers.Dense(5, activation="tanh"),
            layers.Dropout(0.25, seed=3),
            layers.Dense(4, kernel_initializer=keras.initializers.HeNormal(seed=1)),
            layers.ReLU(max_value=6.0, negative_slope=0.1),
            layers.Reshape((2, 2)),
            layers.Flatten(),
            layers.Dense(3, use_bias=False),
            layers.Activation("softmax"),
        ],
        name="classifier",
    )


def regressor():
    return keras.Sequential([layers.Input((4,)), layers.Dense(3, "relu"), layers.Dense(1)])


def main():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((16, 4)).astype("float32")
    labels, values = rng.integers(0, 3, 16), rng.standard_normal((16, 1)).astype("float32")
    made = {
        "adam": (classifier(), optimizers.Adam(0.01), "sparse_categorical_crossentropy", labels),
        "sgd_mse": (regressor(), optimizers.SGD(0.01, momentum=0.9), "mse", values),
        "rmsprop": (regressor(), optimizers.RMSprop(momentum=0.5), "mean_absolute_error", values),
    }
    expected = {"x": x, "labels": labels, "values": values}
    for name, (model, optimizer, loss, y) in made.items():
        metrics = ["accuracy"] if y is labels else ["mae"]
        model.compile(optimizer, loss, metrics=metrics)
        model.fit(x, y, batch_size=8, epochs=2, verbose=0)
        model.save(FOLDER / f"keras_{name}.h5")
        expected[f"{name}_predictions"] = model.predict(x, verbose=0)
        expected[f"{name}_results"] = np.array(model.evaluate(x, y, verbose=0))
        for i, variable in enumerate(optimizer.variables):
            expected[f"{name}_optimizer_{i:02d}"] = np.asarray(variable.numpy())
    made["adam"][0].save_weights(FOLDER / "keras_adam.weights.h5")
    np.savez(FOLDER / "keras_expected.npz", **expected)


if __name__ == "__main__":
    main()
