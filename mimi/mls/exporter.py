"""The safe exporter: one secret for each component in an epoch (draft-ietf-mls-extensions-10 4.4).

::

                application_export_secret         derived on the way to a leaf, then dropped
                   .--------+--------.
                 left              right          what was not on the way stays: the frontier
               .---+---.
              ... 16 levels ...
           leaf 0x0000  ...  leaf 0xffff          exported: gone, and everything above it

The tree is the secret tree's (RFC 9420 section 9), with 2^16 leaves, one for each ComponentID, and
what is exported is the secret of a leaf itself. Of the tree there is only the frontier. A component
whose leaf is below no secret of it has had its export: whoever steals the state afterwards learns
the secrets of components that have not exported yet, and no others.
"""

from collections.abc import Mapping

import attrs

from mimi.crypto import Secret, Suite
from mimi.errors import UsageError
from mimi.mls.components import ComponentID
from mimi.mls.frontier import Frontier, height_above, without_leaf
from mimi.mls.numbermap import NumberMap
from mimi.tree import math
from mimi.tree.math import LeafIndex, NodeIndex

DEPTH = 16
LEAF_COUNT = 1 << DEPTH
ROOT = math.root(LEAF_COUNT)


class ComponentSecretConsumedError(UsageError):
    """The component has exported its secret in this epoch: there is one for each epoch."""

    rule = "draft-ietf-mls-extensions-10 section 4.4"


class ExporterTreeError(UsageError):
    """Stored parts are no exporter tree."""

    rule = "draft-ietf-mls-extensions-10 section 4.4"


@attrs.frozen(repr=False)
class ExporterTree:
    """The secrets of one epoch that components have not exported yet: an immutable value.

    Attributes:
        suite: The cipher suite.
        frontier: The secrets from which those that are left follow, by their nodes; Nh octets.
    """

    suite: Suite
    frontier: Frontier

    def __repr__(self) -> str:
        return f"ExporterTree({len(self.frontier)} secrets)"

    @classmethod
    def of(cls, suite: Suite, application_export_secret: Secret) -> "ExporterTree":
        """Return the tree of an epoch, in which nothing is exported yet."""
        return cls(suite, NumberMap.of_one(ROOT, application_export_secret))

    @classmethod
    def restore(cls, suite: Suite, frontier: Mapping[int, bytes]) -> "ExporterTree":
        """Return the tree of a stored frontier.

        Raises:
            ExporterTreeError: A node is not in the tree or below another, or a secret does not
                have Nh octets.
        """
        following = 0
        for node in sorted(frontier, key=_first_leaf):
            below = _leaves_below(node)
            if below.start < following:
                raise ExporterTreeError(f"node {node} is below another", node=node)
            following = below.stop
            if len(frontier[node]) != suite.nh:
                raise ExporterTreeError(f"a secret of {len(frontier[node])} octets", node=node)
        secrets = {NodeIndex(node): Secret(octets) for node, octets in frontier.items()}
        return cls(suite, NumberMap.of(secrets))

    def has(self, component_id: int) -> bool:
        """Return whether a component can still export its secret.

        Raises:
            UsageError: *component_id* is no number of 16 bits.
        """
        component = LeafIndex(ComponentID(component_id))
        return height_above(self.frontier, component, DEPTH) is not None

    def export(self, component_id: int) -> tuple["ExporterTree", Secret]:
        """Take a component's secret: SafeExportSecret(ComponentID), Nh octets.

        Returns:
            The tree without it and without all from which it follows, and the secret.

        Raises:
            ComponentSecretConsumedError: It was taken before.
            UsageError: *component_id* is no number of 16 bits.
        """
        component = ComponentID(component_id)
        found = without_leaf(self.suite, self.frontier, LeafIndex(component), DEPTH)
        if found is None:
            raise ComponentSecretConsumedError(
                f"component {component!r} has exported its secret in this epoch",
                component=component,
            )
        return ExporterTree(self.suite, found[0]), found[1]


def _leaves_below(node: int) -> range:
    if not 0 <= node < math.node_width(LEAF_COUNT):
        raise ExporterTreeError(f"node {node} is not in the exporter tree", node=node)
    return math.leaves_below(NodeIndex(node))


def _first_leaf(node: int) -> int:
    return _leaves_below(node).start
