"""MIMI content: messages, status reports, and the conversation that they make.

draft-ietf-mimi-content-08 and its companions::

    message = content.reply("See you *there*", to=original_id, attach=[picture])
    octets = content.encode(message)                       # the one encoding
    message = content.decode(octets)                       # or MalformedError: rule, path, offset
    conversation = conversation.add(message, sender=uri, accepted=milliseconds)
    for entry in conversation.entries: ...

What stands here is what most programs need; beside it are `mimi.content.attachment`, `choose`,
`received`, `status`, `derived`, `companions`, `last_seen`, `av`, `authority`, and with the extra
``markdown`` `gfm_mimi` and `links`.
"""

from mimi.content import attachment as attachment
from mimi.content.authority import Arrival as Arrival
from mimi.content.authority import Question as Question
from mimi.content.authority import Right as Right
from mimi.content.authority import author_alone as author_alone
from mimi.content.av import AVMetadata as AVMetadata
from mimi.content.build import after_reading as after_reading
from mimi.content.build import alternatives as alternatives
from mimi.content.build import at as at
from mimi.content.build import body as body
from mimi.content.build import conference as conference
from mimi.content.build import delete as delete
from mimi.content.build import edit as edit
from mimi.content.build import html as html
from mimi.content.build import html_part as html_part
from mimi.content.build import markdown as markdown
from mimi.content.build import markdown_part as markdown_part
from mimi.content.build import mention as mention
from mimi.content.build import mixed as mixed
from mimi.content.build import reaction as reaction
from mimi.content.build import reactions as reactions
from mimi.content.build import reply as reply
from mimi.content.build import single_part as single_part
from mimi.content.build import single_unit as single_unit
from mimi.content.build import text as text
from mimi.content.build import text_part as text_part
from mimi.content.build import unlike as unlike
from mimi.content.companions import ExternalMessageId as ExternalMessageId
from mimi.content.companions import SenderTimestamp as SenderTimestamp
from mimi.content.companions import Subject as Subject
from mimi.content.conversation import Conversation as Conversation
from mimi.content.conversation import fold as fold
from mimi.content.entry import Entry as Entry
from mimi.content.entry import Reaction as Reaction
from mimi.content.entry import Reason as Reason
from mimi.content.entry import ReplyChain as ReplyChain
from mimi.content.entry import Version as Version
from mimi.content.extensions import Extensions as Extensions
from mimi.content.extensions import extension as extension
from mimi.content.hashes import HashAlgorithm as HashAlgorithm
from mimi.content.last_seen import LastSeen as LastSeen
from mimi.content.message import decode as decode
from mimi.content.message import encode as encode
from mimi.content.message import exported_salt as exported_salt
from mimi.content.message import message_id as message_id
from mimi.content.model import AEADAlgorithm as AEADAlgorithm
from mimi.content.model import Disposition as Disposition
from mimi.content.model import Expiration as Expiration
from mimi.content.model import ExternalPart as ExternalPart
from mimi.content.model import Message as Message
from mimi.content.model import MultiPart as MultiPart
from mimi.content.model import NestedPart as NestedPart
from mimi.content.model import NullPart as NullPart
from mimi.content.model import PartSemantics as PartSemantics
from mimi.content.model import SinglePart as SinglePart
from mimi.content.received import check_received as check_received
from mimi.content.status import MessageStatusReport as MessageStatusReport
from mimi.content.status import PerMessageStatus as PerMessageStatus
from mimi.content.status import Status as Status
from mimi.content.status import decode_report as decode_report
from mimi.content.status import encode_report as encode_report
