"""The registry of classes and functions that names, dictionaries and model files can refer to.

Every layer, loss, optimizer, metric, initializer and schedule is a :class:`Configurable`: it
remembers the arguments of its constructor, so it can be described as plain data and rebuilt. A file
can refer to classes and functions in this registry only; it can't make nnkit import or call
anything else.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar, TypeGuard, TypeVar, cast

from nnkit import spellings
from nnkit.arguments import did_you_mean, parameters, refuse_unknown, signature

__all__ = [
    "Configurable",
    "custom_objects",
    "find",
    "former",
    "function_named",
    "get_custom_objects",
    "register",
    "register_keras_serializable",
    "resolve",
    "snake_case",
]

C = TypeVar("C", bound=Callable[..., Any])
T = TypeVar("T", bound="Configurable")

_classes: dict[str, dict[str, type[Configurable]]] = {}
_expected: dict[str, dict[str, str]] = {}  # The module of each class that is imported on demand.
_functions: dict[str, Callable[..., Any]] = {}
_wrappers: dict[str, Callable[[Any], Configurable]] = {}  # The class that wraps functions, by kind.
_stand_ins: list[
    tuple[Callable[..., Any], str, str | None]
] = []  # nnkit's functions, their classes' names.
_everywhere: dict[str, Any] = {}  # Custom classes and functions that hold in no block alone.
_customs: ContextVar[dict[str, Any]] = ContextVar("custom_objects")  # Each under both of its names.


class _Recorded(type):
    """The metaclass that records the arguments of constructor calls, and explains wrong ones."""

    needs: tuple[str, ...] = ()  # Attributes that the base class's __init__ sets.

    @property
    def __signature__(cls) -> inspect.Signature:
        """The signature that help, completion and ``inspect.signature`` show."""
        return signature(cls)

    # Annotated like this, type checkers look at __init__ for the arguments.
    def __call__(cls: type[T], *arguments: Any, **named: Any) -> T:  # type: ignore[misc]
        real, old = vars(cls).get("stands_for"), cls.__name__
        if real is not None:  # The class by an old name, with the defaults that it had.
            arguments, named = _respelled(real, arguments, named, old)
            return real(*arguments, **{**spellings.DEFAULTS.get(old, {}), **named})
        arguments, named = _respelled(cls, arguments, named)
        own = inspect.signature(cls.__init__)
        try:
            bound = own.bind(None, *arguments, **named)
        except TypeError as error:
            refuse_unknown(cls.__name__, named, parameters(cls))
            raise TypeError(f"{cls.__name__}: {error}") from None
        try:
            instance: T = type.__call__(cls, *arguments, **named)
        except TypeError as error:  # A base class got an unknown argument.
            if "unexpected keyword" in str(error) or "multiple values" in str(error):
                refuse_unknown(cls.__name__, named, parameters(cls))
            raise
        if not all(hasattr(instance, name) for name in cls.needs):
            raise TypeError(f"{cls.__name__}.__init__ must call super().__init__() before all else")
        bound.apply_defaults()
        recorded = {k: v for k, v in bound.arguments.items() if k != "self"}
        for name, parameter in own.parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                recorded |= recorded.pop(name, {})
            elif parameter.kind is parameter.VAR_POSITIONAL:
                recorded[name] = list(recorded[name])
        instance._arguments = recorded
        return instance


def _respelled(
    cls: type[Configurable], arguments: tuple[Any, ...], named: dict[str, Any], former: str = ""
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments in today's spelling."""
    known = parameters(cls)
    if named or former or cls.__name__ in spellings.POSITIONS:
        arguments, named = cls.computed_arguments(arguments, named, known)
        lineage = [base.__name__ for base in cls.__mro__]
        return spellings.today(
            former or cls.__name__, lineage, arguments, named, known, former=former
        )
    return arguments, named


