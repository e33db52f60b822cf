"""What a hub of a transcript refuses, from the drafts alone: draft-ietf-mimi-protocol-06,
sections 5.3 and 5.4, and the roles of draft-ietf-mimi-room-policy-03.
"""

from naive import naive_extensions as ext
from naive import naive_tree as tree
from naive import naive_wire as wire
from naive.naive_agree import agree
from naive.naive_components import component_data, dictionary_in
from naive.naive_logics import next_extensions
from naive.naive_policy_data import component
from naive.naive_policy_wire import participants_of
from naive.naive_public import Public, leaf_of
from naive.naive_transcript_room import LOGICS, PARTICIPANTS, user_of

ROLES = 0x25
BANNED = 1


def listed_in(extensions: list[dict]) -> dict[str, int]:
    """Give the participants with their roles."""
    data = component_data(dictionary_in(extensions), PARTICIPANTS)
    return dict(participants_of(data or b"\0"))


def roles_in(public: Public) -> dict[int, dict]:
    data = component_data(dictionary_in(public.context["extensions"]), ROLES)
    return {one["role_index"]: one for one in component(ROLES, data or b"\0")["roles"]}


def users_with(public: Public, capability: str) -> list[str]:
    roles, listed = roles_in(public), listed_in(public.context["extensions"])
    return [user for user, role in listed.items() if capability in roles[role]["role_capabilities"]]


def has_capability(public: Public, user: str, capability: str) -> bool:
    return user in users_with(public, capability)


def may_send(public: Public, user: str) -> bool:
    """Whether a message of a user is taken: of who is about to go or to be banned, none is."""
    updates = [
        one.proposal
        for one in public.pending.values()
        if one.proposal["proposal_type"] == ext.APP_DATA_UPDATE
        and one.proposal["body"]["component_id"] == PARTICIPANTS
    ]
    extensions, _ = next_extensions(public.context["extensions"], updates, LOGICS)
    is_cut_off = listed_in(extensions).get(user, BANNED) == BANNED
    return has_capability(public, user, "canSendMessage") and not is_cut_off


def staying(public: Public) -> set[int]:
    """Give the leaves of which nobody proposes that they go."""
    return set(tree.occupied_leaves(public.nodes)) - set(map(leaf_of, public.pending.values()))


def check_answer(public: Public, opened: dict, response: dict) -> None:
    """Check which answer a commit gets: of proposals nothing is decided here."""
    content, code = opened["content"], response["response_code"]
    if content["content_type"] != wire.COMMIT:
        return
    proposals = content["body"]["proposals"]
    references = [one["reference"] for one in proposals if "reference" in one]
    unknown = [one.hex() for one in references if one not in public.pending]
    if unknown or code == "invalidProposal":
        agree("the answer", "invalidProposal", code)
        agree("invalid_proposals", unknown, response["details"]["invalid_proposals"])
        return
    member = content["sender"]["sender_type"] == wire.MEMBER
    left_out = member and not set(public.pending) <= set(references)
    forbidden = left_out or (member and not references and is_forbidden(public, content))
    agree("the answer", "notAllowed" if forbidden else "success", code)


def is_forbidden(public: Public, content: dict) -> bool:
    """Whether roles change, from or to 0 for who is in no list, as the committer's cannot."""
    sender = tree.leaf_at(public.nodes, content["sender"]["leaf_index"])
    proposals = [one["proposal"] for one in content["body"]["proposals"]]
    before = listed_in(public.context["extensions"])
    extensions, _ = next_extensions(public.context["extensions"], proposals, LOGICS)
    after = listed_in(extensions)
    role = roles_in(public)[before[user_of(sender["credential"])]]
    named = {
        (entry["from_role_index"], target)
        for entry in role["authorized_role_changes"]
        for target in entry["target_role_indexes"]
    }
    changed = {(before.get(user, 0), after.get(user, 0)) for user in {*before, *after}}
    return any(source != target and (source, target) not in named for source, target in changed)
