"""The inventory of rules, and what its entries name: found in sources that are not imported."""

import ast
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parents[2]
INVENTORIES = (
    "inventory.toml",
    "inventory_extensions.toml",
    "inventory_semiprivate.toml",
    "inventory_tree_options.toml",
    "inventory_message_id.toml",
    "inventory_protocol.toml",
    "inventory_participants.toml",
    "inventory_room_policy.toml",
)
"""The files of the inventory: one for RFC 9420, and one for each draft, or two."""
KINDS = ("receiver", "sender", "uncheckable", "own")
VIEWERS = ("member", "public", "joiner", "decoder", "hub", "follower", "provider", "requester")
ERRORS = (
    "mimi.tree.errors",
    "mimi.tree.multicredential_errors",
    "mimi.mls.errors",
    "mimi.mls.component_errors",
    "mimi.mls.semiprivate_errors",
    "mimi.mls.exporter",
    "mimi.mls.safe",
    "mimi.mls.tree_options",
    "mimi.crypto.errors",
    "mimi.policy.errors",
    "mimi.protocol.errors",
    "mimi.protocol.http_errors",
    "mimi.protocol.follower_errors",
    "mimi.protocol.provider_rooms",
)
"""The modules whose errors the inventory names, all of them."""
BASES = (
    "PolicyDataError",
    "ParticipantListError",
    "DurationError",
    "BodyError",
    "KeyMaterialError",
    "UpdateError",
    "SubmissionError",
    "FrankError",
    "FanoutError",
    "GroupInfoBodyError",
    "ConsentError",
    "QueryError",
    "AbuseError",
    "DownloadError",
    "PseudonymError",
    "HubError",
    "HttpError",
    "ForwardError",
)
"""What nothing raises by itself: it stands for the classes below it."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@attrs.frozen
class Rule:
    """One rule.

    Attributes:
        document: The specification.
        prefix: How the names of its rules begin: nothing, or ``ext-``.
        id: Its name here.
        section: The section of the document; ``own`` for a rule of ours.
        text: What it says, in short.
        kind: Who is to do something about it; see `KINDS`.
        error: The class that is raised where a peer, or our caller, breaks it.
        refusal: For what a decision forbids: the rule that a refusal names, as ``Rule.JOIN``.
        check: The function that raises it, as ``module:qualified.name``.
        compiled: The functions that write or are the same check of the compiled decoders.
        test: The test that breaks it, as ``path::name``.
        seen_by: Who can see that it is broken; see `VIEWERS`.
        where: Where our own code does what a sender must.
        why: Why nothing is raised, or why there is a rule of ours.
    """

    document: str
    prefix: str
    id: str
    section: str
    text: str
    kind: str
    error: str = ""
    refusal: str = ""
    check: str = ""
    compiled: list[str] = attrs.field(factory=list)
    test: str = ""
    seen_by: list[str] = attrs.field(factory=list)
    where: str = ""
    why: str = ""

    @property
    def is_checked(self) -> bool:
        """Whether something is raised where the rule is broken."""
        return self.kind in ("receiver", "own")

    @property
    def error_name(self) -> str:
        """The name of the class alone; of a refusal, that of its rule."""
        return self.refusal or self.error.rpartition(".")[2]

    def missing(self) -> list[str]:
        """Return the names of what an entry of its kind has, and this one has not."""
        needed = {
            "receiver": ("error", "check", "test", "seen_by"),
            "own": ("error", "check", "test", "why"),
            "sender": ("where",),
            "uncheckable": ("why",),
        }
        return [name for name in needed.get(self.kind, ()) if not getattr(self, name)]


def read() -> list[dict[str, Any]]:
    """Return the files of the inventory as they are written."""
    files = (Path(__file__).with_name(name) for name in INVENTORIES)
    return [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]


def rules() -> list[Rule]:
    """Return the rules, in their order."""
    return [
        Rule(file["document"], f"{file['prefix']}-" if file["prefix"] else "", **entry)
        for file in read()
        for entry in file["rule"]
    ]


def demands() -> dict[str, dict[str, int]]:
    """Return how often each section of each document says MUST, MUST NOT, REQUIRED or SHALL."""
    found: dict[str, dict[str, int]] = {}
    for file in read():
        of_document = found.setdefault(file["document"], {})
        of_document |= {entry["number"]: entry["demands"] for entry in file["section"]}
    return found


# What an entry names


def source_of(module: str) -> Path:
    """Return the file of a module, a path that may not exist."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def parsed(path: Path) -> ast.Module:
    """Return a parsed file; an empty module where there is none."""
    return ast.parse(path.read_text(encoding="utf-8") if path.is_file() else "")


def find(tree: ast.Module | ast.ClassDef, name: str) -> ast.AST | None:
    """Return what a qualified name stands for: a function, a class or a constant."""
    first, _, rest = name.partition(".")
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == first and rest:
            return find(node, rest)
        if isinstance(node, Function | ast.ClassDef) and node.name == first and not rest:
            return node
        if isinstance(node, ast.Assign | ast.AnnAssign) and not rest:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == first for target in targets):
                return node
    return None


def named(place: str) -> ast.AST | None:
    """Return what ``module:qualified.name`` stands for."""
    module, _, name = place.partition(":")
    return find(parsed(source_of(module)), name)


def exists(test: str) -> bool:
    """Return whether a test ``path::name`` is there."""
    path, _, name = test.partition("::")
    return name.startswith("test_") and isinstance(find(parsed(ROOT / path), name), Function)


def error_classes() -> list[str]:
    """Return the classes of errors that the inventory has to name."""
    return [
        f"{module}.{node.name}"
        for module in ERRORS
        for node in parsed(source_of(module)).body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error") and node.name not in BASES
    ]


def refuses(function: ast.AST, rule: str) -> list[ast.stmt]:
    """Return where a function makes a refusal that names a rule, such as ``Rule.JOIN``.

    If it only keeps the rule in a variable, these are the places where it yields any refusal.
    """
    made = [node for node in ast.walk(function) if isinstance(node, ast.Expr | ast.Return)]
    direct = [node for node in made if names(node, rule)]
    if not direct and names(function, rule):
        direct = [node for node in made if isinstance(node.value, ast.Yield)]
    return sorted(direct, key=lambda node: node.lineno)


def names(node: ast.AST, rule: str) -> bool:
    """Return whether code mentions a rule."""
    return any(isinstance(at, ast.Attribute) and ast.unparse(at) == rule for at in ast.walk(node))


def raises(function: ast.AST, error: str) -> Sequence[ast.stmt]:
    """Return where a function raises an error, or makes a refusal that names a rule.

    If it never raises the class by name, these are the places where it raises what another function
    makes: ``raise self.malformed(...)``.
    """
    if "." in error:
        return refuses(function, error)
    made: dict[ast.Raise, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Raise):
            maker = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            made[node] = "" if maker is None else ast.unparse(maker).rpartition(".")[2]
    direct = [node for node, name in made.items() if name == error]
    makers = [
        node for node, name in made.items() if name.islower() and isinstance(node.exc, ast.Call)
    ]
    return sorted(direct or makers, key=lambda node: node.lineno)
