"""Every hook is called, in order, and batches one by one only for those who ask for it."""

import copy

import numpy as np
import pytest

import nnkit
from nnkit.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    TerminateOnNaN,
)
from tests.callbacks.conftest import X, Y

HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


def recorder(calls, hooks=HOOKS):
    def note(name):
        return lambda *arguments: calls.append((name, *copy.deepcopy(arguments)))

    return LambdaCallback(**{name: note(name) for name in hooks})


def test_hooks_of_fit(model):
    calls = []
    hooks = [h for h in HOOKS if h not in ("on_progress", "on_batch_begin", "on_batch_end")]
    model.fit(
        X, Y, batch_size=20, verbose=0, callbacks=[recorder(calls, hooks)], validation_data=(X, Y)
    )
    assert [name for name, *_ in calls] == [
        "on_train_begin",
        "on_epoch_begin",
        "on_train_batch_begin",
        "on_train_batch_end",
        "on_train_batch_begin",
        "on_train_batch_end",
        "on_test_begin",
        "on_test_batch_begin",
        "on_test_batch_end",
        "on_test_batch_begin",
        "on_test_batch_end",
        "on_test_end",
        "on_epoch_end",
        "on_train_end",
        "on_exit",
    ]
    by_name = {name: rest for name, *rest in calls}
    assert by_name["on_epoch_end"][0] == 0
    assert list(by_name["on_epoch_end"][1]) == ["loss", "mae", "val_loss", "val_mae"]
    assert list(by_name["on_train_batch_end"][1]) == ["loss", "mae"]
    assert all(type(value) is float for value in by_name["on_epoch_end"][1].values())


def test_hooks_of_evaluate_and_predict(model):
    calls = []
    model.evaluate(X, Y, batch_size=40, verbose=0, callbacks=[recorder(calls)])
    assert [name for name, *_ in calls] == [
        "on_test_begin",
        "on_test_batch_begin",
        "on_test_batch_end",
        "on_progress",
        "on_test_end",
        "on_exit",
    ]
    calls.clear()
    model.predict(X, batch_size=40, callbacks=[recorder(calls)])
    assert [name for name, *_ in calls] == [
        "on_predict_begin",
        "on_predict_batch_begin",
        "on_predict_batch_end",
        "on_progress",
        "on_predict_end",
        "on_exit",
    ]


def test_old_names_of_batches(model):
    class Old(Callback):
        seen = 0

        def on_batch_begin(self, batch, logs=None):
            self.seen += 1

        def on_batch_end(self, batch, logs=None):
            self.seen += 10

    old = Old()
    model.fit(X, Y, batch_size=20, verbose=0, callbacks=[old])
    assert old.seen == 22


def test_progress(model):
    class Watch(Callback):
        steps = ()

        def on_progress(self, step, logs=None):
            self.steps += (step,)

    watch = Watch()
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=[watch])
    assert watch.steps[-1] == 10
    assert list(watch.steps) == sorted(watch.steps)


def test_every_hook_of_the_base_does_nothing():
    callback = Callback()
    for name in HOOKS:
        arguments = [0] if "batch" in name or "epoch" in name or "progress" in name else []
        assert getattr(callback, name)(*arguments, {}) is None


