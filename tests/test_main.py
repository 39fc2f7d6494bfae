"""``python -m nnkit``."""

import platform
import subprocess
import sys

import pytest

import nnkit
from nnkit.__main__ import main


@pytest.fixture
def run(capsys):
    def called(*arguments):
        """Exit status, standard output and standard error."""
        try:
            main(arguments)
        except SystemExit as end:
            status = end.code
        else:
            status = 0
        return status, *capsys.readouterr()

    return called


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help(run, arguments):
    status, out, error = run(*arguments)
    assert (status, error) == (0, "")
    assert out.startswith("usage: python -m nnkit [-h] [--version] COMMAND ...\n\nnnkit: neural")
    assert "Stack layers" not in out
    for words in ("devices", "inspect", "--version", "--help"):
        assert words in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("command", ["devices", "inspect"])
def test_help_of_a_command(run, command):
    status, out, error = run(command, "--help")
    assert (status, error) == (0, "")
    assert out.startswith(f"usage: python -m nnkit {command} [-h]")


def test_version(run):
    status, out, error = run("--version")
    assert (status, error) == (0, "")
    assert out.startswith(f"nnkit {nnkit.__version__}, Python {platform.python_version()}, ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["device"], "there is no command 'device'; did you mean 'devices'?"),
        (["train"], "there is no command 'train'. There are: devices, inspect"),
        (["--versoin"], "unrecognized arguments: --versoin"),
        (["inspect"], "required: file"),
        (["devices", "now"], "unrecognized arguments: now"),
    ],
)
def test_wrong_arguments(run, arguments, message):
    status, out, error = run(*arguments)
    assert (status, out) == (2, "")
    assert error.startswith("usage: python -m nnkit")
    assert message in error


def test_inspect(run, tmp_path):
    model = nnkit.Sequential([nnkit.Input((4,)), nnkit.layers.Dense(2, name="only")])
    model.save(tmp_path / "model.h5")
    model.save_weights(tmp_path / "only.weights.h5")
    status, out, error = run(
        "inspect", str(tmp_path / "model.h5"), str(tmp_path / "only.weights.h5")
    )
    assert (status, error) == (0, "")
    assert out.startswith("model.h5: a whole model, written by nnkit")
    assert "only.weights.h5: weights, written by" in out
    assert out.count("only: ") == 2


def test_inspect_says_what_is_wrong(run, tmp_path):
    """In one line, without a traceback."""
    (tmp_path / "text.h5").write_text("no model")
    for name in ("text.h5", "nowhere.h5"):
        status, out, error = run("inspect", str(tmp_path / name))
        assert (out, error) == ("", "")
        assert status.startswith("nnkit: ")
        assert name in status
        assert "\n" not in status


def test_as_a_process():
    command = [sys.executable, "-m", "nnkit", "--version"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("nnkit ")
