"""One user's device: group, content, policy and conversation as one machine, without I/O.

::

    device = Device.create(uri)                             a client, and its key packages
    room = device.create_room(...).room                     or join, or come_in
    change = room.add(materials, now=now)                   store change.room, send change.request
    room = change.room.answered(response, now=now).room     the hub's answer
    post = room.send(content.text("Hi"), now=now)           store, send; then submitted(...)
    step = room.receive(message, now=now)                   what the hub hands on: step.events
    for entry in step.room.shown: ...

Rooms and devices are immutable values, stored as rows (`save`, `changes_since`, `load`). Times are
milliseconds since 1970-01-01T00:00Z.
"""

from mimi.client.changes import Material as Material
from mimi.client.device import Device as Device
from mimi.client.device import Founding as Founding
from mimi.client.events import ChangeRefused as ChangeRefused
from mimi.client.events import Event as Event
from mimi.client.events import Joined as Joined
from mimi.client.events import Kept as Kept
from mimi.client.events import LeaveLost as LeaveLost
from mimi.client.events import MessageRefused as MessageRefused
from mimi.client.events import MessageShown as MessageShown
from mimi.client.events import NeedsResync as NeedsResync
from mimi.client.events import Next as Next
from mimi.client.events import NotSent as NotSent
from mimi.client.events import Passed as Passed
from mimi.client.events import Proposed as Proposed
from mimi.client.events import RemovedMe as RemovedMe
from mimi.client.events import RoomChanged as RoomChanged
from mimi.client.events import RoomOver as RoomOver
from mimi.client.facts import facts_of as facts_of
from mimi.client.joining import Asking as Asking
from mimi.client.reading import CONTENT as CONTENT
from mimi.client.room import DeviceRoom as DeviceRoom
from mimi.client.state import Change as Change
from mimi.client.state import Judge as Judge
from mimi.client.state import Kind as Kind
from mimi.client.state import Owner as Owner
from mimi.client.state import Post as Post
from mimi.client.state import RoomStep as RoomStep
