"""A type checker has nothing to say about a script, and does about one that is wrong."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import nnkit

ROOT = Path(nnkit.__file__).parents[1]

RIGHT = """
import numpy as np

import nnkit
from nnkit.layers import Dense, Flatten, Softmax

x, y = np.ones((64, 28, 28), np.float32), np.zeros(64, np.int64)
model = nnkit.Sequential([nnkit.Input((28, 28)), Flatten(), Dense(10), Softmax()])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=32, epochs=5, validation_split=0.1)
last: float = history.history["val_loss"][-1]
epochs: list[int] = history.epoch

results: dict[str, float] = model.evaluate(x, y, return_dict=True)
print(results["accuracy"], model.evaluate(x, y, 32, verbose=0, return_dict=True)["loss"] + 1)
loss, accuracy = model.evaluate(x, y)
print(f"{loss:.3f}", model.evaluate(x, y) < 1)
again: dict[str, float] = model.train_on_batch(x[:8], y[:8], return_dict=True)
step: float = model.test_on_batch(x[:8], y[:8])

probabilities: np.ndarray = model.predict(x[:1], batch_size=64)
print(probabilities.argmax(axis=-1))
model.save("digits.h5")
same = nnkit.load_model("digits.h5")
layer = Dense(3, kernel_initializer=nnkit.initializers.he_normal, kernel_regularizer="l2")
model.add(layer)
print(same.layers, same.to_json())

kernel = same.weights[0]
norm = float(np.linalg.norm(kernel)) + float((2 * kernel).sum()) + np.abs(kernel).max()
kernel.assign(kernel - kernel.mean(axis=0))
rows, first, shape = len(kernel), kernel[0], np.asarray(kernel).shape
copies: list[np.ndarray] = model.get_weights()

listeners: list[nnkit.callbacks.Callback] = [
    nnkit.callbacks.EarlyStopping(patience=2),
    nnkit.callbacks.ModelCheckpoint("best.h5"),
]
model.compile(nnkit.optimizers.Adam(1e-3), nnkit.losses.mse, metrics=[nnkit.metrics.mae])
model.fit(x, y, callbacks=listeners, validation_data=(x, y))
model.fit(x, y, callbacks=[nnkit.callbacks.TerminateOnNaN()])


class Scale(nnkit.layers.Layer):
    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.factor = self.add_weight("factor", (1,), "ones")

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        self.x = x
        y: np.ndarray = x * self.factor.value
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        self.factor.gradient = np.sum(dy * self.x, keepdims=True)
        dx: np.ndarray = dy * self.factor.value
        return dx


model.add(Scale(name="scale"))
"""

WRONG = """
import nnkit

model = nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Dense(units="3")])
model.compile("adam", "mse", metric=["mae"])
results: list[float] = model.evaluate([], [], return_dict=True)
model.layers[0].weights[0].asign(0)
nnkit.layers.Dens(3)
"""


def says(script, folder):
    """What mypy says of a script, a line each: number and kind."""
    path = folder / "script.py"
    path.write_text(script)
    options = ["--strict", "--follow-imports=silent", "--cache-dir", str(folder / "cache")]
    command = [sys.executable, "-m", "mypy", "--config-file=", *options, str(path)]
    environment = {"MYPYPATH": str(ROOT), "PATH": ""}
    found = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert found.stderr == ""
    lines = re.findall(r"^\S+:(\d+): error: .*\[([\w-]+)\]$", found.stdout, re.MULTILINE)
    return [(int(line), kind) for line, kind in lines], found.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("typing")


def test_a_script_is_right(folder):
    found, text = says(RIGHT, folder)
    assert found == [], text
    assert "Success" in text


def test_mistakes_are_found(folder):
    found, text = says(WRONG, folder)
    kinds = [(5, "call-arg"), (6, "assignment"), (7, "attr-defined"), (8, "attr-defined")]
    assert [f for f in found if f in kinds] == kinds, text
    assert (4, "arg-type") in found, text
