"""cuBLASLt in NumPy: the functions that nnkit calls, on host memory.

It stands where a shared library would, and takes what ctypes passes to one. It remembers every
call, and it fails where the library would: after an object is destroyed, or without an algorithm.
"""

import ctypes

import numpy as np

TYPES = {0: np.float32, 1: np.float64}
DEFAULT, BIAS, BGRADA = 1, 4, 256
TRANSA, TRANSB, EPILOGUE, BIAS_POINTER = 3, 4, 7, 8
SUCCESS, INVALID_VALUE, NOT_SUPPORTED = 0, 7, 15
NAMES = {1: "NOT_INITIALIZED", 3: "ALLOC_FAILED", 7: "INVALID_VALUE", 13: "EXECUTION_FAILED"}
NAMES |= {NOT_SUPPORTED: "NOT_SUPPORTED"}


def column_major(address, dtype, rows, columns, ld):
    """A matrix in memory, ``ld`` elements from column to column."""
    assert ld >= rows
    size = np.dtype(dtype).itemsize
    memory = (ctypes.c_char * (size * ((columns - 1) * ld + rows))).from_address(address)
    flat = np.frombuffer(memory, dtype)
    return np.lib.stride_tricks.as_strided(flat, (rows, columns), (size, ld * size))


def multiply(a, b, d, epilogue, bias):
    """d = a b, with an epilogue; ``bias`` is read by some and written by others."""
    d[...] = a @ b
    if epilogue == BIAS:
        d += bias[:, None]
    if epilogue == BGRADA:
        bias[...] = a.sum(axis=1)


class Library:
    """cublasLt.so.

    Parameters
    ----------
    epilogues : sequence of int
        Those that it has algorithms for.
    none_found : int
        The status with which it says that it has none.

    Attributes
    ----------
    alive : dict of int to dict
        What has been created and not destroyed: kind and attributes.
    calls : list of str
        Names of the functions called, without ``cublasLt``.
    fails : dict of str to int
        Status of functions that shall fail.
    """

    def __init__(self, epilogues=(DEFAULT, BIAS, BGRADA), none_found=NOT_SUPPORTED):
        self.epilogues, self.none_found = epilogues, none_found
        self.alive, self.calls, self.fails = {}, [], {}
        self._created = 0

    def cublasLtGetVersion(self):
        return 130101

    def cublasLtGetStatusName(self, status):
        return (f"CUBLAS_STATUS_{NAMES[status]}" if status in NAMES else "unknown").encode()

    def __getattr__(self, name):
        if not name.startswith("cublasLt"):
            raise AttributeError(name)
        name = name.removeprefix("cublasLt")

        def function(*arguments):
            self.calls.append(name)
            if name in self.fails:
                return self.fails[name]
            for kind in ("MatmulDesc", "MatrixLayout", "MatmulPreference", ""):
                if name.startswith(kind) and hasattr(self, "_" + name.removeprefix(kind)):
                    return getattr(self, "_" + name.removeprefix(kind))(kind, *arguments)
            raise AttributeError(name)

        return function

    # -------------------------------------------------------------------------------- objects

    def _Create(self, kind, handle, *arguments):
        self._created += 1
        handle._obj.value = self._created
        self.alive[self._created] = {"kind": kind, "arguments": arguments}
        return SUCCESS

    def _Destroy(self, kind, handle):
        gone = self.alive.pop(handle.value)
        assert gone["kind"] == kind
        return SUCCESS

    def _SetAttribute(self, kind, handle, attribute, value, size):
        assert size == ctypes.sizeof(value._obj)
        self._get(handle, kind)[attribute] = value._obj.value
        return SUCCESS

    def _get(self, handle, kind):
        found = self.alive[handle.value]
        assert found["kind"] == kind
        return found

    # ------------------------------------------------------------------------------- products

    def _MatmulAlgoGetHeuristic(
        self, _, handle, operation, a, b, c, d, preference, most, found, count
    ):
        self._get(handle, "")
        self.preference = dict(self._get(preference, "MatmulPreference"))
        operation = self._get(operation, "MatmulDesc")
        for layout in (a, b, c, d):
            self._get(layout, "MatrixLayout")
        if operation[EPILOGUE] not in self.epilogues:
            return self.none_found
        found._obj.algorithm[0] = 1234
        count._obj.value = most
        return SUCCESS

    def _Matmul(
        self, _, handle, operation, one, a, of_a, b, of_b, beta, c, of_c, d, of_d, algorithm, *rest
    ):
        self._get(handle, "")
        operation = self._get(operation, "MatmulDesc")
        assert (one._obj.value, algorithm._obj.algorithm[0]) == (1, 1234)
        assert type(beta._obj) is type(one._obj)
        assert (c, of_c) == (d, of_d)
        self.workspace, _, self.stream = rest

        def matrix(address, layout):
            kind, *form = self._get(layout, "MatrixLayout")["arguments"]
            assert type(one._obj) is {0: ctypes.c_float, 1: ctypes.c_double}[kind]
            return column_major(address, TYPES[kind], *form)

        a, b, d = matrix(a, of_a), matrix(b, of_b), matrix(d, of_d)
        a, b = a.T if operation[TRANSA] else a, b.T if operation[TRANSB] else b
        bias = None
        if operation[EPILOGUE] != DEFAULT:
            # BGRADA needs op(A) = N.
            assert operation[EPILOGUE] != BGRADA or not operation[TRANSA]
            bias = column_major(operation[BIAS_POINTER], d.dtype, len(d), 1, len(d))[:, 0]
        before = d.copy() if beta._obj.value else 0  # Of memory that may hold NaN.
        multiply(a, b, d, operation[EPILOGUE], bias)
        d += beta._obj.value * before
        return SUCCESS
