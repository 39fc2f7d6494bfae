"""Images that are transformed at random: nnkit's, and SciPy's image by image, as in Keras 2."""

import time

import numpy as np

from benchmarks.report import Table, verdict
from benchmarks.rounds import in_turn, spread, times
from benchmarks.worker import Worker

_COUNT, _BATCH, _SIDE = 2560, 32, 32
_DEGREES, _SHIFT = 20, 0.1
_TARGET = 3


class Nnkit:
    """In a worker: ImageDataGenerator."""

    def __init__(self):
        from nnkit.preprocessing.image import ImageDataGenerator

        generator = ImageDataGenerator(
            rotation_range=_DEGREES, width_shift_range=_SHIFT, height_shift_range=_SHIFT
        )
        self.batches = generator.flow(_images(), batch_size=_BATCH, seed=0)

    def run(self):
        """Seconds of all images once."""
        started = time.perf_counter()
        for _ in range(_COUNT // _BATCH):
            next(self.batches)
        return time.perf_counter() - started


class Scipy:
    """In a worker: an affine transformation for each channel of each image."""

    def __init__(self):
        self.images, self.rng = _images(), np.random.default_rng(0)

    def run(self):
        """Seconds of all images once."""
        from scipy.ndimage import affine_transform

        started = time.perf_counter()
        for image in self.images:
            angle = np.deg2rad(self.rng.uniform(-_DEGREES, _DEGREES))
            shift = _SIDE * self.rng.uniform(-_SHIFT, _SHIFT, 2)
            matrix = np.array(
                [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32
            )
            center = np.full(2, (_SIDE - 1) / 2)
            offset = center + shift - matrix @ center
            channels = [
                affine_transform(channel, matrix, offset, order=1, mode="nearest")
                for channel in np.moveaxis(image, -1, 0)
            ]
            np.stack(channels, axis=-1)
        return time.perf_counter() - started


def _images():
    return np.random.default_rng(0).random((_COUNT, _SIDE, _SIDE, 3), np.float32) * 255


def run(report, pace):
    with Worker("benchmarks.images:Nnkit") as ours, Worker("benchmarks.images:Scipy") as theirs:
        turns = {"nnkit": ours, "scipy": theirs}
        results = in_turn(
            {name: lambda w=worker: w.call("run") / _COUNT for name, worker in turns.items()},
            pace.rounds,
        )
    ratio = times(results["scipy"], results["nnkit"])
    rows = [["nnkit", "1.00", "", "", *spread([1e6 * s for s in results["nnkit"]])]]
    slower = [1e6 * s for s in results["scipy"]]
    rows.append(["scipy", f"{ratio:.2f}", *verdict(ratio, _TARGET), *spread(slower)])
    columns = ["", "speed-up", "target", "reached", "us an image", "least-most"]
    title = f"Random rotation and shift of {_SIDE}x{_SIDE}x3 images"
    data = {"speed_up": ratio, "target": _TARGET, "seconds": results}
    report.add(Table(title, columns, rows, data, "SciPy image by image, as Keras 2 used it."))
