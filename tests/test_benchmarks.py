"""The benchmarks run and write what they found; how fast anything was is not a test."""

import json

from benchmarks.__main__ import main


def test_training_without_peers(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.threads.limit", lambda: None)  # It would stay limited.
    options = ["--quick", "--only", "training", "--peers", "nnkit", "--cases", "tiny"]
    page = main(options, tmp_path)
    text = page.read_text()
    assert "### Training 64-32-10 tanh, batch 32, SGD" in text
    assert "| nnkit " in text
    assert text.strip() in capsys.readouterr().out
    (found,) = json.loads(page.with_suffix(".json").read_text())["results"].values()
    assert found["nnkit"]["speed_up"] == 1
    assert 0 < found["nnkit"]["loss"] < 2.3  # Less than that of guesses.
