"""Training with cuBLASLt for the products; NumPy stands in for it."""

import numpy as np
import pytest

import nnkit
from nnkit.engine.cuda.blas import Lt
from nnkit.layers import GRU, LSTM, Dense, Reshape, SimpleRNN, Softmax
from tests.cuda.test_training import X, Y, model
from tests.reference import cublaslt


class CapturedLt(Lt):
    """Products that are captured wait for the graph; whatever else happens breaks a capture."""

    def __init__(self, library, driver):
        self.driver = driver
        super().__init__(library)

    def call(self, name, *arguments, accept=()):
        captured = self.driver.api.captured
        if captured is None or name == "cublasLtMatmulDescSetAttribute":
            return super().call(name, *arguments, accept=accept)
        assert name == "cublasLtMatmul", f"{name} while a stream is captured"
        captured.append(lambda: Lt.call(self, name, *arguments))
        return 0


ALL = (cublaslt.DEFAULT, cublaslt.BIAS, cublaslt.BGRADA)


@pytest.mark.parametrize("epilogues", [ALL, (cublaslt.DEFAULT, cublaslt.BIAS), ()])
def test_training_with_products_by_the_library(epilogues, gpu, use):
    """Also where it has no algorithm for an epilogue, or for nothing at all."""
    library = cublaslt.Library(epilogues)
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        gpu.lt = CapturedLt(library, gpu)
        hidden = Dense(5, activation="tanh"), Dense(4, use_bias=False)
        trained = model(*hidden, Dense(3), Softmax())
        trained.fit(X, Y, 8, 3, 0)
        outcomes.append([*trained.get_weights(), trained.predict(X, 16), trained.evaluate(X, Y)])
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_allclose(mine, theirs, 1e-4, 1e-6)
    assert ("Matmul" in library.calls) == bool(epilogues)


@pytest.mark.parametrize("epilogues", [ALL, ()])
def test_recurrent_layers_add_their_products(epilogues, gpu, use):
    """In training, and with states that stay on the device from batch to batch."""
    rows = X[:48]
    library = cublaslt.Library(epilogues)
    outcomes = []
    for device in ("cpu", "cuda:0"):
        use(device)
        gpu.lt = CapturedLt(library, gpu)
        layers = (
            LSTM(4, return_sequences=True, stateful=True),
            GRU(3, return_sequences=True, reset_after=False),
            GRU(3, return_sequences=True, dropout=0.2, recurrent_dropout=0.2, seed=1),
            SimpleRNN(3),
        )
        nnkit.utils.set_random_seed(0)
        parts = [nnkit.Input((6,), batch_size=8), Reshape((3, 2)), *layers, Softmax()]
        trained = nnkit.Sequential(parts)
        trained.compile("adam", "sparse_categorical_crossentropy")
        trained.fit(rows, Y[:48], 8, 3, 0, shuffle=False)
        states = trained.layers[1].states
        outcomes.append([*trained.get_weights(), trained.predict(rows, 8), *states])
    for mine, theirs in zip(*outcomes, strict=True):
        np.testing.assert_allclose(mine, theirs, 1e-4, 1e-5)
