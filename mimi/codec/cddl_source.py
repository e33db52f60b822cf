"""Compiling declared CBOR documents: one function to read, one to write.

The reader takes what `mimi.codec.cbor` decodes, lists and maps, and returns the value; the writer
takes the value and returns what is to be encoded. Both are straight lines of checks, because a
conversation of 100,000 messages is decoded in one go; what breaks a check is a `Refusal`, to which
each document on the way out adds the name of the field that it came from.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import cbor2

from mimi.codec.cddl import (
    Cases,
    Constant,
    Document,
    Entry,
    Many,
    Maybe,
    OneOf,
    Own,
    Refusal,
    Registered,
    Ruled,
    Scalar,
    Shape,
    Size,
    WrongTypeError,
    entries_of,
    form_of,
)
from mimi.codec.declare import OCTETS, once
from mimi.codec.decoder import twin
from mimi.codec.source import Source
from mimi.errors import MalformedError

KINDS = {bool: "a boolean", int: "an integer", bytes: "a byte string", str: "a text"}

Function = Callable[[Any, int], Any]
"""From an item, or a value, and how deep it is within its like, to a value, or an item."""


@once
def reader_of(declaration: type[Any]) -> Function:
    """Return the function that makes a value of an item."""
    return _Compiler(declaration, writing=False).compiled()


@once
def writer_of(declaration: type[Any]) -> Function:
    """Return the function that makes an item of a value."""
    return _Compiler(declaration, writing=True).compiled()


def wrong_type(expected: str, item: object) -> Refusal:
    """Return the refusal of an item that should have been something else."""
    return Refusal(WrongTypeError, f"{expected} expected, {_described(item)} found")


def _described(item: object) -> str:
    match item:
        case None:
            return "null"
        case list() | tuple():
            return f"an array of {len(item)}"
        case Mapping() | cbor2.frozendict():
            return "a map"
        case cbor2.CBORTag():
            return f"tag {item.tag}"
        case float():
            return "a float"
    return KINDS.get(type(item), f"a {type(item).__name__}")


class _Compiler:
    """Writes the lines of one function; *writing* says in which direction it goes."""

    def __init__(self, declaration: type[Any], *, writing: bool) -> None:
        self.source = Source()
        self.declaration = declaration
        self.writing = writing
        self.source.names |= {
            "Refusal": Refusal,
            "wrong_type": wrong_type,
            "refuse_size": _refuse_size,
            "refuse_case": _refuse_case,
        }

    def line(self, text: str) -> None:
        self.source.line(text)

    def refuse(self, condition: str, call: str) -> None:
        self.line(f"if {condition}: raise {call}")

    def bind(self, value: Any, hint: str) -> str:
        return self.source.bind(value, hint)

    def compiled(self) -> Callable[[Any, int], Any]:
        """Return the function from an item, or a value, and a depth."""
        form = form_of(self.declaration)
        fields = entries_of(self.declaration)
        if form == "array":
            body = self.write_array if self.writing else self.read_array
        elif form == "map":
            body = self.write_map if self.writing else self.read_map
        else:
            body = self.write_one if self.writing else self.read_one
        if self.writing:
            real = self.bind(self.declaration, "Real")
            self.refuse(f"type(v) is not {real}", f"wrong_type({self.declaration.__name__!r}, v)")
        body(fields)
        return self.source.function("v, depth", f"CBOR of {self.declaration.__name__}")

    # Arrays, maps and tags

    def read_array(self, fields: tuple[Entry, ...]) -> None:
        self.refuse(
            f"(type(v) is not list and type(v) is not tuple) or len(v) != {len(fields)}",
            f"wrong_type('an array of {len(fields)}', v)",
        )
        self.line(", ".join(f"i{place}" for place in range(len(fields))) + ", = v")
        self.line(f"made = {self.bind(twin(self.declaration), 'Twin')}()")
        for place, field in enumerate(fields):
            self.field(field, f"i{place}", str(place), f"made.{field.name}")
        self.finish()

    def write_array(self, fields: tuple[Entry, ...]) -> None:
        for place, field in enumerate(fields):
            if not field.constant:
                self.line(f"i{place} = v.{field.name}")
                self.field(field, f"i{place}", str(place), f"i{place}")
        self.rules_together("v")
        items = [
            str(getattr(self.declaration, field.name) + 0) if field.constant else f"i{place}"
            for place, field in enumerate(fields)
        ]
        self.line(f"return [{', '.join(items)}]")

    def read_map(self, fields: tuple[Entry, ...]) -> None:
        self.source.names["frozendict"] = cbor2.frozendict
        self.refuse("type(v) is not dict and type(v) is not frozendict", "wrong_type('a map', v)")
        self.line("left = dict(v)")
        self.line(f"made = {self.bind(twin(self.declaration), 'Twin')}()")
        others = None
        for field in fields:
            if field.key is None:
                others = field.name
                continue
            key = repr(field.key)
            if field.optional:
                self.line(f"if {key} not in left: made.{field.name} = None")
                self.line("else:")
                self.source.depth += 1
            else:
                absent = f"Refusal(WrongTypeError, 'the map lacks the key {field.key}')"
                self.source.names["WrongTypeError"] = WrongTypeError
                self.refuse(f"{key} not in left", absent)
            self.line(f"i = left.pop({key})")
            self.field(field, "i", key, f"made.{field.name}")
            if field.optional:
                self.source.depth -= 1
        if others is None:
            self.source.names["WrongTypeError"] = WrongTypeError
            self.refuse("left", "Refusal(WrongTypeError, f'unexpected keys: {list(left)}')")
        else:
            self.line(f"made.{others} = frozendict(left)")
            self.source.names["frozendict"] = cbor2.frozendict
        self.finish()

    def write_map(self, fields: tuple[Entry, ...]) -> None:
        self.line("made = {}")
        for field in fields:
            self.line(f"i = v.{field.name}")
            if field.key is None:
                self.line("made.update(i)")
                continue
            if field.optional:
                self.line("if i is not None:")
                self.source.depth += 1
            self.field(field, "i", repr(field.key), f"made[{field.key!r}]")
            if field.optional:
                self.source.depth -= 1
        self.rules_together("v")
        self.line("return made")

    def read_one(self, fields: tuple[Entry, ...]) -> None:
        """Read a tag, or a bare item."""
        form, (field,) = form_of(self.declaration), fields
        step = "None"
        if isinstance(form, int):
            step = self.bind(cbor2.CBORTag, "Tag")
            self.refuse(f"type(v) is not {step} or v.tag != {form}", f"wrong_type('tag {form}', v)")
        self.line(f"made = {self.bind(twin(self.declaration), 'Twin')}()")
        self.line("i = v" if step == "None" else "i = v.value")
        self.field(field, "i", step, f"made.{field.name}")
        self.finish()

    def write_one(self, fields: tuple[Entry, ...]) -> None:
        """Write a tag, or a bare item."""
        form, (field,) = form_of(self.declaration), fields
        step = self.bind(cbor2.CBORTag, "Tag") if isinstance(form, int) else "None"
        self.line(f"i = v.{field.name}")
        self.field(field, "i", step, "i")
        self.rules_together("v")
        self.line("return i" if step == "None" else f"return {step}({form}, i)")

    def finish(self) -> None:
        """Make the plain twin the real thing."""
        if hasattr(self.declaration, OCTETS):
            self.line(f"made.{OCTETS} = None")
        self.line(f"made.__class__ = {self.bind(self.declaration, 'Real')}")
        self.rules_together("made")
        self.line("return made")

    def rules_together(self, value: str) -> None:
        if hasattr(self.declaration, "refusal"):
            self.line(f"refusal = {value}.refusal()")
            self.refuse("refusal is not None", "refusal")

    # Fields

    def field(self, field: Entry, item: str, step: str, target: str) -> None:
        """Check one item; what is raised by it gets the name of the field."""
        inner = field.shape.value if isinstance(field.shape, Maybe) else field.shape
        if isinstance(inner, Ruled):
            inner = inner.value
        if isinstance(inner, (Scalar, Constant, Registered)):
            self.value(field.shape, item, target, f".within({field.name!r}, {step})")
        else:
            self.line("try:")
            self.source.depth += 1
            self.value(field.shape, item, target, "")
            self.source.depth -= 1
            self.line("except Refusal as refusal:")
            self.line(f"    raise refusal.within({field.name!r}, {step}) from None")

    def value(self, shape: Shape, item: str, target: str, place: str) -> None:
        match shape:
            case Scalar():
                self.scalar(shape, item, place)
                self.assign(target, item)
            case Constant():
                self.constant(shape, item, place)
            case Registered():
                self.registered(shape, item, target, place)
            case Maybe():
                self.line(f"if {item} is None: {self.assigned(target, 'None')}")
                self.line("else:")
                self.source.depth += 1
                self.value(shape.value, item, target, place)
                self.line("pass")
                self.source.depth -= 1
            case Ruled():
                self.ruled(shape, item, target, place)
            case Many():
                self.many(shape, item, target)
            case Cases():
                self.cases(shape, item, target)
            case OneOf():
                self.one_of(shape, item, target)
            case Own():
                self.own(shape, item, target)
            case Document():
                self.line(f"{target} = {self.function_of(shape.declaration)}({item}, depth)")

    def ruled(self, shape: Ruled, item: str, target: str, place: str) -> None:
        """Check the rules of what is read, or of what is about to be written."""
        if self.writing:
            self.line(f"ruled = {item}")
        self.value(shape.value, item, target, place)
        ruled = "ruled" if self.writing else target
        for rule in shape.rules:
            holds, error = self.bind(rule.holds, "holds"), self.bind(rule.error, "Error")
            self.refuse(f"not {holds}({ruled})", f"Refusal({error}, {rule.sentence!r}){place}")

    def assign(self, target: str, item: str) -> None:
        if target != item:
            self.line(f"{target} = {item}")

    def assigned(self, target: str, item: str) -> str:
        return "pass" if target == item else f"{target} = {item}"

    def scalar(self, shape: Scalar, item: str, place: str) -> None:
        kind = shape.kind.__name__
        self.refuse(
            f"type({item}) is not {kind}", f"wrong_type({KINDS[shape.kind]!r}, {item}){place}"
        )
        bounds = shape.bounds
        if bounds is None:
            return
        error = self.bind(bounds.error, "Error")
        if not isinstance(bounds, Size):
            self.refuse(
                f"not {bounds.least} <= {item} <= {bounds.most}",
                f"Refusal({error}, f'{{{item}}} is not in {bounds.least}..{bounds.most}'){place}",
            )
            return
        size = f"len({item})" if shape.kind is bytes else f"len({item}.encode())"
        same = bounds.least == bounds.most
        self.refuse(
            f"{size} != {bounds.least}"
            if same
            else f"not {bounds.least} <= {size} <= {bounds.most}",
            f"refuse_size({error}, {size}, {bounds.least}, {bounds.most}){place}",
        )

    def constant(self, shape: Constant, item: str, place: str) -> None:
        error = self.bind(shape.error, "Error")
        self.refuse(
            f"type({item}) is not int or {item} != {shape.value}",
            f"refuse_case({error}, {item}, ({shape.value},)){place}",
        )

    def registered(self, shape: Registered, item: str, target: str, place: str) -> None:
        registry, error = shape.registry, self.bind(shape.error, "Error")
        if self.writing:
            # Any integer of the registry's range will do: an open registry has no other bounds.
            self.refuse(f"not isinstance({item}, int)", f"wrong_type('an integer', {item}){place}")
            self.line(f"{target} = int({item})")
            item = target
        else:
            self.refuse(f"type({item}) is not int", f"wrong_type('an integer', {item}){place}")
        known = getattr(registry, "known", None)
        if known is None:
            known = {int(member): member for member in registry}  # type: ignore[union-attr]  # an enum
            table = self.bind(known, "known")
            self.refuse(
                f"{item} not in {table}", f"refuse_case({error}, {item}, tuple({table})){place}"
            )
        else:
            most = (1 << 8 * registry.octets) - 1  # type: ignore[union-attr]  # a code point
            table = self.bind(known, "known")
            self.refuse(
                f"not 0 <= {item} <= {most}",
                f"Refusal({error}, f'{{{item}}} is not in 0..{most}'){place}",
            )
        if not self.writing:
            self.line(f"{target} = {table}[{item}]")

    def many(self, shape: Many, item: str, target: str) -> None:
        count = shape.count
        kinds = f"type({item}) is not tuple and type({item}) is not list"
        self.refuse(kinds, f"wrong_type('an array', {item})")
        error = self.bind(count.error, "Error")
        if count.least or count.most is not None:
            most = "" if count.most is None else f" <= {count.most}"
            self.refuse(
                f"not {count.least} <= len({item}){most}",
                f"Refusal({error}, f'{{len({item})}} elements, "
                f"{count.least}..{'' if count.most is None else count.most} permitted')",
            )
        deeper = "depth"
        if count.deepest is not None:
            deep = self.bind(count.too_deep, "Error")
            self.refuse(
                f"depth >= {count.deepest}",
                f"Refusal({deep}, 'more than {count.deepest} levels')",
            )
            deeper = "depth + 1"
        elements = self.bind(_Elements(shape.element, writing=self.writing), "elements")
        self.line(f"{target} = {elements}.of({item}, {deeper})")

    def cases(self, shape: Cases, item: str, target: str) -> None:
        compiled = writer_of if self.writing else reader_of
        functions = {number: compiled(case) for number, case in shape.declarations.items()}
        error = self.bind(shape.error, "Error")
        if self.writing:
            by_class = {case: functions[number] for number, case in shape.declarations.items()}
            table = self.bind(by_class, "cases")
            names = " or ".join(case.__name__ for case in by_class)
            self.refuse(f"type({item}) not in {table}", f"wrong_type({names!r}, {item})")
            self.line(f"{target} = {table}[type({item})]({item}, depth)")
            return
        table = self.bind(functions, "cases")
        self.refuse(
            f"(type({item}) is not list and type({item}) is not tuple)"
            f" or len({item}) <= {shape.place}",
            f"wrong_type('an array of more than {shape.place}', {item})",
        )
        self.line(f"case = {item}[{shape.place}]")
        first = next(iter(shape.declarations.values()))
        within = f".within({list(first.__annotations__)[shape.place]!r}, {shape.place})"
        self.refuse("type(case) is not int", f"wrong_type('an integer', case){within}")
        self.refuse(f"case not in {table}", f"refuse_case({error}, case, tuple({table})){within}")
        self.line(f"{target} = {table}[case]({item}, depth)")

    def one_of(self, shape: OneOf, item: str, target: str) -> None:
        choice = self.bind(_Choice(shape, writing=self.writing), "choice")
        self.line(f"{target} = {choice}.of({item}, depth)")

    def own(self, shape: Own, item: str, target: str) -> None:
        if shape.declaration is Mapping:
            self.line(f"{target} = {item}")
            return
        name = self.bind(shape.declaration, shape.declaration.__name__)
        if self.writing:
            self.refuse(
                f"type({item}) is not {name}",
                f"wrong_type({shape.declaration.__name__!r}, {item})",
            )
            self.line(f"{target} = {item}.to_cbor()")
        else:
            self.line(f"{target} = {name}.from_cbor({item})")

    def function_of(self, declaration: type[Any]) -> str:
        compiled = writer_of if self.writing else reader_of
        return self.bind(compiled(declaration), "nested")


def _refuse_size(error: type[MalformedError], size: int, least: int, most: int) -> Refusal:
    permitted = str(least) if least == most else f"{least}..{most}"
    return Refusal(error, f"{size} octets, {permitted} permitted")


def _refuse_case(error: type[MalformedError], found: object, known: Iterable[int]) -> Refusal:
    return Refusal(error, f"{found} is none of {', '.join(map(str, known))}")


def _function_of(shape: Shape, *, writing: bool) -> Function:
    """Return a function for any shape: that of a document that has nothing else."""
    compiler = _Compiler(_Alone, writing=writing)
    compiler.line("made = None")
    compiler.value(shape, "v", "made", "")
    compiler.line("return made")
    return compiler.source.function("v, depth", "CBOR of an element")


class _Alone:
    """Stands for the class of which there is none."""


class _Elements:
    """Reads or writes the elements of an array.

    Its function is compiled at the first use, since an element may contain such arrays.
    """

    def __init__(self, shape: Shape, *, writing: bool) -> None:
        self.shape = shape
        self.writing = writing
        self.function: Function | None = None

    def of(self, items: Any, depth: int) -> Any:
        function = self.function
        if function is None:
            function = self.function = _function_of(self.shape, writing=self.writing)
        made = []
        for at, item in enumerate(items):
            try:
                made.append(function(item, depth))
            except Refusal as refusal:
                raise refusal.within(f"[{at}]", at) from None
        return made if self.writing else tuple(made)


class _Choice:
    """Chooses a shape by the type of the item, or the class of the value."""

    def __init__(self, choice: OneOf, *, writing: bool) -> None:
        self.options = [
            (_told_by(shape, writing=writing), _function_of(shape, writing=writing))
            for shape in choice.shapes
        ]

    def of(self, item: Any, depth: int) -> Any:
        for (kinds, _), function in self.options:
            if type(item) in kinds:
                return function(item, depth)
        raise wrong_type(" or ".join(name for (_, name), _ in self.options), item)


def _told_by(shape: Shape, *, writing: bool) -> tuple[tuple[type[Any], ...], str]:
    """Return the types by which a shape is told apart from others, and its name."""
    match shape:
        case Ruled():
            return _told_by(shape.value, writing=writing)
        case Scalar():
            return (shape.kind,), KINDS[shape.kind]
        case Document() if writing:
            return (shape.declaration,), shape.declaration.__name__
        case Own() if writing:
            return (shape.declaration,), shape.declaration.__name__
        case Own():
            return shape.declaration.cbor_types, shape.declaration.__name__
        case Document():
            form = form_of(shape.declaration)
            if isinstance(form, int):
                return (cbor2.CBORTag,), f"tag {form}"
            return ((list, tuple), "an array") if form == "array" else (tuple(MAPS), "a map")
    raise TypeError(f"{shape} is not told apart by its type")


MAPS = frozenset({dict, cbor2.frozendict})
