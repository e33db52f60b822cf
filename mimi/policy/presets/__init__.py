"""Rooms to start from: the four examples of draft-ietf-mimi-room-policy-03, and three more.

::

    from mimi.policy.presets import MODERATED
    data = MODERATED.data()                       # of the components of a new room
    policy = MODERATED.having(claims).policy      # with a component of one's own

Each is a value in a module of its own, which also has the indexes of its roles:
`mimi.policy.presets.moderated.SPEAKER`. Of the draft's examples the roles are the draft's; it says
nothing of the other components, which are ours. A role with a minimum must be filled when the room
is created: a ``policy_enforcer`` with the hub, by its provider's URI.
"""

from collections.abc import Mapping
from types import MappingProxyType

from mimi.policy.presets import announcement as announcement
from mimi.policy.presets import cooperative as cooperative
from mimi.policy.presets import direct as direct
from mimi.policy.presets import moderated as moderated
from mimi.policy.presets import multi_organization as multi_organization
from mimi.policy.presets import strict as strict
from mimi.policy.presets.announcement import ANNOUNCEMENT_CHANNEL as ANNOUNCEMENT_CHANNEL
from mimi.policy.presets.cooperative import COOPERATIVE as COOPERATIVE
from mimi.policy.presets.direct import (
    DIRECT_MESSAGE as DIRECT_MESSAGE,
)
from mimi.policy.presets.direct import (
    GROUP_DIRECT_MESSAGE as GROUP_DIRECT_MESSAGE,
)
from mimi.policy.presets.moderated import MODERATED as MODERATED
from mimi.policy.presets.multi_organization import MULTI_ORGANIZATION as MULTI_ORGANIZATION
from mimi.policy.presets.preset import Preset as Preset
from mimi.policy.presets.preset import capabilities as capabilities
from mimi.policy.presets.preset import role as role
from mimi.policy.presets.strict import STRICT as STRICT

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            COOPERATIVE,
            STRICT,
            MODERATED,
            MULTI_ORGANIZATION,
            DIRECT_MESSAGE,
            GROUP_DIRECT_MESSAGE,
            ANNOUNCEMENT_CHANNEL,
        )
    }
)
"""All of them, by their names."""
