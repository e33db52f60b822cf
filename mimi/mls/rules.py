"""By what a commit and its proposals are judged, besides the state of the group."""

from types import MappingProxyType

import attrs

from mimi.mls.appdata import Components
from mimi.tree.leaf import Capabilities, LifetimePolicy

NO_COMPONENTS: Components = MappingProxyType({})


@attrs.frozen
class Rules:
    """What our own application contributes to the judgement.

    Attributes:
        lifetimes: How lifetimes of key packages are judged.
        components: The components that the application knows.
        capabilities: What our own client supports; None for somebody who is no member.
    """

    lifetimes: LifetimePolicy
    components: Components = NO_COMPONENTS
    capabilities: Capabilities | None = None
