"""What is seen of a run, on a terminal and elsewhere; and the callbacks that steer."""

import functools
import io
import os
import re
import sys
import time
import types

import numpy as np
import pytest

from nnkit.callbacks import Callback, LearningRateScheduler, ProgbarLogger, TerminateOnNaN
from nnkit.kernels._compilations import compilations
from tests.callbacks.conftest import X, Y

COMPILED = r"(?: \(\d+\.\d s compiling \d+ kernels?, once on this machine\))?"
TIMES = rf"\d+\.\d s{COMPILED}, \d+\.\d\d ms/step"
LINE = rf"Epoch \d/2 - 10 steps, {TIMES} - loss: [\d.]+ - mae: [\d.]+"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def use_terminal(monkeypatch):
    """From here on: pytest itself replaces standard output between a fixture and its test."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    return sys.stdout


def bar_of(params=()):
    bar = ProgbarLogger()
    bar.set_params(dict(params))
    return bar


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
    bar = bar_of({"epochs": 3, "steps": 100})
    bar.on_train_begin()
    bar.on_epoch_begin(1)
    bar._bar.mininterval = 0
    bar.on_progress(40, {"loss": 0.125})
    assert re.search(r"Epoch 2/3:  40%.*40/100.*loss: 0.1250", terminal.getvalue())
    bar.on_exit()  # After Ctrl-C no epoch ends.
    assert bar._bar is None


def test_dumb_terminal(monkeypatch):
    use_terminal(monkeypatch)
    assert bar_of().verbose == 1
    monkeypatch.setenv("TERM", "dumb")
    assert bar_of().verbose == 2


def test_terminal_without_a_width(monkeypatch):
    """As that of a container or a recorder: a line of no columns would show nothing."""
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((0, 0)))
    terminal = use_terminal(monkeypatch)
    terminal.fileno = lambda: 1
    bar = bar_of({"epochs": 3, "steps": 100})
    bar.on_epoch_begin(0)
    assert "Epoch 1/3:   0%|" in terminal.getvalue()
    bar.on_exit()


# --------------------------------------------------------------------------------- compiling


class Clock:
    """Time that goes by when a test says so."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


def opened(monkeypatch):
    """A bar of 100 steps on a terminal, a clock for it, and what it has written."""
    terminal, clock = use_terminal(monkeypatch), Clock(monkeypatch)
    bar = bar_of({"epochs": 3, "steps": 100})
    bar.on_train_begin()
    bar.on_epoch_begin(0)
    bar._bar.mininterval = 0
    bar._bar._time = time.perf_counter
    bar._bar.start_t = bar._bar.last_print_t = clock.now
    return bar, clock, terminal


def last_line(terminal):
    return terminal.getvalue().rstrip("\r ").split("\r")[-1].strip()


def test_a_bar_counts_kernels_that_are_compiled(monkeypatch):
    bar, clock, terminal = opened(monkeypatch)
    for number in (1, 2):
        with compilations().compiling():
            text = f"Epoch 1/3: compiling kernel {number}, once on this machine"
            assert last_line(terminal) == f"{text} [00:{3 * number - 3:02}]"
            clock.now += 3
        assert re.match(rf"Epoch 1/3:   0%.*0/100 \[00:{3 * number:02}<", last_line(terminal))
    with compilations().compiling(), compilations().compiling():  # One needs another.
        assert "compiling kernel 4, once" in last_line(terminal)
        clock.now += 2
    bar.on_exit()


def test_compiling_counts_neither_for_a_step_nor_for_the_rest(monkeypatch):
    bar, clock, terminal = opened(monkeypatch)
    with compilations().compiling(), compilations().compiling():
        clock.now += 60
    clock.now += 1
    bar.on_progress(10, {"loss": 0.5})
    assert "| 10/100 [01:01<00:09, 10.00step/s, loss: 0.5000]" in last_line(terminal)
    clock.now += 9
    bar.on_progress(100, {"loss": 0.5})
    bar.on_epoch_end(0, {"loss": 0.5})
    assert last_line(terminal) == (
        "Epoch 1/3 - 100 steps, 70.0 s (60.0 s compiling 2 kernels, once on this machine), "
        "100.00 ms/step - loss: 0.5000"
    )
    bar.on_epoch_begin(1)
    clock.now += 1
    bar.on_epoch_end(1, {"loss": 0.25})
    assert last_line(terminal) == "Epoch 2/3 - 100 steps, 1.0 s, 10.00 ms/step - loss: 0.2500"


