"""What the proposals of a commit make of the dictionary of a group."""

from collections.abc import Iterator

import attrs

from mimi.codec import encode
from mimi.crypto import SeededEntropy, Suite
from mimi.mls.appack import AppAck, MessageRange
from mimi.mls.components import (
    APP_DATA_UPDATE,
    AppData,
    ComponentID,
    app_data,
    dictionary,
    with_components,
)
from mimi.mls.negotiation import ComponentsList, MediaType, MediaTypeList
from mimi.mls.proposal import (
    AppDataUpdate,
    AppEphemeral,
    GroupContextExtensions,
    Proposal,
    RemoveData,
    UpdateData,
)
from mimi.tree.codepoints import ExtensionType
from mimi.tree.extension import Extension, Extensions, RequiredCapabilities, extension
from mimi.vectors.generate.mls_data import UNKNOWN_EXTENSION, group_context
from mimi.vectors.generate.written import Vector
from mimi.vectors.logic import BUILT_IN_LOGICS

PLAIN, LOG, COUNTER, EVEN = 0x8001, 0x8002, 0x8003, 0x8004
UNKNOWN = 0x8FFF

KNOWN: dict[int, str] = {
    **{int(number): logic for number, logic in BUILT_IN_LOGICS.items()},
    PLAIN: "replace",
    LOG: "append",
    COUNTER: "counter",
    EVEN: "refuse-odd",
}

REQUIRING = extension(
    ExtensionType.REQUIRED_CAPABILITIES, RequiredCapabilities(proposal_types=(APP_DATA_UPDATE,))
)

_BEFORE: dict[int, bytes] = {PLAIN: b"old", LOG: b"one.", COUNTER: b"\0\0\1\0", EVEN: b"even"}


def update(component: int, data: bytes) -> AppDataUpdate:
    """Return the proposal of an update."""
    return AppDataUpdate(ComponentID(component), UpdateData(data))


def remove(component: int) -> AppDataUpdate:
    """Return the proposal to remove a component's data."""
    return AppDataUpdate(ComponentID(component), RemoveData())


def ephemeral(component: int, data: bytes) -> AppEphemeral:
    """Return the proposal of data that go with a commit."""
    return AppEphemeral(ComponentID(component), data)


Octets = Proposal | bytes
"""A proposal, or octets that are none."""

Calls = list[tuple[int, str, list[bytes]]]


@attrs.frozen
class Applied:
    """Proposals and what comes of them.

    Attributes:
        what: What is remarkable.
        proposals: Those of the commit.
        after: What components say then; None where the extensions are *extensions*.
        calls: What components were given.
        before: What they said.
        first: Extensions before the dictionary.
        extensions: Those of the next epoch, where more than the dictionary changes.
        rule: What is broken.
        known: From the components that are known to their logic.
    """

    what: str
    proposals: tuple[Octets, ...]
    after: dict[int, bytes | None] | None = None
    calls: Calls = attrs.field(factory=list)
    before: AppData | None = attrs.field(factory=lambda: _BEFORE)
    first: Extensions = ()
    extensions: Extensions | None = None
    rule: str | None = None
    known: dict[int, str] = attrs.field(factory=lambda: KNOWN)


def _one(component: int, *data: bytes) -> tuple[int, str, list[bytes]]:
    return component, "update", list(data)


def _good() -> Iterator[Applied]:
    yield Applied("no proposals", (), {})
    yield Applied(
        "an update replaces data", (update(PLAIN, b"new"),), {PLAIN: b"new"}, [_one(PLAIN, b"new")]
    )
    yield Applied(
        "of several updates the last one replaces",
        (update(PLAIN, b"1"), update(PLAIN, b"2"), update(PLAIN, b"3")),
        {PLAIN: b"3"},
        [_one(PLAIN, b"1", b"2", b"3")],
    )
    yield Applied(
        "updates are appended in the order of the commit",
        (update(LOG, b"b."), update(LOG, b"a."), update(LOG, b"")),
        {LOG: b"one.b.a."},
        [_one(LOG, b"b.", b"a.", b"")],
    )
    yield Applied(
        "updates of a component whose data there are not yet, between others",
        (update(LOG, b"first"),),
        {LOG: b"first"},
        [_one(LOG, b"first")],
        {PLAIN: b"old", EVEN: b"even"},
    )
    yield Applied(
        "numbers are added, up to the greatest",
        (update(COUNTER, b"\0\0\0\1"), update(COUNTER, b"\xff\xff\xfe\xfe")),
        {COUNTER: b"\xff\xff\xff\xff"},
        [_one(COUNTER, b"\0\0\0\1", b"\xff\xff\xfe\xfe")],
    )
    yield from _removed_and_added()
    yield from _several()
    yield from _built_in()


