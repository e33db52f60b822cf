"""Machines that are made again from what they have stored, and from nothing else."""

from mimi.client import Device
from mimi.client.state import Owner
from mimi.demo.handset import Handset
from mimi.protocol.hub import Hub
from mimi.protocol.provider_rows import load_provider, save_provider
from mimi.protocol.provider_state import ProviderState


def from_rows(state: ProviderState, hub: Hub) -> ProviderState:
    """Return what a provider has, as it is read from its rows."""
    rows = save_provider(state)
    read = load_provider(rows, hub)
    assert save_provider(read) == rows
    return read


def restart_handset(handset: Handset) -> None:
    """Let a device be what its rows say; what was asked for and not answered is forgotten."""
    before, room = handset.device, handset._room
    handset.device = Device.load(
        before.save(), owner=Owner(before.owner.client, b""), entropy=before.client.entropy
    )
    if room is not None:
        handset._room = handset.device.load_room(room.save())