def test_plain_lines_say_what_was_compiled(monkeypatch, capsys):
    clock = Clock(monkeypatch)
    bar = bar_of({"verbose": 2, "steps": 10})
    bar.on_predict_begin()
    with compilations().compiling():
        clock.now += 2
    clock.now += 1
    bar.on_predict_end()
    assert capsys.readouterr().out == (
        "Predict - 10 steps, 3.0 s (2.0 s compiling 1 kernel, once on this machine), "
        "100.00 ms/step\n"
    )


def test_nothing_is_said_of_kernels_that_are_there(model, monkeypatch):
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    terminal = use_terminal(monkeypatch)
    model.fit(X, Y, verbose=1)
    model.evaluate(X, Y, verbose=1)
    assert "compil" not in terminal.getvalue()


class Compiles(Callback):
    def on_test_batch_begin(self, batch, logs=None):
        with compilations().compiling():
            pass

    on_predict_batch_begin = on_test_batch_begin


@pytest.mark.parametrize("call", ["predict", "evaluate"])
def test_evaluate_and_predict_say_it_too(model, monkeypatch, call):
    terminal = use_terminal(monkeypatch)
    data = (X,) if call == "predict" else (X, Y)
    getattr(model, call)(*data, verbose=1, callbacks=[Compiles()])
    title = call.capitalize()
    assert f"\r{title}: compiling kernel " in terminal.getvalue()
    assert re.search(rf"\r{title} - 1 steps, .* s compiling \d+ kernel", terminal.getvalue())


class Fails(Callback):
    def on_test_batch_begin(self, batch, logs=None):
        raise KeyboardInterrupt

    on_predict_batch_begin = on_train_batch_begin = on_test_batch_begin


@pytest.mark.parametrize("call", ["fit", "predict", "evaluate"])
def test_a_bar_is_taken_away_after_an_error(model, monkeypatch, call):
    terminal = use_terminal(monkeypatch)
    data = (X,) if call == "predict" else (X, Y)
    with pytest.raises(KeyboardInterrupt):
        getattr(model, call)(*data, verbose=1, callbacks=[Fails()])
    assert compilations().listeners == []
    assert terminal.getvalue().endswith(" \r")  # Written over.


# ---------------------------------------------------------------------------------- notebooks


@pytest.fixture
def notebook(monkeypatch):
    """Stands in for IPython in a notebook; each output is the list of its contents in time."""
    outputs = []

    def display(content, raw, display_id):
        assert raw
        assert display_id is True
        outputs.append([content])
        return types.SimpleNamespace(update=lambda new, raw: outputs[-1].append(new))

    shell = type("Shell", (type("ZMQInteractiveShell", (), {}),), {})()  # As Colab's.
    ipython = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    return outputs


def test_a_notebook_is_saved_without_its_bars(notebook, capsys):
    bar = bar_of({"epochs": 2, "steps": 100})
    bar.on_train_begin()
    for epoch in range(2):
        bar.on_epoch_begin(epoch)
        with compilations().compiling():
            pass
        bar._bar.mininterval = bar._bar.delay = 0
        bar.on_progress(40, {"loss": 0.125})
        bar.on_epoch_end(epoch, {"loss": 0.125})
    bar.on_exit()
    (contents,) = notebook  # One place for all epochs.
    texts = [content["text/plain"] for content in contents]
    assert texts[0].startswith("Epoch 1/2: compiling kernel 1, once on this machine [")
    assert any(re.match(r"Epoch 2/2:  40%\|.*loss: 0.1250\]$", text) for text in texts)
    assert contents[-1] == {"text/plain": "", "text/html": ""}
    printed = capsys.readouterr().out
    assert "\r" not in printed
    assert len(printed.splitlines()) == 2


def test_short_epochs_do_not_flood_a_notebook(notebook):
    bar = bar_of()
    for epoch in range(100):
        bar.on_epoch_begin(epoch)
        bar.on_epoch_end(epoch, {"loss": 0.5})
    assert notebook == []


def test_no_output_at_all(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # As in a Windows program without a console.
    assert bar_of().verbose == 2


@pytest.mark.parametrize("verbose", [3, "loud", None])
def test_unknown_verbosity(verbose):
    with pytest.raises(ValueError, match="verbose must be 'auto', 0, 1 or 2"):
        bar_of({"verbose": verbose})


def test_evaluate_and_predict(model, capsys):
    model.evaluate(X, Y, verbose=2)
    model.predict(X, verbose=2)
    evaluated, predicted = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Evaluate - 1 steps, .* ms/step - loss: [\d.]+ - mae: [\d.]+", evaluated)
    assert re.fullmatch(r"Predict - 1 steps, .* ms/step", predicted)


def test_numbers_of_any_size(capsys):
    bar = bar_of({"verbose": 2})
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
