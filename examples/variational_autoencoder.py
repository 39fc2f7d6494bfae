"""Learn to draw digits: images become points of a plane, and points of the plane become images.

python examples/variational_autoencoder.py --epochs 20

D. P. Kingma and M. Welling, 2013, "Auto-encoding variational Bayes".
"""

import argparse
from pathlib import Path

import numpy as np

import nnkit
from nnkit import Input, Model, ops
from nnkit.datasets import load_digits, mnist
from nnkit.layers import Dense, Flatten, GaussianNoise, Reshape

PIXELS = 28 * 28


def make_models(latent=2, hidden=256):
    """The encoder, the decoder, and both together."""
    images = Input((28, 28), name="images")
    h = Dense(hidden, "relu")(Flatten()(images))
    mean, log_variance = Dense(latent, name="mean")(h), Dense(latent, name="log_variance")(h)
    # In training the point is drawn around the mean; otherwise it is the mean.
    noise = GaussianNoise(1.0, seed=0)(mean * 0)
    point = mean + ops.exp(log_variance / 2) * noise
    encoder = Model(images, [mean, log_variance, point], name="encoder")

    points = Input((latent,), name="points")
    drawn = Dense(PIXELS, "sigmoid")(Dense(hidden, "relu")(points))
    decoder = Model(points, Reshape((28, 28))(drawn), name="decoder")

    mean, log_variance, point = encoder(images)
    model = Model(images, decoder(point), name="variational_autoencoder")
    # How far the points of an image are from the standard normal distribution, for each pixel, as
    # the other part of the loss is a mean over pixels.
    divergence = 1 + log_variance - mean**2 - ops.exp(log_variance)
    model.add_loss(ops.mean(ops.sum(divergence, axis=1)) * (-0.5 / PIXELS))
    return encoder, decoder, model


def picture(decoder, count=12):
    """Images of points on a grid, side by side: uint8 (28 count, 28 count)."""
    steps = np.linspace(-2, 2, count)
    grid = np.stack(np.meshgrid(steps, steps[::-1]), axis=-1).reshape(-1, 2)
    drawn = decoder.predict(grid).reshape(count, count, 28, 28)
    return np.uint8(255 * drawn.transpose(0, 2, 1, 3).reshape(28 * count, 28 * count))


def write_pgm(path, image):
    """An image of grey values in a format that needs no library."""
    header = f"P5 {image.shape[1]} {image.shape[0]} 255\n".encode()
    path.write_bytes(header + image.tobytes())


def main(epochs=20, batch_size=32, output_dir="."):
    """Run the example and return the share of the test images' variance that is drawn again."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)
    (x_train, _), (x_test, _) = mnist.load_data() if mnist.find() else load_digits()
    x_train, x_test = (x.astype(np.float32) / 255 for x in (x_train, x_test))

    _, decoder, model = make_models()
    model.summary()
    # A loss of the pixels, to which the divergence is added.
    model.compile(nnkit.optimizers.Adam(2e-3), "binary_crossentropy")
    model.fit(x_train, x_train, batch_size, epochs, validation_data=(x_test, x_test))

    again = model.predict(x_test)
    explained = 1 - float(((again - x_test) ** 2).mean() / (x_train.mean(0) - x_test).var())
    print(f"Two numbers an image explain {explained:.1%} of how the test images differ")
    write_pgm(output_dir / "digits.pgm", picture(decoder))
    decoder.save(output_dir / "decoder.h5")
    return explained


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Learn to draw digits.")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