def _removed_and_added() -> Iterator[Applied]:
    yield Applied("data are removed", (remove(LOG),), {LOG: None}, [(LOG, "remove", [])])
    yield Applied(
        "the only data are removed: the dictionary remains, empty",
        (remove(PLAIN),),
        {PLAIN: None},
        [(PLAIN, "remove", [])],
        {PLAIN: b"old"},
    )
    yield Applied(
        "there was no dictionary: it is added at the end",
        (update(PLAIN, b"new"),),
        {PLAIN: b"new"},
        [_one(PLAIN, b"new")],
        None,
        (UNKNOWN_EXTENSION,),
    )
    yield Applied(
        "empty data are data",
        (update(PLAIN, b""),),
        {PLAIN: b""},
        [_one(PLAIN, b"")],
    )
    yield Applied(
        "a component whose data nobody knows stays as it is",
        (update(LOG, b"two."),),
        {LOG: b"one.two."},
        [_one(LOG, b"two.")],
        {0: b"reserved", 0x7A7A: b"grease", LOG: b"one.", 0xFFFF: bytes(70)},
    )


def _several() -> Iterator[Applied]:
    yield Applied(
        "several components at once, their updates mixed",
        (
            update(EVEN, b"22"),
            update(LOG, b"x"),
            remove(COUNTER),
            update(EVEN, b""),
            update(LOG, b"y"),
        ),
        {LOG: b"one.xy", COUNTER: None, EVEN: b""},
        [_one(LOG, b"x", b"y"), (COUNTER, "remove", []), _one(EVEN, b"22", b"")],
    )
    yield Applied(
        "ephemeral data come before updates, in the order of the commit",
        (
            update(PLAIN, b"new"),
            ephemeral(LOG, b"2"),
            ephemeral(EVEN, b"11"),
            remove(EVEN),
            ephemeral(LOG, b"1"),
        ),
        {PLAIN: b"new", EVEN: None},
        [
            (LOG, "ephemeral", [b"2"]),
            (EVEN, "ephemeral", [b"11"]),
            (LOG, "ephemeral", [b"1"]),
            _one(PLAIN, b"new"),
            (EVEN, "remove", []),
        ],
    )
    yield Applied(
        "ephemeral data change nothing",
        (ephemeral(LOG, b"just now"),),
        {},
        [(LOG, "ephemeral", [b"just now"])],
    )
    yield from _with_extensions()


def _long(size: int) -> Applied:
    what, long = f"an update of {size} octets", bytes(size)
    return Applied(what, (update(LOG, long),), {LOG: b"one." + long}, [_one(LOG, long)])


def _with_extensions() -> Iterator[Applied]:
    replaced = (UNKNOWN_EXTENSION, dictionary({LOG: b"zero.", EVEN: b"even"}))
    yield Applied(
        "GroupContextExtensions replace the dictionary, where AppDataUpdate is not required",
        (update(LOG, b"one."), GroupContextExtensions(replaced)),
        None,
        [_one(LOG, b"one.")],
        extensions=with_components(replaced, {LOG: b"zero.one."}),
    )
    yield Applied(
        "GroupContextExtensions remove the dictionary, and an update adds it again",
        (GroupContextExtensions((UNKNOWN_EXTENSION,)), update(LOG, b"one.")),
        None,
        [_one(LOG, b"one.")],
        extensions=(UNKNOWN_EXTENSION, dictionary({LOG: b"one."})),
    )
    kept = (UNKNOWN_EXTENSION, dictionary(_BEFORE), REQUIRING)
    yield Applied(
        "GroupContextExtensions keep the dictionary, where AppDataUpdate is required",
        (GroupContextExtensions(kept), update(LOG, b"two.")),
        None,
        [_one(LOG, b"two.")],
        first=(REQUIRING,),
        extensions=with_components(kept, {LOG: b"one.two."}),
    )
    yield Applied(
        "GroupContextExtensions without a dictionary, where there is none and AppDataUpdate is"
        " required",
        (GroupContextExtensions((REQUIRING, UNKNOWN_EXTENSION)),),
        None,
        before=None,
        first=(REQUIRING,),
        extensions=(REQUIRING, UNKNOWN_EXTENSION),
    )