@pytest.mark.parametrize(
    "quiet",
    [
        History(),
        ProgbarLogger(),
        EarlyStopping(),
        ModelCheckpoint("m.h5"),
        TerminateOnNaN(),
        LearningRateScheduler(lambda epoch, rate: rate),
        LambdaCallback(on_epoch_end=print),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_who_needs_no_batches(quiet):
    listeners = CallbackList([quiet])
    assert not listeners.needs_train_batches
    assert not listeners.needs_test_batches
    assert not listeners.needs_predict_batches


@pytest.mark.parametrize(
    ("hook", "kind"),
    [
        ("on_batch_end", "train"),
        ("on_train_batch_begin", "train"),
        ("on_test_batch_end", "test"),
        ("on_predict_batch_begin", "predict"),
    ],
)
def test_who_needs_batches(hook, kind):
    by_class = type("Mine", (Callback,), {hook: lambda self, batch, logs=None: None})()
    for callback in (by_class, LambdaCallback(**{hook: print})):
        listeners = CallbackList([Callback(), callback])
        needed = {k: getattr(listeners, f"needs_{k}_batches") for k in ("train", "test", "predict")}
        assert needed == {k: k == kind for k in needed}


def test_checkpoints_of_batches_need_batches():
    assert CallbackList([ModelCheckpoint("m.h5", save_freq=3)]).needs_train_batches


def test_history_sees_what_others_add(model):
    class Add(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["extra"] = epoch / 2

    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[Add()])
    assert history.history["extra"] == [0.0, 0.5, 1.0]
    assert history.epoch == [0, 1, 2]


def test_stop_training(model):
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.batch = batch
            self.model.stop_training = batch == 1

    stop = Stop()
    history = model.fit(X, Y, batch_size=4, epochs=5, verbose=0, callbacks=[stop])
    assert (stop.batch, history.epoch) == (1, [0])


@pytest.mark.parametrize(
    ("wrong", "message"), [(EarlyStopping, "the class EarlyStopping"), (print, "built-in function")]
)
def test_what_is_no_callback(model, wrong, message):
    with pytest.raises(TypeError, match=rf"callbacks must be an object such as .*{message}"):
        model.fit(X, Y, verbose=0, callbacks=[wrong])


def test_lambda_callback_explains():
    with pytest.raises(TypeError, match="no hook 'on_epoch_ends'; did you mean"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="on_epoch_end must be a function, got 3"):
        LambdaCallback(on_epoch_end=3)


def test_one_callback_is_a_list_of_one(model):
    calls = []
    model.fit(X, Y, verbose=0, callbacks=recorder(calls, ["on_epoch_end"]))
    model.evaluate(X, Y, verbose=0, callbacks=recorder(calls, ["on_test_end"]))
    model.predict(X, callbacks=recorder(calls, ["on_predict_end"]))
    model.fit(X, Y, verbose=0, callbacks=CallbackList([recorder(calls, ["on_train_end"])]))
    assert [name for name, *_ in calls] == [
        "on_epoch_end",
        "on_test_end",
        "on_predict_end",
        "on_train_end",
    ]


def test_lists_in_lists_keep_batches_native():
    inner = CallbackList([EarlyStopping(), History()])
    listeners = CallbackList([inner, (TerminateOnNaN(), None)])
    assert [type(c) for c in listeners.callbacks] == [EarlyStopping, TerminateOnNaN, History]
    assert not listeners.needs_train_batches


class Mine(Callback):
    def __init__(self, patience):
        super().__init__()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EarlyStopping(patiance=3), "no argument 'patiance'; did you mean 'patience'"),
        (lambda: ModelCheckpoint("m.h5", save_best=True), "did you mean 'save_best_only'"),
        (lambda: CSVLogger("log.csv", apend=True), "did you mean 'append'"),
        (lambda: ProgbarLogger(verbos=1), "ProgbarLogger has no argument 'verbos'"),
        (lambda: TerminateOnNaN(raise_errors=True), "did you mean 'raise_error'"),
        (lambda: Mine(patiance=1), "Mine has no argument 'patiance'; did you mean 'patience'"),
    ],
)
def test_unknown_arguments_name_the_nearest(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_a_given_bar_and_history_take_the_place_of_those_of_fit(model, capsys):
    class Bar(ProgbarLogger):
        def on_epoch_end(self, epoch, logs=None):
            print("one line")

    history = History()
    assert model.fit(X, Y, verbose=2, callbacks=[Bar(), history]) is history is model.history
    model.fit(X, Y, verbose=0, callbacks=[ProgbarLogger(count_mode="samples")])
    model.evaluate(X, Y, verbose=2, callbacks=[ProgbarLogger()])
    first, second = capsys.readouterr().out.splitlines()
    assert (first, second[:8]) == ("one line", "Evaluate")


def test_all_methods_of_a_lambda_callback():
    seen = []
    hooks = dict.fromkeys(("set_model", "set_params", "on_batch_end"), seen.append)
    listeners = CallbackList(LambdaCallback(on_batch_begin=None, **hooks), model=3, steps=4)
    assert seen == [3, {"steps": 4}]
    assert listeners.needs_train_batches
    for name, value in (("on_epoch_ende", print), ("__init__", print), ("on_batch_end", 3)):
        with pytest.raises(TypeError, match=f"LambdaCallback: .*{name}"):
            LambdaCallback(**{name: value})


def test_params(model):
    class Look(Callback):
        def on_train_begin(self, logs=None):
            self.found = self.params

    look = Look()
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0, callbacks=[look])
    assert (look.found["epochs"], look.found["steps"], look.found["verbose"]) == (2, 3, 0)


def test_two_fits_with_one_history():
    history = nnkit.callbacks.History()
    for value in (0.5, 0.25):
        history.on_train_begin()
        history.on_epoch_end(0, {"loss": value})
    assert (history.history, history.epoch) == ({"loss": [0.5, 0.25]}, [0])
    assert np.isfinite(history.history["loss"]).all()
