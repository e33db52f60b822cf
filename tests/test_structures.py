"""docs/structures.md is what the declarations say. This script prints what it should be."""

import subprocess
import sys
from pathlib import Path

from mimi.codec import presentation
from mimi.mls.structures import STRUCTURES as MLS
from mimi.policy import policy
from mimi.policy.structures import (
    JoinLinksUpdate,
    ParticipantListData,
    ParticipantListUpdate,
    RoomMetaData,
)
from mimi.protocol.structures import STRUCTURES as PROTOCOL

PAGE = Path(__file__).parents[1] / "docs" / "structures.md"

ROOMS = {
    "Participants and metadata of rooms (draft-ietf-mimi-protocol-06)": (
        ParticipantListData,
        ParticipantListUpdate,
        RoomMetaData,
    ),
    "Policy of rooms (draft-ietf-mimi-room-policy-03)": (
        *(each for each in policy.STRUCTURES.values() if each is not RoomMetaData),
        JoinLinksUpdate,
    ),
}

HEAD = """# Structures

Every structure of RFC 9420, of drafts that extend it, and of the MIMI protocol, as this library
declares it, in the TLS presentation language, derived from the declarations. A select on a tag is a
structure of its own here, since it is a union of classes there (`LeafSource`, `Sender`, `Content`);
a select on an earlier field stays where it is.
"""


def page() -> str:
    known: set[str] = set()
    parts = [HEAD]
    for title, declared in {**MLS, **ROOMS, **PROTOCOL}.items():
        texts = [text for text in presentation(*declared).split("\n\n") if text not in known]
        known.update(texts)
        parts.append(f"## {title}\n\n```\n" + "\n\n".join(texts) + "\n```\n")
    return "\n".join(parts)


def test_page_is_current():
    """In a process of its own: other tests declare cases of the open choices."""
    command = [sys.executable, __file__]
    written = subprocess.run(command, capture_output=True, text=True, check=True)
    assert PAGE.read_text() == written.stdout


if __name__ == "__main__":
    sys.stdout.write(page())
