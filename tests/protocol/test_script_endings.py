"""How a room ends: the last ones leave, and nobody anywhere goes on as if it were there."""

from protocol.town import ALICES, BOBS, EVERYBODY, ROOM, Town

PROVIDERS = ("a.example", "b.example", "c.example")


def followed_by(town: Town) -> dict[str, int]:
    """Return how many clients each provider still serves in the room."""
    states = {name: town.server(name).state for name in PROVIDERS}
    return {name: len(state.followed[ROOM].clients) for name, state in states.items()}


def test_the_last_ones_leave_and_every_provider_forgets_its_clients():
    town = Town()
    town.wish("cathy/phone", "leave")
    town.wish("alice/phone", "commit")
    assert followed_by(town) == {"a.example": 2, "b.example": 2, "c.example": 0}
    town.wish("bob/phone", "leave")
    town.wish("alice/laptop", "leave")  # nobody has committed that Bob leaves
    assert ROOM not in town.server("a.example").state.rooms
    assert followed_by(town) == dict.fromkeys(PROVIDERS, 0)
    for name in (*ALICES, *BOBS):
        assert town.notes(name)[-1] == "the room is over"
    assert not any(town.device(name).room.is_member for name in EVERYBODY)
    later = town.now + 86_400_000
    for name in PROVIDERS:
        server = town.server(name)
        assert ROOM not in server.provider.pruned(server.state, now=later).followed


def test_who_hears_of_the_end_after_a_failure_hears_of_it_all_the_same():
    town = Town()
    town.wish("cathy/phone", "leave")
    town.wish("alice/phone", "commit")
    town.restarting = True
    town.wish("bob/phone", "leave")
    town.wish("alice/phone", "leave")
    assert followed_by(town) == dict.fromkeys(PROVIDERS, 0)
    assert not any(town.device(name).room.is_member for name in EVERYBODY)
