"""Does it learn? All of MNIST, a small network, plain SGD."""

import time

import nnkit
from benchmarks.report import Table, verdict
from benchmarks.worker import Worker
from nnkit.datasets import mnist
from nnkit.layers import Dense, Flatten, Rescaling, Softmax, Tanh

_EPOCHS, _RATE, _BATCH, _TARGET = 10, 0.2, 32, 0.975


class Training:
    """In a worker: from images to a share of test images read correctly."""

    def run(self):
        nnkit.utils.set_random_seed(0)
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
        head = [nnkit.Input((28, 28)), Rescaling(1 / 255), Flatten()]
        model = nnkit.Sequential([*head, Dense(128), Tanh(), Dense(10), Softmax()])
        optimizer = nnkit.optimizers.SGD(_RATE)
        loss = "sparse_categorical_crossentropy"
        model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
        started = time.perf_counter()
        model.fit(x_train, y_train, batch_size=_BATCH, epochs=_EPOCHS, verbose=0)
        seconds = time.perf_counter() - started
        accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
        return {"accuracy": accuracy, "seconds": seconds}


def run(report):
    if mnist.find() is None:
        print("Accuracy is not measured: all of MNIST is not here (NNKIT_DATA_DIR)\n")
        return
    with Worker("benchmarks.accuracy:Training") as worker:
        found = worker.call("run")
    accuracy = found["accuracy"]
    row = [f"{_EPOCHS} epochs", f"{accuracy:.2%}", *verdict(accuracy, _TARGET)]
    row.append(f"{found['seconds']:.1f}")
    columns = ["", "accuracy", "target", "reached", "seconds"]
    title = f"MNIST, 784-128-10 tanh, batch {_BATCH}, SGD {_RATE}"
    report.add(Table(title, columns, [row], found))
