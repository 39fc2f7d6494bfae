"""Python's collector rests while steps are recorded, in all threads, and runs again afterwards."""

import gc
import multiprocessing
import os
import threading

import pytest

from nnkit.engine.garbage import uncollected


def test_it_runs_again():
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_runs_again_after_an_error():
    with pytest.raises(ValueError, match="no number"), uncollected():
        int("no number")
    assert gc.isenabled()


def test_it_stays_off_for_who_has_switched_it_off():
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_it_runs_when_the_last_thread_is_done():
    inside, done = threading.Event(), threading.Event()

    def work():
        with uncollected():
            inside.set()
            done.wait()

    thread = threading.Thread(target=work)
    with uncollected():
        thread.start()
        inside.wait()
    assert not gc.isenabled()
    done.set()
    thread.join()
    assert gc.isenabled()


def enabled(results):
    results.put(gc.isenabled())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_it_runs_in_a_child_that_is_forked_while_another_thread_records():
    inside, done = threading.Event(), threading.Event()

    def work():
        with uncollected():
            inside.set()
            done.wait()

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=enabled, args=(results,))
    child.start()
    found = results.get()
    child.join()
    done.set()
    thread.join()
    assert found
    assert gc.isenabled()
