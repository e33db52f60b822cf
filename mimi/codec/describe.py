"""Showing declarations and encodings to people."""

from typing import Any

from mimi.codec.declare import Field, cases_of, classes_of, fields_of, shape_of
from mimi.codec.shape import (
    Bytes,
    Code,
    Fixed,
    Given,
    Optional,
    Padding,
    Select,
    Shape,
    Struct,
    Vector,
)
from mimi.codec.trace import Span, bounds_of, case_name, kind_of, read, tag_name


def presentation(*declared: Any) -> str:
    """Return declarations in the presentation language, each with those that it needs above it.

    A select on a tag is a structure, as in the RFC; one on an earlier field names the tag there::

        struct {
            CredentialType credential_type;
            select (Credential.credential_type) {
                case basic: BasicCredential;
                case x509: X509Credential;
            };
        } Credential;

        select (PublicMessage.content.sender.sender_type) {
            case member: MAC membership_tag;
            case external:
            case new_member_proposal:
            case new_member_commit: struct {};
        };
    """
    texts: dict[str, str] = {}
    for each in declared:
        _present(shape_of(each), texts)
    return "\n\n".join(texts.values())


def _present(shape: Shape, texts: dict[str, str]) -> None:
    match shape:
        case Struct(declaration=declaration):
            if declaration.__name__ in texts:
                return
            for field in fields_of(declaration):
                _present(field.shape, texts)
            lines = [
                line for field in fields_of(declaration) for line in _field(field, declaration)
            ]
            texts[declaration.__name__] = _block("struct", lines, declaration.__name__)
        case Select():
            for hint in shape.cases.values():
                _present(shape_of(hint), texts)
            _present(shape.tag, texts)
            texts.setdefault(kind_of(shape), _select(shape))
        case Given():
            for hint in _hints(shape):
                _present(shape_of(hint), texts)
        case Vector(element=inner) | Optional(value=inner):
            _present(inner, texts)
        case Code():
            texts.setdefault(shape.registry.__name__, _registry(shape))
        case Bytes(name=name, header=header) if name != "opaque":
            texts.setdefault(name, f"opaque {name}{bounds_of(header)};")
        case _:
            pass


def _hints(given: Given) -> list[Any]:
    hints = list(given.cases.values())
    return hints if given.otherwise is None else [*hints, given.otherwise]


def _block(word: str, lines: list[str], name: str) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"{word} {{\n{body}}} {name};" if lines else f"{word} {{}} {name};"


def _field(field: Field, declaration: type[Any]) -> list[str]:
    shape = field.shape
    if isinstance(shape, Given):
        return _given(field, shape, declaration)
    if field.constant:
        value = getattr(declaration, field.name)
        shown = case_name(value) if isinstance(shape, Code) else str(value)
        return [f"{kind_of(shape)} {field.name} = {shown};"]
    return [_line(shape, field.name)]


def _line(shape: Shape, name: str) -> str:
    match shape:
        case Bytes(name="opaque", header=header):
            return f"opaque {name}{bounds_of(header)};"
        case Fixed(length=length):
            return f"opaque {name}[{length}];"
        case Padding():
            return f"opaque {name}[length_of_{name}];"
        case Vector(element=element, header=header):
            return f"{kind_of(element)} {name}{bounds_of(header)};"
        case _:
            return f"{kind_of(shape)} {name};"


def _given(field: Field, given: Given, declaration: type[Any]) -> list[str]:
    step, tags, left = _tags(given, _shape_at(declaration, given.path))
    labels: dict[str, list[str]] = {}
    for key, hint in given.cases.items():
        labels.setdefault(_line(shape_of(hint), field.name), []).append(_label(tags[key]))
    rest = "struct {};" if given.otherwise is None else _line(shape_of(given.otherwise), field.name)
    others = ["default:"] if left is None else map(_label, left)
    labels.setdefault(rest, []).extend(others)
    lines = [f"select ({declaration.__name__}.{given.path}{step}) {{"]
    for line, cases in labels.items():
        lines += [f"    {label}" for label in cases]
        lines[-1] += f" {line}" if cases else ""
    return [*lines, "};"]


def _label(tag: Any) -> str:
    return f"case {tag.__name__ if isinstance(tag, type) else case_name(tag)}:"


def _shape_at(declaration: type[Any], path: str) -> Shape | None:
    """Return the shape of the field to which *path* leads; None where it leaves the fields."""
    shape: Shape | None = Struct(declaration)
    for name in path.split("."):
        fields = fields_of(shape.declaration) if isinstance(shape, Struct) else ()
        shape = next((field.shape for field in fields if field.name == name), None)
    return shape


def _tags(given: Given, earlier: Shape | None) -> tuple[str, dict[Any, Any], list[Any] | None]:
    """Return the step from the earlier field to its tag, and which tags stand for the cases.

    The tags that are left come last, None where they cannot be listed. A case whose class is no
    case of the earlier select by itself stands for itself.
    """
    if given.key is not None:
        return f".{given.key.__name__}", {key: key for key in given.cases}, None
    if isinstance(earlier, Select) and given.by_class:
        tags = {
            kind: tag
            for tag, shape in cases_of(earlier)
            if not isinstance(shape, Select)
            for kind in classes_of(shape)
        }
        if tags.keys() >= given.cases.keys():
            left = [tag for tag in earlier.cases if tag not in map(tags.get, given.cases)]
            return f".{tag_name(earlier)}", tags, None if earlier.tag.is_open else left
    if isinstance(earlier, Code) and not earlier.is_open:
        left = [tag for tag in earlier.table.values() if tag not in given.cases]
        return "", {key: earlier.table.get(key, key) for key in given.cases}, left
    return "", {key: key for key in given.cases}, None


def _select(select: Select) -> str:
    name, tag = kind_of(select), tag_name(select)
    lines = [f"{select.registry.__name__} {tag};", f"select ({name}.{tag}) {{"]
    for value, hint in select.cases.items():
        lines.append(f"    case {case_name(value)}: {kind_of(shape_of(hint))};")
    return _block("struct", [*lines, "};"], name)


def _registry(code: Code) -> str:
    registry: Any = code.registry
    if code.is_open:
        return f"uint{8 * code.octets} {registry.__name__};"
    lines = [] if 0 in code.table else ["reserved(0),"]
    lines += [f"{case_name(member)}({int(member)})," for member in registry]
    return _block("enum", [*lines, f"({(1 << 8 * code.octets) - 1})"], registry.__name__)


def annotate(declared: Any, octets: bytes) -> str:
    """Return *octets* as a table: offset, octets, field and value, one line for each item.

    The octets stand in the lines of the items that have no parts.

    Raises:
        MalformedError: They are no encoding of *declared*.
    """
    traced = read(declared, octets)
    leaves = set(map(id, traced.leaves))
    return "\n".join(
        _row(span, bytes(octets[span.start : span.end]) if id(span) in leaves else b"")
        for span in traced.spans
    )


def _row(span: Span, octets: bytes) -> str:
    shown = octets.hex()
    if len(shown) > 32:
        shown = f"{shown[:28]}..{shown[-2:]}"
    name = span.name.removeprefix(".")
    label = span.kind if name in ("", span.kind) else f"{name}: {span.kind}"
    value = f" = {span.value!s}" if isinstance(span.value, int) else ""
    return f"{span.start:6d}  {shown:<32}  {'  ' * span.depth}{label}{value}"
