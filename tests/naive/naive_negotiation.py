"""What members support, media types and AppAck (draft-ietf-mls-extensions-10).

Sections "Negotiating Extensions and Components", "Content Advertisement" and "AppAck".
"""

from naive import naive_components as components
from naive import naive_extensions as ext
from naive.naive_extensions import hold
from naive.naive_wire import decode, encode

# Section "Negotiating Extensions and Components"


def components_list(extensions: list[dict], component_id: int) -> list[int] | None:
    """Read a ComponentsList of a dictionary: app_components or safe_aad."""
    data = components.component_data(components.dictionary_in(extensions), component_id)
    return None if data is None else decode(ext.COMPONENTS_LIST, data)


def wire_formats(extensions: list[dict], extension_type: int) -> list[int]:
    octets = ext.find(extensions, extension_type)
    return [] if octets is None else decode(ext.WIRE_FORMATS, octets)


def missing_components(
    context_extensions: list[dict], leaf_extensions: list[dict], component_id: int
) -> list[int]:
    """List the components that a group requires in a list, and a leaf does not have in its own.

    GREASE among those of the leaf is ignored (section "GREASE").
    """
    required = components_list(context_extensions, component_id) or []
    listed = components_list(leaf_extensions, component_id) or []
    supported = [one for one in listed if not ext.is_grease_component(one)]
    return sorted(set(required) - set(supported))


def missing_wire_formats(context_extensions: list[dict], leaf_extensions: list[dict]) -> list[int]:
    """List the wire formats that are required and not supported; RFC 9420's are, by default.

    No value of theirs is GREASE (RFC 9420, section 17.2).
    """
    required = wire_formats(context_extensions, ext.REQUIRED_WIRE_FORMATS)
    supported = set(wire_formats(leaf_extensions, ext.SUPPORTED_WIRE_FORMATS))
    return sorted(set(required) - supported - ext.DEFAULT_WIRE_FORMATS)


def check_leaf(context_extensions: list[dict], leaf_extensions: list[dict]) -> None:
    """Check that a member supports what its group requires."""
    missing = missing_components(context_extensions, leaf_extensions, ext.APP_COMPONENTS)
    hold("required-component", f"no support for {missing}", holds=not missing)
    missing = missing_components(context_extensions, leaf_extensions, ext.SAFE_AAD)
    hold("required-safe-aad", f"no support for {missing}", holds=not missing)
    missing = missing_wire_formats(context_extensions, leaf_extensions)
    hold("required-wire-format", f"no support for {missing}", holds=not missing)


# Section "Content Advertisement"


def read_media_types(data: bytes) -> list[dict]:
    return decode(ext.MEDIA_TYPE_LIST, data)


def media_types(extensions: list[dict]) -> list[dict] | None:
    dictionary = components.dictionary_in(extensions)
    data = components.component_data(dictionary, ext.CONTENT_MEDIA_TYPES)
    return None if data is None else read_media_types(data)


def comparable(media_type: dict) -> tuple:
    """Give what makes a media type the same as another one.

    Type and parameter names are compared without case, values with it (RFC 2045, section 5.1);
    parameters are in no order.
    """
    parameters = [
        (one["parameter_name"].lower(), one["parameter_value"]) for one in media_type["parameters"]
    ]
    return media_type["type"].lower(), sorted(parameters)


def same_media_type(one: dict, other: dict) -> bool:
    return comparable(one) == comparable(other)


def missing_media_types(required: list[dict], supported: list[dict]) -> list[dict]:
    return [one for one in required if not any(same_media_type(one, other) for other in supported)]


def frame(media_type: dict, content: bytes) -> bytes:
    fields = {"media_type": media_type, "inner_application_content": content}
    return encode(ext.APPLICATION_FRAMING, fields)


def unframe(application_data: bytes, required: list[dict]) -> tuple[dict, bytes]:
    """Give the media type and the content; an empty type is the first one of the group's."""
    framing = decode(ext.APPLICATION_FRAMING, application_data)
    media_type = framing["media_type"] if framing["media_type"]["type"] else required[0]
    return media_type, framing["inner_application_content"]


# Section "AppAck"


def read_app_ack(data: bytes) -> list[dict]:
    ranges = decode(ext.APP_ACK_STRUCT, data)
    for one in ranges:
        if one["last_generation"] < one["first_generation"]:
            raise ValueError("a range ends before it begins")
    return ranges


def joined(ranges: list[dict]) -> list[dict]:
    """Give the same generations in ranges as long as can be, by sender and generation."""
    result: list[dict] = []
    for one in sorted(ranges, key=lambda r: (r["sender"], r["first_generation"])):
        last = result[-1] if result else None
        follows = last is not None and last["sender"] == one["sender"]
        if follows and one["first_generation"] <= last["last_generation"] + 1:
            last["last_generation"] = max(last["last_generation"], one["last_generation"])
        else:
            result.append(dict(one))
    return result


def range_of(sender: int, first: int, last: int) -> dict:
    return {"sender": sender, "first_generation": first, "last_generation": last}


def acknowledged(received: dict[int, list[int]]) -> list[dict]:
    """List what was received, by sender, in the ranges of an AppAck."""
    return joined([range_of(sender, one, one) for sender in received for one in received[sender]])


def without(one: dict, others: list[dict]) -> list[dict]:
    """List what of a range is in none of the others, which are joined."""
    sender, begin = one["sender"], one["first_generation"]
    left = []
    for other in others:
        if other["sender"] != sender or other["last_generation"] < begin:
            continue
        if other["first_generation"] > one["last_generation"]:
            continue
        if other["first_generation"] > begin:
            left.append(range_of(sender, begin, other["first_generation"] - 1))
        begin = other["last_generation"] + 1
    if begin <= one["last_generation"]:
        left.append(range_of(sender, begin, one["last_generation"]))
    return left


def lost(received: dict[int, list[int]], claims: list[list[dict]]) -> list[dict]:
    """List what others received and did not arrive here."""
    claimed = joined([one for ranges in claims for one in ranges])
    here = acknowledged(received)
    return [left for one in claimed for left in without(one, here)]
