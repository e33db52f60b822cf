"""By what a commit and its proposals are judged, besides the state of the group."""

from types import MappingProxyType

import attrs

from mimi.mls.appdata import Components
from mimi.tree.leaf import LifetimePolicy

NO_COMPONENTS: Components = MappingProxyType({})


@attrs.frozen
class Rules:
    """What our own application contributes to the judgement.

    Attributes:
        lifetimes: How lifetimes of key packages are judged.
        components: The components that the application knows.
    """

    lifetimes: LifetimePolicy
    components: Components = NO_COMPONENTS
