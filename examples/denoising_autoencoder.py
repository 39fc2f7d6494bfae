"""Remove noise from images of digits, and draw them before and after.

python examples/denoising_autoencoder.py --epochs 5 --output-dir .
"""

import argparse
from pathlib import Path

import numpy as np

import nnkit
from nnkit import Input, Sequential
from nnkit.datasets import load_digits, mnist
from nnkit.layers import Conv2D, MaxPooling2D, UpSampling2D


def main(epochs=5, batch_size=64, output_dir="."):
    """Run the example and return the fraction of the noise (as energy) that the network removes."""
    figure = new_figure()
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)
    rng = np.random.default_rng(0)

    # No labels are needed: the network learns to restore the clean image.
    (clean, _), (clean_test, _) = mnist.load_data() if mnist.find() else load_digits()
    clean, clean_test = (x[..., None] / np.float32(255) for x in (clean, clean_test))
    noisy, noisy_test = (
        np.clip(x + rng.normal(scale=0.5, size=x.shape), 0, 1).astype(np.float32)
        for x in (clean, clean_test)
    )

    # The encoder halves the image's size twice, the decoder doubles it twice. The narrow middle has
    # room for the shape of a digit, but not for the noise.
    model = Sequential(
        [
            Input((28, 28, 1)),
            Conv2D(16, 3, padding="same", activation="relu"),
            MaxPooling2D(2),
            Conv2D(32, 3, padding="same", activation="relu"),
            MaxPooling2D(2),
            Conv2D(32, 3, padding="same", activation="relu"),
            UpSampling2D(2),
            Conv2D(16, 3, padding="same", activation="relu"),
            UpSampling2D(2),
            Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    model.summary()
    model.compile(optimizer=nnkit.optimizers.Adam(0.003), loss="binary_crossentropy")
    model.fit(noisy, clean, batch_size=batch_size, epochs=epochs, validation_split=0.1)

    restored = model.predict(noisy_test, verbose=0)
    before, after = (np.square(x - clean_test).mean() for x in (noisy_test, restored))
    removed = 1 - after / before
    print(f"Mean squared error {before:.4f} before, {after:.4f} after: {removed:.1%} removed")
    draw(figure, clean_test, noisy_test, restored)
    figure.savefig(output_dir / "denoised.png", dpi=120)
    print(f"Drawn in {output_dir / 'denoised.png'}")
    return removed


def new_figure():
    """Make an empty figure, without a display."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise SystemExit(
            "This example draws with matplotlib, which is not installed. In nnkit's folder: "
            "pip install .[plot]"
        ) from error
    return Figure(figsize=(10, 3.4), layout="constrained")


def draw(figure, *kinds, columns=10):
    """Draw a row of images for each kind: clean, noisy, restored."""
    axes = figure.subplots(len(kinds), columns)
    for row, images, name in zip(axes, kinds, ("clean", "noisy", "restored"), strict=True):
        row[0].set_ylabel(name)
        for ax, image in zip(row, images, strict=False):
            ax.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take the noise out of pictures of digits.")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
