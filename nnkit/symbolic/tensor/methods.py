"""What can be done with a tensor by operators and methods: each is a function of ``T``, too."""

from __future__ import annotations

from typing import Any

__all__ = ["TensorMethods"]


def _t() -> Any:
    """The functions, which are made of variables and so can't be imported before them."""
    from nnkit.symbolic import tensor

    return tensor


# What T calls otherwise than NumPy.
_UFUNCS = {
    "absolute": "abs_",
    "bitwise_and": "and_",
    "bitwise_or": "or_",
    "bitwise_xor": "xor",
    "divide": "true_div",
    "floor_divide": "int_div",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "matmul": "dot",
    "multiply": "mul",
    "negative": "neg",
    "positive": "identity",
    "power": "pow",
    "remainder": "mod",
    "rint": "round",
    "sign": "sgn",
    "square": "sqr",
    "subtract": "sub",
}


class TensorMethods:
    """Operators and methods."""

    __array_priority__ = 1000  # NumPy leaves ``array + variable`` to the variable.

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's functions of variables are those of ``T``: ``np.exp(x)``."""
        name = ufunc.__name__
        if name in ("equal", "not_equal"):
            return name == "not_equal"  # As ``==``, which compares variables, not values.
        function = getattr(_t(), _UFUNCS.get(name, name), None)
        if options.get("out", (None,))[0] is inputs[0]:
            del options["out"]  # ``array += x`` makes it a variable.
        if method != "__call__" or options or function is None:
            raise TypeError(f"np.{name} works on arrays, and {self!r} has no value yet")
        return function(*inputs)

    def __float__(self) -> float:
        raise TypeError(f"{self!r} has no value yet; use eval, or a function")

    def __int__(self) -> int:
        raise TypeError(f"{self!r} has no value yet; use eval, or a function")

    def __add__(self, other: Any) -> Any:
        return _t().add(self, other)

    def __radd__(self, other: Any) -> Any:
        return _t().add(other, self)

    def __sub__(self, other: Any) -> Any:
        return _t().sub(self, other)

    def __rsub__(self, other: Any) -> Any:
        return _t().sub(other, self)

    def __mul__(self, other: Any) -> Any:
        return _t().mul(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _t().mul(other, self)

    def __truediv__(self, other: Any) -> Any:
        return _t().true_div(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _t().true_div(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _t().int_div(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _t().int_div(other, self)

    def __mod__(self, other: Any) -> Any:
        return _t().mod(self, other)

    def __rmod__(self, other: Any) -> Any:
        return _t().mod(other, self)

    def __pow__(self, other: Any) -> Any:
        return _t().pow(self, other)

    def __rpow__(self, other: Any) -> Any:
        return _t().pow(other, self)

    def __neg__(self) -> Any:
        return _t().neg(self)

    def __abs__(self) -> Any:
        return _t().abs_(self)

    def __lt__(self, other: Any) -> Any:
        return _t().lt(self, other)

    def __le__(self, other: Any) -> Any:
        return _t().le(self, other)

    def __gt__(self, other: Any) -> Any:
        return _t().gt(self, other)

    def __ge__(self, other: Any) -> Any:
        return _t().ge(self, other)

    def __and__(self, other: Any) -> Any:
        return _t().and_(self, other)

    def __or__(self, other: Any) -> Any:
        return _t().or_(self, other)

    def __xor__(self, other: Any) -> Any:
        return _t().xor(self, other)

    def __rand__(self, other: Any) -> Any:
        return _t().and_(other, self)

    def __ror__(self, other: Any) -> Any:
        return _t().or_(other, self)

    def __rxor__(self, other: Any) -> Any:
        return _t().xor(other, self)

    def __invert__(self) -> Any:
        return _t().invert(self)

    def __matmul__(self, other: Any) -> Any:
        return _t().dot(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _t().dot(other, self)

    def __getitem__(self, index: Any) -> Any:
        return _t().subtensor(self, index)

    def __iter__(self) -> Any:
        """Of a vector of known length, as a shape is: ``rows, columns = x.shape``."""
        try:
            length = _t().get_vector_length(self)
        except ValueError:
            raise TypeError(
                f"{self!r} has no length yet, so it can't be iterated over; use scan, or index it"
            ) from None
        return iter([self[i] for i in range(length)])

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} has no value yet, so it is neither true nor false; use switch or ifelse"
        )

    @property
    def T(self) -> Any:
        """All axes in reverse order."""
        return _t().transpose(self)

    @property
    def shape(self) -> Any:
        """The sizes of the axes, a symbolic int64 vector."""
        return _t().shape(self)

    @property
    def size(self) -> Any:
        """Number of elements."""
        return _t().prod(_t().shape(self), dtype="int64")

    def dimshuffle(self, *pattern: Any) -> Any:
        """The axes in another order; ``"x"`` is a new one of size 1, one left out must be 1."""
        if len(pattern) == 1 and isinstance(pattern[0], (list, tuple)):
            pattern = tuple(pattern[0])
        return _t().dimshuffle(self, *pattern)

    def reshape(self, shape: Any, ndim: int | None = None) -> Any:
        """The same elements in another shape."""
        return _t().reshape(self, shape, ndim)

    def flatten(self, ndim: int = 1) -> Any:
        """The same elements with so many axes: the last ones as one."""
        return _t().flatten(self, ndim)

    def ravel(self) -> Any:
        """The same elements with one axis."""
        return _t().flatten(self, 1)

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order; by default reversed."""
        flat = axes[0] if len(axes) == 1 and isinstance(axes[0], (list, tuple)) else axes
        return _t().transpose(self, flat or None)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two axes exchanged."""
        return _t().swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Any:
        """Without axes of size 1: these, or all that are known to be."""
        return _t().squeeze(self, axis)

    def astype(self, dtype: str) -> Any:
        """The same numbers in another data type."""
        return _t().cast(self, dtype)

    def dot(self, other: Any) -> Any:
        """Product of matrices and vectors."""
        return _t().dot(self, other)

    def sum(self, axis: Any = None, dtype: str | None = None, keepdims: bool = False) -> Any:
        """Sum over some axes."""
        return _t().sum(self, axis, dtype, keepdims)

    def prod(self, axis: Any = None, dtype: str | None = None, keepdims: bool = False) -> Any:
        """Product over some axes."""
        return _t().prod(self, axis, dtype, keepdims)

    def mean(self, axis: Any = None, dtype: str | None = None, keepdims: bool = False) -> Any:
        """Mean over some axes."""
        return _t().mean(self, axis, dtype, keepdims)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        """Variance over some axes."""
        return _t().var(self, axis, ddof, keepdims)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        """Standard deviation over some axes."""
        return _t().std(self, axis, ddof, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Largest element along some axes."""
        return _t().max(self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Smallest element along some axes."""
        return _t().min(self, axis, keepdims)

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Index of the largest element along an axis."""
        return _t().argmax(self, axis, keepdims)

    def argmin(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Index of the smallest element along an axis."""
        return _t().argmin(self, axis, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether all are true."""
        return _t().all(self, axis, keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether any is true."""
        return _t().any(self, axis, keepdims)

    def norm(self, L: float, axis: Any = None, keepdims: bool = False) -> Any:
        """The L-norm along some axes."""
        return _t().norm(self, L, axis, keepdims)

    def clip(self, a_min: Any, a_max: Any) -> Any:
        """Limited from both sides."""
        return _t().clip(self, a_min, a_max)

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        """Each element so many times."""
        return _t().repeat(self, repeats, axis)

    def round(self, mode: str = "half_to_even") -> Any:
        """To the nearest integer."""
        return _t().round(self, mode)

    def take(self, indices: Any, axis: int | None = None) -> Any:
        """Some elements along an axis."""
        return _t().take(self, indices, axis)

    def sort(self, axis: int | None = -1) -> Any:
        """Sorted along an axis."""
        return _t().sort(self, axis)

    def argsort(self, axis: int | None = -1) -> Any:
        """The indices that sort along an axis."""
        return _t().argsort(self, axis)

    def cumsum(self, axis: int | None = None) -> Any:
        """Sums of the elements so far, along an axis."""
        return _t().cumsum(self, axis)

    def cumprod(self, axis: int | None = None) -> Any:
        """Products of the elements so far, along an axis."""
        return _t().cumprod(self, axis)

    def ptp(self, axis: Any = None) -> Any:
        """The largest element along some axes less the smallest."""
        return _t().ptp(self, axis)

    def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> Any:
        """Where to insert values into a sorted vector."""
        return _t().searchsorted(self, v, side, sorter)

    def compress(self, condition: Any, axis: int | None = None) -> Any:
        """The elements along an axis for which a condition is true."""
        return _t().compress(condition, self, axis)

    def trace(self) -> Any:
        """The sum of the diagonal of a matrix."""
        return _t().trace(self)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The diagonals of the matrices in two axes."""
        return _t().diagonal(self, offset, axis1, axis2)

    def fill(self, value: Any) -> Any:
        """One value in its shape."""
        return _t().fill(self, value)

    def copy(self, name: str | None = None) -> Any:
        """The same value as a variable of its own."""
        return _t().tensor_copy(self, name)

    def zeros_like(self, dtype: str | None = None) -> Any:
        """Zeros in its shape."""
        return _t().zeros_like(self, dtype)

    def ones_like(self, dtype: str | None = None) -> Any:
        """Ones in its shape."""
        return _t().ones_like(self, dtype)

    def set(self, y: Any) -> Any:
        """Of a part, ``z[1:3].set(y)``: ``z`` with that part replaced."""
        return _t().set_subtensor(self, y)

    def inc(self, y: Any) -> Any:
        """Of a part, ``z[1:3].inc(y)``: ``z`` with ``y`` added to that part."""
        return _t().inc_subtensor(self, y)

    def nonzero(self) -> Any:
        """Indices of the elements that are not zero, a vector for each axis."""
        return _t().nonzero(self)

    def nonzero_values(self) -> Any:
        """The elements that are not zero, as a vector."""
        return _t().nonzero_values(self)

    def eval(self, inputs_to_values: dict[Any, Any] | None = None) -> Any:
        """The value, given those of its inputs."""
        from nnkit.symbolic.function import function

        given = inputs_to_values or {}
        return function(list(given), self)(*given.values())
