"""Reads files in a process that may have little memory and time, as if strangers had made them."""

import json
import subprocess
import sys
import textwrap

READER = """
    import json, os, resource, sys, warnings
    import numpy as np
    import nnkit
    from nnkit.layers import Dense, Dropout, Softmax, Tanh

    layers = [nnkit.Input((4,)), Dense(5), Tanh(), Dropout(0.2), Dense(3), Softmax()]
    model = nnkit.Sequential(layers)
    actions = nnkit.load_model, model.load_weights, nnkit.saving.inspect
    warnings.simplefilter("ignore")
    pages = int(open("/proc/self/statm").read().split()[0])
    memory = pages * resource.getpagesize() + MEGABYTES * 2**20

    def answer(action, path):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        try:
            return "read: " + str(action(path))
        except nnkit.errors.FileFormatError as error:
            return str(error)
        except BaseException as error:
            return "wrong: " + repr(error)

    for path in sys.argv[1:]:
        answers = []
        for action in actions:
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.write(writing, answer(action, path).encode()[:4096])
                os._exit(0)
            os.close(writing)
            said = b"".join(iter(lambda: os.read(reading, 4096), b"")).decode(errors="replace")
            os.close(reading)
            status = os.waitpid(child, 0)[1]
            answers.append(said if status == 0 else f"wrong: ended with status {status}")
        print(json.dumps(answers), flush=True)
"""


def answers(paths, megabytes=300, seconds=5):
    """What ``load_model``, ``load_weights`` and ``inspect`` say of each file.

    Each may take so many megabytes and seconds of CPU time, or says ``"wrong: ..."``.
    """
    code = textwrap.dedent(READER)
    code = code.replace("MEGABYTES", str(megabytes)).replace("SECONDS", str(seconds))
    done = subprocess.run([sys.executable, "-c", code, *map(str, paths)], stdout=subprocess.PIPE)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert len(found) == len(paths)
    return found
