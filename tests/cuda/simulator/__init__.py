"""What the tests in the simulator share."""

import numpy as np

import nnkit
from nnkit.testing import alike, flat


def trained(make, x, y, batch):
    """Weights and predictions after an epoch, on both devices."""
    for device in ("cpu", "cuda"):
        nnkit.set_device(device)
        nnkit.utils.set_random_seed(5)
        model = make()
        model.fit(x, y, batch, epochs=1, verbose=0)
        predicted = model.predict(alike(x, lambda array: array[:batch]), batch)
        yield [*model.get_weights(), *flat(predicted)]


def compare(make, x, y, batch=2):
    """See that a model learns the same on both devices."""
    on_cpu, on_gpu = trained(make, x, y, batch)
    for mine, theirs in zip(on_gpu, on_cpu, strict=True):
        np.testing.assert_allclose(mine, theirs, 1e-5, 1e-6)
