#!/usr/bin/env bash
# Build the sdist, the wheel from the sdist, and test what was installed from the wheel in a fresh
# environment, from a folder that has nothing else in it.
#
#     tools/check_wheel.sh PYTHON      a python that has `build`
set -euo pipefail
python=$(realpath --no-symlinks "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$python" -m build --outdir "$scratch/dist" "$root" >"$scratch/build.log" 2>&1 ||
    { cat "$scratch/build.log"; exit 1; }
"$python" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet "$scratch"/dist/*.whl hypothesis pytest pytest-xdist

mkdir "$scratch/empty"
cd "$scratch/empty"
tar --extract --strip-components=1 --file "$scratch"/dist/*.tar.gz --wildcards '*/tests' '*/setup.cfg'
"$scratch/venv/bin/python" -c \
    'import nnkit; assert "site-packages" in nnkit.__file__, f"{nnkit.__file__} is not the wheel"'
# What a wheel can get wrong is what is in it: every layer, files, data, training, symbolic programs.
# The test of threads reads the manual, which is not in it.
"$scratch/venv/bin/python" -m pytest --quiet -p no:cacheprovider --numprocesses auto --dist loadfile \
    tests/callbacks tests/datasets tests/layers/test_gradients.py tests/models tests/networks tests/saving \
    tests/symbolic/test_programs.py tests/test_smoke.py tests/training \
    --ignore tests/training/test_threads.py
