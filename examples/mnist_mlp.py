"""Train a small network to read handwritten digits, save it, load it again and draw a picture.

python examples/mnist_mlp.py --epochs 10 --output-dir .
"""

import argparse
from pathlib import Path

import numpy as np

import nnkit
from nnkit import Input, Sequential
from nnkit.datasets import load_digits, mnist
from nnkit.layers import Dense, Flatten, Rescaling, Softmax, Tanh


def main(epochs=10, batch_size=32, output_dir="."):
    """Run the example and return the fraction of test images that the network reads correctly."""
    figure = new_figure()
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)

    # The data: images of 28 x 28 bytes and their labels. All of MNIST if it is on this machine,
    # otherwise the tenth of it that ships with nnkit.
    if place := mnist.find():
        print(f"All of MNIST, from {place}")
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
    else:
        print("The tenth of MNIST that ships with nnkit (for all of it, set NNKIT_DATA_DIR)")
        (x_train, y_train), (x_test, y_test) = load_digits()

    # The network has one hidden layer. It takes bytes and scales them itself.
    model = Sequential(
        [
            Input((28, 28)),
            Rescaling(1 / 255),
            Flatten(),
            Dense(128),
            Tanh(),
            Dense(10),
            Softmax(),
        ]
    )
    model.summary()

    # The last tenth of the training images is held out for validation.
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x_train, y_train, batch_size=batch_size, epochs=epochs, validation_split=0.1
    ).history

    # The accuracy on images that were not used in training.
    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    probabilities = model.predict(x_test, verbose=0)
    print(f"Reads {accuracy:.1%} of the test images correctly")

    # The loaded network is equal bit-for-bit.
    model.save(output_dir / "mnist.h5")
    loaded = nnkit.load_model(output_dir / "mnist.h5")
    if not np.array_equal(loaded.predict(x_test, verbose=0), probabilities):
        raise RuntimeError("the loaded model predicts something else than the saved one")
    print(f"Saved to {output_dir / 'mnist.h5'}; loaded, it predicts exactly the same")

    draw(figure, history, x_test, y_test, probabilities)
    figure.savefig(output_dir / "mnist.png", dpi=120)
    print(f"Drawn in {output_dir / 'mnist.png'}")
    return accuracy


# ------------------------------------------------------------------------------- the picture

INK, PALE, RIGHT, WRONG = "#1f4e79", "#8fb4d8", "#3a3a3a", "#c0392b"


def new_figure():
    """Make an empty figure, without a display."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise SystemExit(
            "This example draws with matplotlib, which is not installed. In nnkit's folder: "
            "pip install .[plot]"
        ) from error
    return Figure(figsize=(12, 7.6), layout="constrained")


def draw(figure, history, images, labels, probabilities):
    """Draw the curves of the training, the confusion matrix, and some digits."""
    predicted = probabilities.argmax(axis=1)
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # Inches.
    above, below = figure.subfigures(2, 1, height_ratios=[1.15, 1])
    loss, accuracy, confusion = above.subplots(1, 3, width_ratios=[1, 1, 1.2])
    draw_curves(loss, "Loss", history["loss"], history["val_loss"])
    draw_curves(accuracy, "Accuracy", history["accuracy"], history["val_accuracy"])
    draw_confusion(confusion, labels, predicted)
    draw_digits(below, images, labels, probabilities)


def draw_curves(axes, title, training, validation):
    epochs = np.arange(1, len(training) + 1)
    axes.plot(epochs, training, color=PALE, marker="o", markersize=4, label="training")
    axes.plot(epochs, validation, color=INK, marker="o", markersize=4, label="validation")
    axes.set(title=title, xlabel="epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False)


def draw_confusion(axes, labels, predicted):
    """Draw how often each digit (row) was classified as each digit (column)."""
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (labels, predicted), 1)
    mistakes = counts - np.diag(counts.diagonal())
    # Only mistakes are coloured: the diagonal would outshine them.
    axes.imshow(mistakes, cmap="Reds", vmax=max(1, 1.5 * mistakes.max()))
    for (true, read), count in np.ndenumerate(counts):
        if count:
            weight = "bold" if true == read else "normal"
            axes.text(read, true, count, ha="center", va="center", fontsize=8, weight=weight)
    axes.set(
        title="Confusion", xlabel="read as", ylabel="digit", xticks=range(10), yticks=range(10)
    )
    axes.tick_params(length=0)


def draw_digits(figure, images, labels, probabilities, rows=2, columns=12):
    """Draw the first test images and, below, the mistakes with the highest probabilities."""
    predicted, sureness = probabilities.argmax(axis=1), probabilities.max(axis=1)
    mistakes = np.flatnonzero(predicted != labels)
    worst = mistakes[np.argsort(-sureness[mistakes])][:columns]
    axes = figure.subplots(rows, columns)
    figure.suptitle("The first test images, and the mistakes that the network was surest of")
    for ax in axes.flat:
        ax.axis("off")
    for row, chosen in zip(axes, [np.arange(columns), worst], strict=True):
        for ax, i in zip(row, chosen, strict=False):  # There may be fewer mistakes than axes.
            right = predicted[i] == labels[i]
            caption = f"{predicted[i]}" if right else f"{predicted[i]}, is {labels[i]}"
            ax.imshow(images[i], cmap="gray_r")
            ax.set_title(
                f"{caption}\n{sureness[i]:.0%}", fontsize=9, color=RIGHT if right else WRONG
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train a network to read handwritten digits.")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