def _built_in() -> Iterator[Applied]:
    components = encode(ComponentsList((ComponentID(1), ComponentID(PLAIN))))
    kinds = encode(MediaTypeList((MediaType(b"text/plain"),)))
    ack = encode(AppAck((MessageRange(1, 0, 4),)))
    yield Applied(
        "components of the draft",
        (update(1, components), update(3, kinds), update(2, b"\0"), ephemeral(5, ack)),
        {1: components, 2: b"\0", 3: kinds},
        [(5, "ephemeral", [ack]), _one(1, components), _one(2, b"\0"), _one(3, kinds)],
    )


def _bad() -> Iterator[Applied]:
    yield from _unknown()
    yield from _conflicting()
    yield from _refused()
    yield from _changed_otherwise()
    for what, octets in (
        ("an update with operation 0", b"\0\x08\x80\1\0"),
        ("an update with operation 3", b"\0\x08\x80\1\3\0"),
        ("a removal with data", b"\0\x08\x80\1\2\0"),
        ("an update that ends too early", b"\0\x08\x80\1\1\5a"),
        ("ephemeral data with an octet behind them", b"\0\x09\x80\2\1aa"),
    ):
        yield Applied(what, (octets,), rule="malformed")


def _unknown() -> Iterator[Applied]:
    for what, proposal in (
        ("an update", update(UNKNOWN, b"")),
        ("a removal", remove(UNKNOWN)),
        ("ephemeral data", ephemeral(UNKNOWN, b"")),
        ("a GREASE component, updated", update(0x1A1A, b"")),
    ):
        before = {**_BEFORE, UNKNOWN: b"there"}
        proposals = update(LOG, b"x"), proposal
        unknown = f"{what}, of a component that is not known"
        yield Applied(unknown, proposals, before=before, rule="unknown-component")


def _conflicting() -> Iterator[Applied]:
    rule = "component-conflict"
    for what, proposals in (
        ("removed twice", (remove(LOG), remove(LOG))),
        ("updated, then removed", (update(LOG, b"x"), remove(LOG))),
        ("removed, then updated", (remove(LOG), update(LOG, b"x"))),
        (
            "updated and removed with others between",
            (update(LOG, b""), update(EVEN, b""), remove(LOG)),
        ),
    ):
        yield Applied(f"a component is {what}", proposals, rule=rule)
    rule = "absent-component"
    before = {PLAIN: b"old"}
    yield Applied("a removal of what is not there", (remove(LOG),), before=before, rule=rule)
    yield Applied("a removal where there is no dictionary", (remove(LOG),), before=None, rule=rule)
    gone = GroupContextExtensions((dictionary({PLAIN: b"old"}),))
    yield Applied(
        "a removal of what GroupContextExtensions have removed", (gone, remove(LOG)), rule=rule
    )


def _refused() -> Iterator[Applied]:
    rule = "component-refusal"
    for what, proposals in (
        ("a sum of 33 bits", (update(COUNTER, b"\xff\xff\xff\0"),)),
        ("a number of three octets", (update(COUNTER, b"\0\0\1"),)),
        (
            "one of several updates is refused",
            (update(EVEN, b"22"), update(EVEN, b"1"), update(EVEN, b"")),
        ),
        ("an odd update beside good ones of others", (update(LOG, b"x"), update(EVEN, b"1"))),
        ("odd ephemeral data", (ephemeral(EVEN, b"1"),)),
        ("ephemeral data for who takes none", (ephemeral(COUNTER, b"\0\0\0\1"),)),
        ("no list of components", (update(1, b"\3\0\1\0"),)),
        ("no list of components for safe_aad", (update(2, b""),)),
        ("an empty list of media types", (update(3, b"\0"),)),
        ("ephemeral data that are no AppAck", (ephemeral(5, b"\1\0"),)),
        (
            "an AppAck whose range ends before it begins",
            (ephemeral(5, bytes([12, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1])),),
        ),
        ("an update of who takes none", (update(5, b"\0"),)),
        (
            "GroupContextExtensions with data that a component refuses",
            (GroupContextExtensions((dictionary({EVEN: b"odd"}),)),),
        ),
        (
            "GroupContextExtensions with a number of five octets",
            (GroupContextExtensions((dictionary({COUNTER: bytes(5)}),)),),
        ),
    ):
        yield Applied(what, proposals, rule=rule)


