import io
import re
import sys

import pytest

from nnkit.utils import Progbar


def loop(bar, steps=4):
    for i in range(steps):
        bar.update(i + 1, [("loss", 1.0 + i), ("acc", i)])


@pytest.mark.parametrize("verbose", [1, 2])
def test_a_line_where_no_bar_can_be(capsys, verbose):
    loop(Progbar(4, verbose=verbose, stateful_metrics=["acc"]))
    out = capsys.readouterr().out
    assert re.fullmatch(
        r"4/4 - \d+\.\d s, \d+\.\d\d ms/step - loss: 2.5000 - acc: 3.0000\n", out
    ), out


def test_means_are_weighted_by_steps(capsys):
    bar = Progbar(None, verbose=2, stateless_metrics=["loss"], unit_name="sample")
    bar.add(3, [("loss", 1), ("acc", 1)])
    bar.add(1, [("loss", [4, 6]), ("acc", 0.5)])
    assert capsys.readouterr().out == ""
    bar.update(4, finalize=True)
    out = capsys.readouterr().out
    assert out.startswith("4 - ")
    assert out.endswith("ms/sample - loss: 2.0000 - acc: 0.5000\n")


def test_silence(capsys):
    loop(Progbar(4, verbose=0))
    assert capsys.readouterr().out == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    bar = Progbar(4, width=8, interval=0)
    loop(bar)
    out = sys.stdout.getvalue()
    assert "2/4 |####    |" in out
    assert out.endswith("\n")
    assert "4/4 |########|" in out
    assert "loss: 2.5000, acc: 1.5000" in out.replace(" - ", ", ")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"verbose": 3}, "verbose must be 0, 1 or 2, got 3"),
        ({"target": -1}, "target must be"),
        ({"stateful_metrics": [], "stateless_metrics": []}, "not both"),
        ({"width": 0}, "width must be"),
        ({"interval": -1}, "interval must be"),
    ],
)
def test_errors(options, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        Progbar(**{"target": 4} | options)
