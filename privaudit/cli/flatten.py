"""Groups of options: a dataclass whose fields are options, written out for Typer by one decorator."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields, is_dataclass
from typing import Annotated, Any, TypeVar, dataclass_transform, get_args, get_origin

import typer
from typer.models import OptionInfo, ParameterInfo

T = TypeVar("T")


def option(
    metavar: str | None,
    text: str,
    *flags: str,
    envvar: str | None = None,
    min: float | None = None,  # noqa: A002 - Typer's names
    max: float | None = None,  # noqa: A002
    section: str | None = None,
) -> Any:  # noqa: ANN401 - as typer.Option
    """An option with a value, named like its field unless ``flags`` says otherwise.

    Without ``metavar`` the help shows the choices.
    """
    return typer.Option(
        *flags, metavar=metavar, help=text, envvar=envvar, min=min, max=max, rich_help_panel=section
    )


def flag(text: str, *flags: str, section: str | None = None) -> Any:  # noqa: ANN401
    """An option without a value, which is off by default."""
    return typer.Option(*flags, help=text, rich_help_panel=section)


@dataclass_transform(kw_only_default=True, frozen_default=True)
def group(kind: type[T]) -> type[T]:
    """Make a class a group: a frozen, keyword-only dataclass.

    Its fields are ``Annotated`` options or arguments, further groups, or the ``typer.Context``. Its class
    variable ``section`` is their heading in the help.
    """
    # NOTE: generating an initialiser for each of some twenty groups would slow every start.
    made: Any = dataclass(init=False, repr=False, eq=False, match_args=False)(kind)
    made.__init__, made.__setattr__ = _init, _refuse
    for each in fields(made):
        _name(each.name, each.type, getattr(kind, "section", None))
    return kind


def _init(self: object, **given: object) -> None:
    for each in fields(self):  # type: ignore[arg-type]
        value = given.pop(each.name, each.default)
        if value is MISSING:
            raise TypeError(f"{type(self).__name__} needs {each.name}")
        object.__setattr__(self, each.name, value)
    if given:
        raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(given))}")


def _refuse(self: object, name: str, value: object) -> None:
    del value
    raise FrozenInstanceError(f"{type(self).__name__}.{name} cannot be changed")


def _name(name: str, annotation: object, section: str | None = None) -> None:
    """Fill in the flag and the heading of an option that does not have them."""
    for info in get_args(annotation)[1:]:
        if isinstance(info, OptionInfo) and not _flags(info):
            info.param_decls = (f"--{name.replace('_', '-')}",)
        if isinstance(info, ParameterInfo):
            info.rich_help_panel = info.rich_help_panel or section


@dataclass(frozen=True, eq=False)
class Offer:
    """What a command changes in a group: ``Annotated[OutputOptions, Offer(without=("mlflow",))]``."""

    only: tuple[str, ...] = ()
    """The fields that are options of this command; empty means all. The others keep their defaults."""
    without: tuple[str, ...] = ()
    section: str | None = None
    """Heading in the help, instead of the group's own."""
    helps: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)

    def includes(self, name: str) -> bool:
        """Whether a field is an option of this command."""
        return name in self.only if self.only else name not in self.without

    @property
    def names(self) -> set[str]:
        """Every field that is named."""
        return {*self.only, *self.without, *self.helps, *self.defaults}


_EVERYTHING = Offer()


def flattened(command: Callable[..., int]) -> Callable[..., int]:
    """Give ``command`` one flat parameter for each option of its groups.

    Raises:
        TypeError: two options have the same name or flag, or an :class:`Offer` names no field of its group.
    """
    given = inspect.signature(command).parameters.values()
    groups = {each.name: found for each in given if (found := _group(each.annotation)) is not None}
    own = [each.name for each in given if each.name not in groups]

    @functools.wraps(command)
    def run(**values: object) -> int:
        filled = {name: _filled(*each, values) for name, each in groups.items()}
        return command(**{name: values[name] for name in own}, **filled)

    flat: list[inspect.Parameter] = []
    for each in given:
        if each.name in groups:
            flat += _options(*groups[each.name])
        else:
            _name(each.name, each.annotation)
            flat.append(each.replace(kind=inspect.Parameter.KEYWORD_ONLY))
    _refuse_repeated(command.__name__, flat)
    run.__signature__ = inspect.Signature(flat, return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in flat}
    return run


def _group(annotation: object) -> tuple[type, Offer] | None:
    """The dataclass and the offer of an annotation; None where it is an option of its own."""
    kind, *rest = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return None
    offer = next((each for each in rest if isinstance(each, Offer)), _EVERYTHING)
    if offer.names and (unknown := offer.names - {each.name for each in _leaves(kind)}):
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    return kind, offer


def _leaves(kind: type) -> Iterator["Field[Any]"]:
    for each in fields(kind):
        inner = _group(each.type)
        yield from (each,) if inner is None else _leaves(inner[0])


def _options(kind: type, offer: Offer) -> Iterator[inspect.Parameter]:
    for each in fields(kind):
        inner = _group(each.type)
        if inner is not None:
            yield from _options(inner[0], _within(offer, inner[1]))
        elif _is_offered(each, offer):
            default = inspect.Parameter.empty if each.default is MISSING else each.default
            yield inspect.Parameter(
                each.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=offer.defaults.get(each.name, default),
                annotation=_changed(each, offer, getattr(kind, "section", None)),
            )


def _changed(each: "Field[Any]", offer: Offer, section: str | None) -> object:
    """The annotation of a field, with the command's own heading and help where it has them."""
    text = offer.helps.get(each.name)
    if get_origin(each.type) is not Annotated or (text or offer.section) is None:
        return each.type
    kind, info = get_args(each.type)
    info = copy(info)
    info.help = text or info.help
    if info.rich_help_panel == section:
        info.rich_help_panel = offer.section or section
    return Annotated[kind, info]


def _is_offered(each: "Field[Any]", offer: Offer) -> bool:
    return each.type is typer.Context or offer.includes(each.name)


def _within(outer: Offer, inner: Offer) -> Offer:
    """The offer of a nested group, where the outer one goes first."""
    return Offer(
        only=outer.only or inner.only,
        without=outer.without + inner.without,
        section=outer.section or inner.section,
        helps={**inner.helps, **outer.helps},
        defaults={**inner.defaults, **outer.defaults},
    )


def _flags(info: ParameterInfo) -> list[str]:
    # NOTE: in an annotation, Typer takes the first flag for the default.
    return [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]


def _filled(kind: type, offer: Offer, values: Mapping[str, object]) -> object:
    """The group with the values that Typer parsed; what the command does not offer keeps its default."""
    given: dict[str, object] = {}
    for each in fields(kind):
        inner = _group(each.type)
        if inner is not None:
            given[each.name] = _filled(inner[0], _within(offer, inner[1]), values)
        elif _is_offered(each, offer):
            given[each.name] = values[each.name]
    return kind(**given)


def _refuse_repeated(command: str, flat: list[inspect.Parameter]) -> None:
    seen: set[str] = set()
    for each in flat:
        infos = (one for one in get_args(each.annotation)[1:] if isinstance(one, ParameterInfo))
        for name in (each.name, *(name for info in infos for name in _flags(info))):
            if name in seen:
                raise TypeError(f"{command} has two options {name}")
            seen.add(name)