@functools.cache
def former(cls: type[Configurable], name: str, package: str) -> Any:
    """A class under an old name: calling it makes an object of the class.

    The order of arguments and the defaults are those that it had under that name
    (:mod:`nnkit.spellings`).

    Examples
    --------
    >>> import nnkit
    >>> former(nnkit.layers.ReLU, "ThresholdedReLU", "nnkit.layers")().threshold
    1.0
    """
    about = f"{cls.__name__} under an old name.\n\n{inspect.cleandoc(cls.__doc__ or '')}"
    body = {"stands_for": cls, "__module__": package, "__doc__": about}
    make: Any = type(cls)
    return make(name, (cls,), body, abstract=True)


class Configurable(metaclass=_Recorded):
    """Base of all objects that can be saved in a file and named by a string.

    A subclass needs no ``get_config``, because constructor arguments are recorded.

    Examples
    --------
    >>> import nnkit
    >>> layer = nnkit.layers.Dense(10, activation="tanh")
    >>> layer.get_config()["units"]
    10
    >>> type(layer).from_config(layer.get_config()).units
    10
    """

    kind: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    settled: ClassVar[tuple[str, ...]] = ()  # Base arguments that __init__ sets.
    _arguments: dict[str, Any]

    def __init_subclass__(
        cls, abstract: bool = False, wraps_functions: bool = False, **options: Any
    ) -> None:
        super().__init_subclass__(**options)
        if wraps_functions:
            _wrappers[cls.kind] = cls
        abstract = abstract or "kind" in vars(cls)
        if cls.__module__.split(".")[0] == "nnkit" and not abstract:
            _classes.setdefault(cls.kind, {})[cls.__name__] = cls

    @classmethod
    def computed_arguments(
        cls, arguments: tuple[Any, ...], named: dict[str, Any], known: Collection[str]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments of a call without old ones whose meaning is more than another name.

        Parameters
        ----------
        arguments, named
            What the class is called with.
        known : collection of str
            The names of today's arguments.
        """
        return arguments, named

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data: numbers, strings, lists, dictionaries."""
        return {name: to_plain(value) for name, value in self._arguments.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make an object from what :meth:`get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({given})"


def to_plain(value: Any) -> Any:
    """Convert a value to plain data that JSON can represent; a registered function to its name."""
    if is_function(value):
        name = function_name(value)
        return name if _functions.get(name) is value else value
    if isinstance(value, Configurable):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if isinstance(value, (list, tuple)):
        return [to_plain(v) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    return value


def register(item: C) -> C:
    """Register a class or function, so that model files and strings can name it; a decorator.

    Parameters
    ----------
    item : type or function
        A subclass of Layer, Loss, Optimizer, Metric, Initializer..., or a function for a loss, a
        metric, an activation or ``Lambda``.

    Raises
    ------
    TypeError
        ``item`` is neither such a class nor a function.
    ValueError
        Another class or function has that name.

    Examples
    --------
    >>> import nnkit
    >>> @nnkit.saving.register
    ... class Half(nnkit.layers.Layer):
    ...     def call(self, x):
    ...         return x / 2
    >>> nnkit.Sequential([Half()]).layers[0].name
    'half'
    >>> @nnkit.saving.register
    ... def twice(x):
    ...     return 2 * x
    >>> nnkit.layers.Dense(3, activation="twice").get_config()["activation"]["config"]["function"]
    'twice'
    """
    if inspect.isfunction(item):
        kind, known = "function", cast(dict[str, Any], _functions)
    elif _can_be_registered(item):
        kind, known = item.kind, cast(dict[str, Any], _classes.setdefault(item.kind, {}))
    else:
        raise TypeError(
            f"register takes a Layer, Loss, Optimizer, Metric... class or a function, not {item!r}"
        )
    name = item.__name__
    _import_expected(kind, [name])
    if not name.isidentifier():
        raise TypeError(f"register takes functions that have a name, not {item!r}; use def")
    old = known.get(name)
    # A definition that is run again, as in a notebook, replaces the earlier one.
    if old is not None and (old.__module__, old.__qualname__) != (
        item.__module__,
        item.__qualname__,
    ):
        raise ValueError(
            f"a {kind} called {name!r} is registered already ({old.__module__}); "
            "give yours another name"
        )
    known[name] = item
    return item


def _can_be_registered(item: Any) -> TypeGuard[type[Configurable]]:
    """Whether a value is a class of layers, losses, metrics..., or one derived from it."""
    return isinstance(item, type) and issubclass(item, Configurable) and hasattr(item, "kind")


def stands_for(
    function: Callable[..., Any], cls: type[Configurable], kind: str | None = None
) -> None:
    """Make :func:`resolve` replace one of nnkit's functions by the class of this name.

    ``kind`` is the only one for which it does, if the other kind's class gives something else.
    """
    _stand_ins.append((function, cls.__name__, kind))


@contextlib.contextmanager
def custom_objects(given: Mapping[str, Any] | None) -> Iterator[None]:
    """In a ``with`` block, let names refer to these classes and functions before all others.

    Parameters
    ----------
    given : dict, optional
        Classes and functions by name. Because Keras registers classes as ``"package>Name"``, that
        and ``"Name"`` are equivalent.

    Raises
    ------
    TypeError
        A value is neither a subclass of a class that can be saved, nor a function.
    """
    for name, item in (given or {}).items():
        if not (_can_be_registered(item) or is_function(item)):
            raise TypeError(
                f"custom_objects[{name!r}] must be a function, or a class derived from nnkit's "
                f"Layer, Loss, Metric, Optimizer..., got {item!r}"
            )
    token = _customs.set(_customs.get({}) | _spellings(given or {}))
    try:
        yield
    finally:
        _customs.reset(token)


def get_custom_objects() -> dict[str, Any]:
    """The dictionary of classes and functions that names refer to before all others, everywhere.

    Change it, as in Keras: ``get_custom_objects().update({"swish": swish})``. Inside of
    ``custom_object_scope``, those of the block come first.

    Examples
    --------
    >>> import nnkit
    >>> nnkit.utils.get_custom_objects()["twice"] = lambda x: 2 * x
    >>> nnkit.layers.Dense(1, activation="twice").activation
    <Lambda name=lambda>
    >>> del nnkit.utils.get_custom_objects()["twice"]
    """
    return _everywhere


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[C], C]:
    """:func:`nnkit.saving.register` as a decorator with Keras's arguments.

    Parameters
    ----------
    package : str
        Accepted because Keras has it: ``"package>Name"`` and ``"Name"`` are one name.
    name : str, optional
        That of the class or function.

    Raises
    ------
    ValueError
        The name is another one.

    Examples
    --------
    >>> import nnkit
    >>> @nnkit.utils.register_keras_serializable(package="mine")
    ... def thrice(x):
    ...     return 3 * x
    >>> nnkit.layers.Dense(3, activation="mine>thrice").get_config()["activation"]["class_name"]
    'Lambda'
    """

    def decorate(item: C) -> C:
        if name not in (None, getattr(item, "__name__", None)):
            raise ValueError(
                f"register_keras_serializable: {item!r} has the name of its definition in files, "
                f"not {name!r}; rename it, or leave name out"
            )
        return register(item)

    return decorate


def _current() -> dict[str, Any]:
    """Custom classes and functions, each under both of its names."""
    return (_spellings(_everywhere) if _everywhere else {}) | _customs.get({})


def _spellings(given: Mapping[str, Any]) -> dict[str, Any]:
    return {_bare(name): item for name, item in given.items()} | dict(given)


def _bare(name: str) -> str:
    """The part ``Name`` of ``package>Name``."""
    return name.rpartition(">")[2]


def is_custom_function(name: str) -> bool:
    """Whether a function of that name is in the ``custom_objects`` of the current block."""
    customs = _current()
    return any(is_function(customs.get(spelling)) for spelling in (name, _bare(name)))


def is_function(value: Any) -> bool:
    """Whether a value is callable and neither a class nor an object of nnkit's."""
    return callable(value) and not isinstance(value, (type, Configurable))


def is_registered(name: str) -> bool:
    """Whether a function has that name."""
    return _spelled("function", name) is not None


def means_function(kind: str, name: str) -> bool:
    """Whether a name of a loss or metric is that of a function, and not of a class."""
    if kind not in _wrappers or not is_registered(name):
        return False
    return is_custom_function(name) or find(kind, name) is None


def function_name(function: Any) -> str:
    """The name of a function, or of the class of another callable."""
    return str(getattr(function, "__name__", type(function).__name__))


def function_named(owner: str, function: Any) -> Callable[..., Any]:
    """Find a function by itself or by the name under which it is registered.

    Raises
    ------
    TypeError, ValueError
        The value is not a function; or no function is registered under that name.
    """
    if isinstance(function, str):
        found = _spelled("function", function)
        if found is not None:
            return cast(Callable[..., Any], found)
        raise ValueError(
            f"{owner}: there is no registered function {function!r}"
            f"{did_you_mean(function, _functions)} Define it under @nnkit.saving.register before "
            "it is named"
        )
    if not is_function(function):
        raise TypeError(
            f"{owner} needs a function, or the name of one under @nnkit.saving.register (a file "
            f"never holds code), got a {type(function).__name__}"
        )
    return cast(Callable[..., Any], function)


def registered(kind: str) -> dict[str, type[Configurable]]:
    """All registered classes of a kind, by name."""
    _import_expected(kind, _expected.get(kind, ()))
    return dict(_classes.get(kind, {}))


def class_named(kind: str, name: str) -> type[Configurable]:
    """The registered class of exactly this name, whatever ``custom_objects`` says."""
    _import_expected(kind, [name])
    return _classes[kind][name]


def expect(kind: str, modules: Mapping[str, str]) -> None:
    """Import classes of a kind when something first names them.

    Parameters
    ----------
    kind : str
    modules : dict of str to str
        By the name of a class: the module that has it.
    """
    _expected.setdefault(kind, {}).update(modules)


def _import_expected(kind: str, names: Iterable[str]) -> None:
    """Import the classes of some names, if they are only expected yet."""
    expected = _expected.get(kind, {})
    for name in list(names):
        if name in expected and name not in _classes.get(kind, {}):
            importlib.import_module(expected[name])


def _known(kind: str) -> dict[str, Any]:
    """Classes of a kind, or functions, by name; custom objects replace registered ones."""
    customs = _current().items()
    custom = {
        k: v
        for k, v in customs
        if kind == ("function" if is_function(v) else getattr(v, "kind", None))
    }
    return {**(_functions if kind == "function" else _classes.get(kind, {})), **custom}


def _spelled(kind: str, name: str) -> Any:
    """What has this name, with or without a package; None if nothing has."""
    _import_expected(kind, [name, _bare(name)])
    known = _known(kind)
    return known.get(name, known.get(_bare(name)))


def find(kind: str, name: str) -> type[Configurable] | None:
    """The class that :func:`lookup` returns, or None if there is none."""
    found: type[Configurable] | None = _spelled(kind, name)
    expected, bare = _expected.get(kind, {}), _bare(name).lower()
    snakes = [cls for cls in expected if bare in (snake_case(cls), cls.lower())]
    # Which aliases a class has is known when it is imported.
    for names in (snakes, expected):
        if found is None:
            _import_expected(kind, names)
            by_alias = {a.lower(): cls for cls in _known(kind).values() for a in names_of(cls)}
            found = by_alias.get(bare)
    return found


def lookup(kind: str, name: str) -> type[Configurable]:
    """The class of a kind by name: the class's name, its snake_case form, or an alias."""
    found = find(kind, name)
    if found is not None:
        return found
    known = _known(kind)
    names = [n for cls in known.values() for n in names_of(cls)]
    raise ValueError(
        f"unknown {kind} {name!r}{did_you_mean(name, names)} Known: {', '.join(sorted(known))}."
    )


def resolve(kind: str, identifier: Any) -> Any:
    """Find or make an object from itself, its class, a name, or a configuration.

    A configuration is ``{"class_name": ..., "config": ...}``. A function, or the name of a
    registered one, becomes an object of the class that it stands for, or one that wraps it.
    """
    if kind in _wrappers and is_function(identifier):
        stood_for = [
            name
            for function, name, only in _stand_ins
            if function is identifier and only in (None, kind)
        ]
        if stood_for and stood_for[0] in {**_classes.get(kind, {}), **_expected.get(kind, {})}:
            return class_named(kind, stood_for[0])()
        return _wrappers[kind](identifier)
    if isinstance(identifier, str):
        if means_function(kind, identifier):
            return _wrappers[kind](identifier)
        return lookup(kind, identifier)()
    if isinstance(identifier, type) and issubclass(identifier, Configurable):
        identifier = identifier()
    match identifier:
        case {"class_name": str(name), "config": dict(config)}:
            return lookup(kind, name).from_config(config)
    if isinstance(identifier, Configurable) and identifier.kind == kind:
        return identifier
    raise TypeError(f"{kind}: expected an object or the name of one, got {identifier!r}")


def names_of(cls: type[Configurable]) -> tuple[str, ...]:
    """All strings that name this class, the preferred one first."""
    return (snake_case(cls.__name__), cls.__name__, *vars(cls).get("aliases", ()))


@functools.lru_cache(1024)
def snake_case(name: str) -> str:
    """Convert a class's name to the default name of its objects, as Keras does.

    Examples
    --------
    >>> [snake_case(n) for n in ("Conv2D", "ReLU", "LSTM", "ConvLSTM2D")]
    ['conv2d', 're_lu', 'lstm', 'conv_lstm2d']
    """
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def serialize(kind: str, given: Any) -> Any:
    """Describe an object by plain data; a registered function by its name. None stays None.

    Raises
    ------
    TypeError
        It is no object of that kind, nor a name or description.
    ValueError
        It is a function that isn't registered: a description holds no code.
    """
    if given is None:
        return None
    if is_function(given):
        resolve(kind, given)  # It must be one that could be used.
        plain = to_plain(given)
        if is_function(plain):
            raise ValueError(
                f"{function_name(given)} is described by its name, under which it must be "
                "registered: put @nnkit.saving.register before its definition"
            )
        return plain
    return to_plain(resolve(kind, given))


def deserialize(kind: str, config: Any, customs: Mapping[str, Any] | None = None) -> Any:
    """Make an object of a description or a name; ``customs`` are further classes and functions."""
    with custom_objects(customs):
        return resolve(kind, config)


def is_one(given: Any) -> bool:
    """Whether it is one object, or what :func:`resolve` takes for one, not a collection of them.

    Examples
    --------
    >>> [is_one(given) for given in ("mse", {"class_name": "MAE", "config": {}}, {"a": "mse"})]
    [True, True, False]
    """
    if isinstance(given, Mapping):
        return "class_name" in given
    return not isinstance(given, (list, tuple))


def each(given: Any, function: Callable[[Any], Any]) -> Any:
    """Nested lists and dictionaries of objects, with a function of each; None stays None.

    Examples
    --------
    >>> each({"a": "mse", "b": [None, "mae"]}, str.upper)
    {'a': 'MSE', 'b': [None, 'MAE']}
    """
    if given is None:
        return None
    if is_one(given):
        return function(given)
    if isinstance(given, Mapping):
        return {name: each(one, function) for name, one in given.items()}
    return [each(one, function) for one in given]


def flat(given: Any) -> list[Any]:
    """The objects in nested lists and dictionaries, without None.

    Examples
    --------
    >>> flat({"a": "mse", "b": [None, "mae"]})
    ['mse', 'mae']
    """
    found: list[Any] = []
    each(given, found.append)
    return found
