"""Training with convolutions as products by cuBLASLt; NumPy stands in for it."""

import numpy as np
import pytest

import nnkit
from nnkit.engine.cuda import convolutions
from nnkit.layers import AveragePooling2D, Conv2D, Conv2DTranspose, Dense, Flatten, MaxPooling2D
from tests.cuda.test_products_in_steps import ALL, CapturedLt
from tests.reference import cublaslt

X = np.random.default_rng(0).normal(size=(13, 6, 5, 2))
Y = np.random.default_rng(1).integers(0, 3, 13)


def model(groups):
    nnkit.utils.set_random_seed(3)
    made = nnkit.Sequential(
        [
            nnkit.Input((6, 5, 2)),
            Conv2D(4, 3, padding="same", activation="tanh"),
            MaxPooling2D(2),
            Conv2DTranspose(2, 3, strides=2, padding="same", activation="tanh"),
            Conv2D(4, 2, strides=(1, 2), groups=groups, use_bias=False),
            AveragePooling2D(2, strides=1),
            Conv2DTranspose(2, 2, use_bias=False),
            Flatten(),
            Dense(3, activation="softmax"),
        ]
    )
    made.compile("adam", "sparse_categorical_crossentropy")
    return made


@pytest.mark.parametrize("most", [1 << 30, 3000, 0])
@pytest.mark.parametrize("groups", [1, 2])
def test_training_with_windows_laid_out(groups, most, gpu, use, monkeypatch):
    """Also where these would take too much memory, some of them or all."""
    monkeypatch.setattr(convolutions, "MOST_BYTES", most)
    library = cublaslt.Library(ALL)
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        gpu.lt = CapturedLt(library, gpu)
        trained = model(groups)
        trained.fit(X, Y, 4, 3, 0)
        outcomes.append([*trained.get_weights(), trained.predict(X, 5)])
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_allclose(mine, theirs, 1e-4, 1e-5)
    assert ("launch im2col" in gpu.log) == (most > 0)
    assert ("launch conv2d_weights" in gpu.log) == (groups > 1 or most < 1 << 30)


@pytest.mark.parametrize("most", [1 << 30, 0])
def test_training_as_winograd_on_the_processor(most, gpu, use, monkeypatch):
    """On a GPU these convolutions are like others: products, or kernels of their own."""
    monkeypatch.setattr(convolutions, "MOST_BYTES", most)
    x, y = np.random.default_rng(2).normal(size=(10, 8, 8, 32)), Y[:10]
    library = cublaslt.Library(ALL)
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        gpu.lt = CapturedLt(library, gpu)
        nnkit.utils.set_random_seed(4)
        trained = nnkit.Sequential(
            [
                nnkit.Input((8, 8, 32)),
                Conv2D(32, 3, padding="same", activation="tanh"),
                Conv2D(48, 3, padding="same", use_bias=False),
                Flatten(),
                Dense(3, activation="softmax"),
            ]
        )
        trained.compile("sgd", "sparse_categorical_crossentropy")
        trained.fit(x, y, 8, 2, 0)
        outcomes.append([*trained.get_weights(), trained.predict(x, 8)])
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_allclose(mine, theirs, 1e-4, 1e-5)
    assert ("launch im2col" in gpu.log) == (most > 0)
    assert ("launch conv2d_weights_winograd" in gpu.log) == (most == 0)
