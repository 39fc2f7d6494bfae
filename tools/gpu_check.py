"""Check nnkit on a GPU, and measure it against torch and JAX: one command, under 8 minutes.

    python tools/gpu_check.py                        what `make gpu-check` does
    python tools/gpu_check.py --short --simulated    its logic, without a GPU

It needs no installation of nnkit and no network. The exit status is 1 if something was computed
wrongly, and 2 if there is no GPU to use; speed does not count.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.gpu import training  # noqa: E402
from benchmarks.gpu.probe import find_toolkit  # noqa: E402
from benchmarks.gpu.report import Report  # noqa: E402
from benchmarks.gpu.sections import FAILED, LATE, Deadline, Process, Section  # noqa: E402

CEILINGS = Section("Ceilings of the device", "benchmarks.gpu.ceilings:Ceilings")
KERNELS = Section("Kernels against float64", "benchmarks.gpu.kernels:Kernels")
PRODUCTS = Section("Products against float64", "benchmarks.gpu.products:Products")
AGREEMENT = Section("Ways that must agree", "benchmarks.gpu.agreement:Agreement")
# Up to what share of the time each may last, and before them the search for the device.
FOUND = 0.06
ENDS = {CEILINGS: 0.13, KERNELS: 0.32, PRODUCTS: 0.36, AGREEMENT: 0.52}


def main():
    """Run all sections; returns the exit status."""
    options = _parse()
    if options.simulated:
        os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    find_toolkit()
    whole = Deadline(options.budget)

    def until(share):
        return Deadline(whole.left - (1 - share) * options.budget)

    with Process("benchmarks.gpu.probe:Probe") as process:
        try:
            found = process.call(until(FOUND), "found")
        except RuntimeError as error:
            print(f"There is no GPU to check:\n\n{error}", file=sys.stderr)
            return 2
    report = Report(sys.argv[1:], found)

    outcomes = {}
    for section in (KERNELS, AGREEMENT) if options.simulated else ENDS:
        outcomes[section] = section.run(options.short, until(ENDS[section]))
        report.add(section.table(outcomes[section]))
    ceilings = {o.name: o.value for o in outcomes.pop(CEILINGS, [])}

    work = training.Training(options.short, whole)
    results = work.run()
    for name, case in work.cases.items():
        report.add(training.table(case, results[name]))
    report.add(training.summary(work.cases, results, ceilings))
    if work.missing:
        print(f"Not installed, so not measured: {', '.join(work.missing)}\n")

    page = report.write(options.output)
    print(f"Written to {page} and {page.with_suffix('.json').name}")
    _copy(page)
    return _verdict([o for each in outcomes.values() for o in each])


def _parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    text = "seconds; what is not reached in time is named (default: %(default)g)"
    parser.add_argument("--budget", type=float, default=460, help=text)
    parser.add_argument("--short", action="store_true", help="tiny sizes, and no other library")
    text = "in numba's CUDA simulator: nothing that needs a device"
    parser.add_argument("--simulated", action="store_true", help=text)
    parser.add_argument("--output", type=Path, help="folder for the results")
    options = parser.parse_args()
    if options.output is None:
        # Only a whole run is a result to keep.
        whole = not (options.short or options.simulated)
        options.output = ROOT / "benchmarks" / ("results" if whole else "scratch")
    return options


def _copy(page):
    """Put the results where whoever lends the machine collects them."""
    folder = os.environ.get("OUT")
    if folder and os.access(folder, os.W_OK):
        for path in (page, page.with_suffix(".json")):
            shutil.copy(path, folder)


def _verdict(outcomes):
    """Say what of the checks failed or was not reached."""
    for state in (FAILED, LATE):
        names = [o.name for o in outcomes if o.state == state]
        if names:
            print(f"{state}: {', '.join(names)}")
    failed = any(o.state == FAILED for o in outcomes)
    print("nnkit computes wrongly on this device." if failed else "All that was checked is right.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
