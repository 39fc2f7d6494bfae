"""What is seen of a run, on a terminal and elsewhere; and the callbacks that steer."""

import functools
import io
import re
import sys
import types

import numpy as np
import pytest

from nnkit.callbacks import LearningRateScheduler, ProgressBar, TerminateOnNaN
from tests.callbacks.conftest import X, Y

LINE = r"Epoch \d/2 - 10 steps, \d+\.\d s, \d+\.\d\d ms/step - loss: [\d.]+ - mae: [\d.]+"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def use_terminal(monkeypatch):
    """From here on: pytest itself replaces standard output between a fixture and its test."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    return sys.stdout


@pytest.mark.parametrize("verbose", ["auto", 2])
def test_plain_lines(model, capsys, verbose):
    model.fit(X, Y, batch_size=4, epochs=2, verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all(re.fullmatch(LINE, line) for line in lines)


def test_silent(model, capsys):
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert capsys.readouterr() == ("", "")


def test_terminal(model, monkeypatch):
    terminal = use_terminal(monkeypatch)
    model.fit(X, Y, batch_size=4, epochs=2, validation_data=(X, Y))
    text = terminal.getvalue()
    assert "\r" in text
    assert "\x1b" not in text
    finished = [line.split("\r")[-1] for line in text.rstrip("\n").split("\n")]
    assert all(re.match(LINE + r" - val_loss: [\d.]+ - val_mae: [\d.]+$", f) for f in finished[-2:])


def test_live_bar(monkeypatch):
    terminal = use_terminal(monkeypatch)
    bar = ProgressBar()
    bar.set_params({"epochs": 3, "steps": 100})
    bar.on_train_begin()
    bar.on_epoch_begin(1)
    bar._bar.mininterval = 0
    bar.on_progress(40, {"loss": 0.125})
    assert re.search(r"Epoch 2/3:  40%.*40/100.*loss: 0.1250", terminal.getvalue())
    bar.on_train_end()  # After Ctrl-C no epoch ends.
    assert bar._bar is None


def test_dumb_terminal(monkeypatch):
    use_terminal(monkeypatch)
    assert ProgressBar().verbose == 1
    monkeypatch.setenv("TERM", "dumb")
    assert ProgressBar().verbose == 2


def test_notebook(monkeypatch):
    shell = type("ZMQInteractiveShell", (), {})()
    ipython = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert ProgressBar().verbose == 1


def test_no_output_at_all(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # As in a Windows program without a console.
    assert ProgressBar().verbose == 2


@pytest.mark.parametrize("verbose", [3, "loud", None])
def test_unknown_verbosity(verbose):
    with pytest.raises(ValueError, match="verbose must be 'auto', 0, 1 or 2"):
        ProgressBar(verbose)


def test_evaluate_and_predict(model, capsys):
    model.evaluate(X, Y, verbose=2)
    model.predict(X, verbose=2)
    evaluated, predicted = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Evaluate - 1 steps, .* ms/step - loss: [\d.]+ - mae: [\d.]+", evaluated)
    assert re.fullmatch(r"Predict - 1 steps, .* ms/step", predicted)


def test_numbers_of_any_size(capsys):
    bar = ProgressBar(2)
    bar.on_epoch_begin(0)
    bar.on_epoch_end(0, {"a": 1e-5, "b": 0.0, "c": 123456.0, "d": 0.5, "e": float("nan")})
    assert "a: 1e-05 - b: 0.0000 - c: 1.235e+05 - d: 0.5000 - e: nan" in capsys.readouterr().out


def test_learning_rate_scheduler(model, capsys):
    scheduler = LearningRateScheduler(lambda epoch, rate: 0.1 / (epoch + 1), verbose=1)
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[scheduler])
    assert history.history["learning_rate"] == [0.1, 0.05]
    assert model.optimizer.learning_rate == 0.05
    assert "Epoch 2: the learning rate is 0.05" in capsys.readouterr().out


@pytest.mark.parametrize(
    "schedule",
    [
        lambda epoch: 0.5 / (epoch + 1),
        lambda epoch, rate: 0.5 / (epoch + 1),
        lambda *arguments: 0.5 / (arguments[0] + 1),
        functools.partial(lambda base, epoch: base / (epoch + 1), 0.5),
        [0.5, 0.25].__getitem__,
    ],
)
def test_schedules_of_one_or_two_arguments(model, schedule):
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=LearningRateScheduler(schedule))
    assert history.history["learning_rate"] == [0.5, 0.25]


def test_an_error_inside_a_schedule_is_the_users(model):
    with pytest.raises(TypeError, match="unsupported operand"):
        model.fit(X, Y, verbose=0, callbacks=LearningRateScheduler(lambda epoch: epoch + "1"))


def test_learning_rate_scheduler_explains(model):
    for wrong in (0.1, lambda: 0.1, lambda epoch, rate, more: rate):
        with pytest.raises(TypeError, match="schedule must be a function of the epoch, or of it"):
            LearningRateScheduler(wrong)
    wrong = LearningRateScheduler(lambda epoch, rate: "fast")
    with pytest.raises(TypeError, match="what schedule returns must be a number"):
        model.fit(X, Y, verbose=0, callbacks=[wrong])


def diverging(model):
    model.optimizer.learning_rate = 1e30
    return {"x": X, "y": Y, "batch_size": 4, "epochs": 9, "verbose": 0}


def test_terminate_on_nan(model, capsys):
    history = model.fit(**diverging(model), callbacks=[TerminateOnNaN()])
    assert history.epoch == [0]
    assert not np.isfinite(history.history["loss"][0])
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_terminate_on_nan_with_an_error(model):
    with pytest.raises(RuntimeError, match=r"the loss is (nan|inf) after batch \d+ of the epoch"):
        model.fit(**diverging(model), callbacks=[TerminateOnNaN(raise_error=True)])
