"""A driver without a device: it runs the CPU's kernels, and refuses what a real one would."""

from contextlib import contextmanager

from nnkit.engine.cuda.simulator import Simulator
from nnkit.engine.dispatch import cuda_twin
from nnkit.errors import DeviceError
from tests.helpers import launch_on_cpu


class FakeDriver(Simulator):
    """Keeps what was asked of it in ``log``, and fails where a test tells it to.

    Attributes
    ----------
    log : list of str
        ``"launch tanh"``, ``"capture"``, ``"replay"``, ``"upload"``...
    failing : set of str
        Kernels whose launch fails, or ``"capture"``.
    """

    def __init__(self, index=0):
        super().__init__(index)
        self.log, self.failing, self._launched = [], set(), set()
        self._kernels = {}

    def twin_of(self, kernel):
        """In place of ``cuda_twin``: remembers the CPU's kernel, which is launched instead."""
        twin = cuda_twin(kernel)
        self._kernels[twin] = kernel
        return twin

    def refuse_in_capture(self, what):
        """What allocates, copies or waits breaks a capture."""
        if self.api.captured is not None:
            raise AssertionError(f"{what} while a stream is captured")
        self.log.append(what)

    def allocate(self, size):
        self.refuse_in_capture("allocate")
        return super().allocate(size)

    def upload(self, source, target, offset=0):
        self.refuse_in_capture("upload")
        super().upload(source, target, offset)

    def download(self, source, target, offset=0):
        self.refuse_in_capture("download")
        super().download(source, target, offset)

    def synchronize(self):
        self.refuse_in_capture("synchronize")

    def view(self, memory, offset, shape, strides, dtype):
        assert self.api.captured is None
        return self.array(memory, offset, shape, strides, dtype)

    def launcher(self, kernel, arguments):
        assert self.api.captured is None
        on_cpu = self._kernels[kernel]

        def launch(*arguments):
            if kernel.name in self.failing:
                raise DeviceError("CUDA_ERROR_ILLEGAL_ADDRESS")
            if self.api.captured is None:
                self._launched.add(kernel)
                self.log.append(f"launch {kernel.name}")
                launch_on_cpu(on_cpu, arguments)
                return
            # The first launch of a kernel compiles it and loads a module.
            assert kernel in self._launched, f"{kernel.name} is first launched in a capture"
            self.api.captured.append(lambda: launch_on_cpu(on_cpu, arguments))

        return launch

    @contextmanager
    def capture(self):
        self.refuse_in_capture("capture")
        if "capture" in self.failing:
            raise DeviceError("cuStreamBeginCapture failed")
        with super().capture() as graph:
            yield graph
        replay = graph.launch
        graph.launch = lambda: (self.log.append("replay"), replay())
