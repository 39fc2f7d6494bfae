"""What a notebook shows of a History."""

import math
import xml.etree.ElementTree as ET

import pytest

from nnkit.callbacks import History
from tests.callbacks.conftest import X, Y

SVG = "{http://www.w3.org/2000/svg}"


def shown(epochs):
    """The elements of what is shown; it is well-formed XML, so nothing in it is unescaped."""
    history = History()
    history.on_train_begin()
    for epoch, logs in enumerate(epochs):
        history.on_epoch_end(epoch, logs)
    return ET.fromstring(history._repr_html_())


def table(root):
    return [["".join(cell.itertext()) for cell in row] for row in root.iter("tr")]


def lengths(root):
    return [len(line.get("points").split()) for line in root.iter(f"{SVG}polyline")]


def heights(line):
    return [float(point.split(",")[1]) for point in line.get("points").split()]


def test_a_training(model):
    history = model.fit(X, Y, epochs=3, verbose=0, validation_split=0.25)
    root = ET.fromstring(history._repr_html_())
    assert table(root)[0] == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [row[0] for row in table(root)[1:]] == ["1", "2", "3"]
    assert table(root)[3][1] == f"{history.history['loss'][2]:.4f}"
    charts = list(root.iter(f"{SVG}svg"))
    assert [chart.get("aria-label") for chart in charts] == ["loss by epoch", "mae by epoch"]
    assert lengths(root) == [3, 3, 3, 3]


def test_a_curve_falls_where_the_loss_does():
    (line,) = shown([{"loss": value} for value in (3.0, 1.0, 2.0)]).iter(f"{SVG}polyline")
    first, second, third = heights(line)  # Counted from above.
    assert first < third < second
    assert third == (first + second) / 2


def test_nothing_to_show():
    assert History()._repr_html_() is None


def test_one_epoch():
    root = shown([{"loss": 0.5}])
    assert table(root) == [["epoch", "loss"], ["1", "0.5000"]]
    assert len(list(root.iter(f"{SVG}circle"))) == 1
    assert lengths(root) == []


def test_many_epochs():
    root = shown([{"loss": 1 / (1 + epoch)} for epoch in range(1000)])
    rows = table(root)
    assert [row[0] for row in rows[1:]] == [str(1 + 111 * i) for i in range(10)]
    assert root.find(".//caption").text == "10 of 1000 epochs"
    assert lengths(root) == [400]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_interrupts_a_curve(bad):
    root = shown([{"loss": value} for value in (1.0, 2.0, bad, 3.0, 4.0, 5.0)])
    assert lengths(root) == [2, 3]
    assert table(root)[3][1] == str(bad)
    root = shown([{"loss": bad}, {"loss": bad}])
    assert lengths(root) == []
    assert "no finite value" in "".join(root.itertext())


@pytest.mark.parametrize("most", [1.7e308, 1.0, 1e-308, 5e-324, 0.0])
def test_numbers_of_any_size(most):
    root = shown([{"loss": value} for value in (-most, 0.0, most)])
    (line,) = root.iter(f"{SVG}polyline")
    low, middle, high = heights(line)
    assert middle == (low + high) / 2


def test_results_that_not_every_epoch_has():
    root = shown([{"loss": 1.0}, {"loss": 2.0, "val_loss": 3.0}, {"loss": 2.5}, {"val_loss": 2.0}])
    assert table(root)[1:] == [
        ["1", "1.0000", ""],
        ["2", "2.0000", "3.0000"],
        ["3", "2.5000", ""],
        ["4", "", "2.0000"],
    ]
    assert lengths(root) == [3, 2]


def test_names_are_escaped():
    name = "<script>alert('a & b')</script>"
    root = shown([{name: 0.5}, {name: 0.25}])
    assert table(root)[0][1] == name
    assert list(root.iter("script")) == []


def test_results_that_are_no_numbers():
    root = shown([{"loss": 0.5, "phase": "warm <up>"}])
    assert table(root)[1] == ["1", "0.5000", "warm <up>"]