def _changed_otherwise() -> Iterator[Applied]:
    rule, first = "dictionary-changed", (REQUIRING,)
    for what, before, extensions in (
        ("change the dictionary", _BEFORE, (REQUIRING, dictionary({**_BEFORE, PLAIN: b"new"}))),
        ("leave the dictionary out", _BEFORE, (REQUIRING,)),
        ("add a dictionary", None, (REQUIRING, dictionary({PLAIN: b"new"}))),
        ("add an empty dictionary", None, (REQUIRING, dictionary({}))),
        ("no longer require AppDataUpdate and change it", _BEFORE, (dictionary({}),)),
    ):
        changed = f"GroupContextExtensions {what}, where AppDataUpdate is required"
        proposals = (GroupContextExtensions(extensions),)
        yield Applied(changed, proposals, before=before, first=first, rule=rule)
    unsorted = Extension(dictionary({}).extension_type, b"\6\x80\2\0\x80\1\0")
    yield Applied(
        "GroupContextExtensions with components that do not increase",
        (GroupContextExtensions((unsorted,)),),
        rule="malformed",
    )


def _readings() -> Iterator[Applied]:
    """Yield what other readings of the draft would take for something else."""
    both, other, none = (
        encode(ComponentsList(tuple(map(ComponentID, listed))))
        for listed in ((1, PLAIN), (LOG,), ())
    )
    plain, rich = (
        encode(MediaTypeList((MediaType(kind),))) for kind in (b"text/plain", b"text/html")
    )
    before = {1: both, 2: other, 3: plain}
    what = "updates of the components of the draft are the new data, whole, and the last one counts"
    yield Applied(
        what,
        (update(1, none), update(2, both), update(3, plain), update(1, other), update(3, rich)),
        {1: other, 2: both, 3: rich},
        [_one(1, none, other), _one(2, both), _one(3, plain, rich)],
        before,
    )
    brought = (dictionary({PLAIN: b"", EVEN: b"even"}),)
    yield Applied(
        "GroupContextExtensions bring data, and a removal removes them",
        (remove(PLAIN), GroupContextExtensions(brought)),
        None,
        [(PLAIN, "remove", [])],
        {EVEN: b"even"},
        extensions=(dictionary({EVEN: b"even"}),),
    )
    grease_like = 0x8A8A
    yield Applied(
        "a component for private use in the form of GREASE, which it is not",
        (update(grease_like, b"data"),),
        {grease_like: b"data"},
        [_one(grease_like, b"data")],
        known={**KNOWN, grease_like: "replace"},
    )
    rule, gone = "dictionary-changed", (GroupContextExtensions(()),)
    what = "GroupContextExtensions no longer require AppDataUpdate and leave the dictionary out"
    yield Applied(f"{what}, where AppDataUpdate is required", gone, first=(REQUIRING,), rule=rule)


def updates(suite: Suite, entropy: SeededEntropy) -> Iterator[Vector]:
    """Yield proposals, and what comes of them."""
    long = _long(16384 if suite.code == 1 else 64)
    for listed in (_good(), (long,), _bad(), _readings()):
        for each in listed:
            held = () if each.before is None else (dictionary(each.before),)
            before = (*each.first, *held)
            yield {
                "kind": "mls-extensions-update",
                "description": f"{'refused' if each.rule else 'valid'}: {each.what}",
                "cipher_suite": suite.code,
                "group_context": encode(group_context(suite, entropy, before)),
                "components": [
                    {"component_id": number, "logic": logic} for number, logic in each.known.items()
                ],
                "proposals": [
                    octets if isinstance(octets, bytes) else encode(octets, Proposal)
                    for octets in each.proposals
                ],
                "calls": None if each.rule else _calls(each.calls),
                "extensions": None if each.rule else encode(_after(each, before), Extensions),
                "rule": each.rule,
            }


def _calls(calls: Calls) -> list[Vector]:
    return [{"component_id": at, "call": call, "data": data} for at, call, data in calls]


def _after(each: Applied, before: Extensions) -> Extensions:
    """Return the extensions of the next epoch, as the text of the case has them."""
    if each.extensions is not None:
        return each.extensions
    if not each.after:
        return before
    said = {**app_data(before), **each.after}
    made = dictionary({at: data for at, data in said.items() if data is not None})
    return (*(at for at in before if at.extension_type != made.extension_type), made)
