"""The example flow of draft-ietf-mimi-protocol-06 section 3, in one process, over bytes.

::

    world = World(b"seed")
    outcome = play(world)                  # three providers, three users, seven devices
    outcome.is_good                        # whether all devices agree
    replay(manifest, files, "b.example")   # one machine alone, from what was written of the others

Everything is made from a seed, at a time that is an argument: the same seed, the same octets.
"""

from mimi.demo.machine import Kind as Kind
from mimi.demo.machine import Machine as Machine
from mimi.demo.machine import Message as Message
from mimi.demo.replay import Replayed as Replayed
from mimi.demo.replay import manifest_of as manifest_of
from mimi.demo.replay import replay as replay
from mimi.demo.scenario import Outcome as Outcome
from mimi.demo.scenario import play as play
from mimi.demo.world import Record as Record
from mimi.demo.world import World as World
