"""Compiling declared CBOR documents: one function to read, one to write.

The reader takes what `mimi.codec.cbor` decodes, lists and maps, and returns the value; the writer
takes the value and returns what is to be encoded. Both are straight lines of checks, because a
conversation of 100,000 messages is decoded in one go; what breaks a check is a `Refusal`, to which
each document on the way out adds the name of the field that it came from.

A third one, the searcher, is a writer that asks of every text and of every class that writes itself
whether they can be encoded. It says where the fault is when the encoder has found one.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import cbor2

from mimi.codec.cddl import entries_of, form_of, kinds_of, rules_together, takes_null
from mimi.codec.cddl_item import CALLED, wrong_type
from mimi.codec.cddl_shape import (
    KINDS,
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
    Rest,
    Ruled,
    Scalar,
    Shape,
    Size,
)
from mimi.codec.codepoint import CodePoint
from mimi.codec.declare import OCTETS, once
from mimi.codec.decoder import twin
from mimi.codec.source import Source
from mimi.errors import UsageError

Function: TypeAlias = Callable[[Any, int], Any]
"""From an item, or a value, and how deep it is within its like, to a value, or an item."""

Way: TypeAlias = Literal["read", "write", "search"]


@once
def reader_of(declaration: type[Any]) -> Function:
    """Return the function that makes a value of an item."""
    return _function_of(declaration, "read")


@once
def writer_of(declaration: type[Any]) -> Function:
    """Return the function that makes an item of a value."""
    return _function_of(declaration, "write")


@once
def searcher_of(declaration: type[Any]) -> Function:
    """Return the writer that knows of everything in a value whether it can be encoded."""
    return _function_of(declaration, "search")


def _function_of(declaration: type[Any], way: Way, around: tuple[type[Any], ...] = ()) -> Function:
    """Return the function of a declaration that is met inside of those *around* it.

    One that contains itself is compiled already: it is looked up when it is called.
    """
    if declaration in around:
        compiled = {"read": reader_of, "write": writer_of, "search": searcher_of}[way]

        def later(item: Any, depth: int) -> Any:
            return compiled(declaration)(item, depth)

        return later
    return _Compiler(declaration, way, (*around, declaration)).compiled()


class _Compiler:
    """Writes the lines of one function; *way* says in which direction it goes."""

    def __init__(self, declaration: type[Any], way: Way, around: tuple[type[Any], ...]) -> None:
        self.source = Source()
        self.declaration = declaration
        self.way = way
        self.writing = way != "read"
        self.around = around
        self.source.names |= CALLED

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
        self.line("(" + "".join(f"i{place}, " for place in range(len(fields))) + ") = v")
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
            str(field.shape.value) if isinstance(field.shape, Constant) else f"i{place}"
            for place, field in enumerate(fields)
        ]
        self.line(f"return [{', '.join(items)}]")

    def read_map(self, fields: tuple[Entry, ...]) -> None:
        self.refuse("type(v) is not dict and type(v) is not frozendict", "wrong_type('a map', v)")
        self.line("left = dict(v)")
        self.line(f"made = {self.bind(twin(self.declaration), 'Twin')}()")
        rest = None
        for field in fields:
            if isinstance(field.shape, Rest):
                rest = field.name
                continue
            key = repr(field.key)
            if field.optional:
                self.line(f"if {key} not in left: made.{field.name} = None")
                self.line("else:")
                self.source.depth += 1
            else:
                reason = repr(f"the map lacks the key {field.key!r}")
                self.refuse(f"{key} not in left", f"Refusal(WrongTypeError, {reason})")
            self.line(f"i = left.pop({key})")
            self.field(field, "i", key, f"made.{field.name}")
            if field.optional:
                self.source.depth -= 1
        if rest is None:
            self.refuse("left", "refuse_key(left)")
        else:
            self.line(f"made.{rest} = freeze(left)")
        self.finish()

    def write_map(self, fields: tuple[Entry, ...]) -> None:
        self.line("made = {}")
        own = {field.key for field in fields if field.key is not None}
        for field in fields:
            place = f"made[{field.key!r}]"
            if isinstance(field.shape, Constant):
                self.line(f"{place} = {field.shape.value}")
                continue
            self.line(f"i = v.{field.name}")
            if isinstance(field.shape, Rest):
                self.within(field, "None", lambda: self.write_rest(own))
                continue
            if field.optional:
                self.line("if i is not None:")
                self.source.depth += 1
            self.field(field, "i", repr(field.key), place)
            if field.optional:
                self.source.depth -= 1
        self.rules_together("v")
        self.line("return made")

    def write_rest(self, own: set[int | str]) -> None:
        self.line(f"made.update(others_of(i, {self.bind(own, 'own')}))")
        self.search("i")

    def read_one(self, fields: tuple[Entry, ...]) -> None:
        """Read a tag, or a bare item."""
        form, (field,) = form_of(self.declaration), fields
        step = "None"
        if isinstance(form, int):
            step = "Tag"
            self.refuse(f"type(v) is not Tag or v.tag != {form}", f"wrong_type('tag {form}', v)")
        self.line(f"made = {self.bind(twin(self.declaration), 'Twin')}()")
        self.line("i = v" if step == "None" else "i = v.value")
        self.field(field, "i", step, f"made.{field.name}")
        self.finish()

    def write_one(self, fields: tuple[Entry, ...]) -> None:
        """Write a tag, or a bare item."""
        form, (field,) = form_of(self.declaration), fields
        step = "Tag" if isinstance(form, int) else "None"
        if isinstance(field.shape, Constant):
            self.line(f"i = {field.shape.value}")
        else:
            self.line(f"i = v.{field.name}")
            self.field(field, "i", step, "i")
        self.rules_together("v")
        self.line("return i" if step == "None" else f"return Tag({form}, i)")

    def finish(self) -> None:
        """Make the plain twin the real thing."""
        if hasattr(self.declaration, OCTETS):
            self.line(f"made.{OCTETS} = None")
        self.line(f"made.__class__ = {self.bind(self.declaration, 'Real')}")
        self.rules_together("made")
        self.line("return made")

    def rules_together(self, value: str) -> None:
        if rules_together(self.declaration):
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
            self.within(field, step, lambda: self.value(field.shape, item, target, ""))

    def within(self, field: Entry, step: str, write: Callable[[], None]) -> None:
        """Write lines, with the name of the field for what is raised by them."""
        self.line("try:")
        self.source.depth += 1
        write()
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
                if takes_null(shape.value):
                    raise UsageError(f"{self.declaration.__name__}: null means two things")
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
                function = self.bind(self.function_of(shape.declaration), "nested")
                self.line(f"{target} = {function}({item}, depth)")

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
        if self.way == "search" and shape.kind is str:
            self.refuse(f"not is_text({item})", f"Refusal(NotValidError, NO_TEXT){place}")
        bounds = shape.bounds
        if bounds is None:
            return
        error = self.bind(bounds.error, "Error")
        least, most = bounds.least, bounds.most
        if not isinstance(bounds, Size):
            self.refuse(
                f"not {least} <= {item} <= {most}",
                f"refuse_range({error}, {item}, {least}, {most}){place}",
            )
            return
        size = f"len({item})"
        if shape.kind is str:  # a lone surrogate is for the encoder to find
            size = f"len({item}.encode('utf-8', 'surrogatepass'))"
        self.refuse(
            f"{size} != {least}" if least == most else f"not {least} <= {size} <= {most}",
            f"refuse_size({error}, {size}, {least}, {most}){place}",
        )

    def constant(self, shape: Constant, item: str, place: str) -> None:
        """Check a constant that is read; one to be written is in the class."""
        error = self.bind(shape.error, "Error")
        self.refuse(f"type({item}) is not int", f"wrong_type('an integer', {item}){place}")
        self.refuse(
            f"{item} != {shape.value}", f"refuse_case({error}, {item}, ({shape.value},)){place}"
        )

    def registered(self, shape: Registered, item: str, target: str, place: str) -> None:
        registry: Any = shape.registry
        kinds, expected = f"type({item}) is not int", "an integer"
        if self.writing:  # numbers do as well as names: there are numbers without one
            kinds += f" and type({item}) is not {self.bind(registry, 'Registry')}"
            expected = registry.__name__
        self.refuse(kinds, f"wrong_type({expected!r}, {item}){place}")
        error = self.bind(shape.error, "Error")
        if issubclass(registry, CodePoint):
            most = (1 << 8 * registry.octets) - 1
            table = self.bind(registry.known, "known")
            condition = f"not 0 <= {item} <= {most}"
            self.refuse(condition, f"refuse_range({error}, {item}, 0, {most}){place}")
        else:
            table = self.bind({int(member): member for member in registry}, "known")
            call = f"refuse_case({error}, {item}, tuple({table})){place}"
            self.refuse(f"{item} not in {table}", call)
        self.line(f"{target} = int({item})" if self.writing else f"{target} = {table}[{item}]")

    def many(self, shape: Many, item: str, target: str) -> None:
        count = shape.count
        if self.writing:  # a list would be decoded as a tuple, which does not equal it
            self.refuse(f"type({item}) is not tuple", f"wrong_type('a tuple', {item})")
        else:
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
        elements = self.bind(_Elements(shape.element, self.way), "elements")
        self.line(f"{target} = {elements}.of({item}, {deeper})")

    def cases(self, shape: Cases, item: str, target: str) -> None:
        functions = {number: self.function_of(case) for number, case in shape.declarations.items()}
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
        within = f".within({shape.name!r}, {shape.place})"
        self.refuse("type(case) is not int", f"wrong_type('an integer', case){within}")
        self.refuse(f"case not in {table}", f"refuse_case({error}, case, tuple({table})){within}")
        self.line(f"{target} = {table}[case]({item}, depth)")

    def one_of(self, shape: OneOf, item: str, target: str) -> None:
        choice = self.bind(_Choice(shape, self.way, self.around), "choice")
        self.line(f"{target} = {choice}.of({item}, depth)")

    def own(self, shape: Own, item: str, target: str) -> None:
        """Let a class read or write: what it raises is a `Refusal` or a `MalformedError`."""
        name = self.bind(shape.declaration, "Own")
        if self.writing:
            expected = shape.declaration.__name__
            self.refuse(f"type({item}) is not {name}", f"wrong_type({expected!r}, {item})")
        self.line("try:")
        call = f"{item}.to_cbor()" if self.writing else f"{name}.from_cbor({item})"
        self.line(f"    {target} = {call}")
        self.line("except MalformedError as error:")
        self.line("    raise Refusal(type(error), error.reason) from None")
        self.search(target)

    def search(self, item: str) -> None:
        if self.way == "search":
            self.line(f"check_item({item})")

    def function_of(self, declaration: type[Any]) -> Function:
        return _function_of(declaration, self.way, self.around)


def _shape_function(shape: Shape, way: Way, around: tuple[type[Any], ...]) -> Function:
    """Return a function for any shape: that of a document that has nothing else."""
    compiler = _Compiler(_Alone, way, around)
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

    def __init__(self, shape: Shape, way: Way) -> None:
        self.shape = shape
        self.way = way
        self.function: Function | None = None

    def of(self, items: Any, depth: int) -> Any:
        function = self.function
        if function is None:
            function = self.function = _shape_function(self.shape, self.way, ())
        made = []
        for at, item in enumerate(items):
            try:
                made.append(function(item, depth))
            except Refusal as refusal:
                raise refusal.within(f"[{at}]", at) from None
        return tuple(made) if self.way == "read" else made


class _Choice:
    """Chooses a shape by the type of the item, or the class of the value."""

    def __init__(self, choice: OneOf, way: Way, around: tuple[type[Any], ...]) -> None:
        kinds_of(choice, writing=False)  # what cannot be told apart is nothing to be written either
        self.names = " or ".join(dict.fromkeys(kinds_of(choice, writing=way != "read").values()))
        self.functions: dict[object, Function] = {}
        for shape in choice.shapes:
            function = _shape_function(shape, way, around)
            self.functions |= dict.fromkeys(kinds_of(shape, writing=way != "read"), function)

    def of(self, item: Any, depth: int) -> Any:
        function = self.functions.get(type(item))
        if type(item) is cbor2.CBORTag:
            function = self.functions.get(item.tag, function)
        if function is None:
            raise wrong_type(self.names, item)
        return function(item, depth)
