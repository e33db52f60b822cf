"""MLSMessage: the envelope of everything that is sent (RFC 9420 section 6)."""

from typing import ClassVar

from mimi.codec import struct
from mimi.mls import framing, keypackage, semiprivate, welcome
from mimi.mls.codepoints import MessageBody
from mimi.tree.codepoints import ProtocolVersion


@struct
class MLSMessage:
    """A version, a wire format, and what it says."""

    version: ClassVar[ProtocolVersion] = ProtocolVersion.MLS10
    body: MessageBody


RFC9420_BODIES = (
    framing.PublicMessage,
    framing.PrivateMessage,
    welcome.Welcome,
    welcome.GroupInfo,
    keypackage.KeyPackage,
)
"""The wire formats of RFC 9420, in the order of their code points.

Whoever can name MLSMessage has these declared: they join the choice where they are imported.
"""

ALL_BODIES = (*RFC9420_BODIES, semiprivate.SemiPrivateMessage)
"""Those, and the wire formats of the drafts."""
