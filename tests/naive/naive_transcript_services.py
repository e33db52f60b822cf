"""What providers of a transcript answer beside updates and messages, from the draft alone.

draft-ietf-mimi-protocol-06: key material (section 5.2) as consent (section 5.7) and what devices
have offered allow it, group info (section 5.6), queries (section 5.8) and reports (section 5.9).
"""

from typing import Any

from naive import naive_crypto as crypto
from naive import naive_extended_tree as extended_tree
from naive import naive_extensions as ext
from naive import naive_protocol as protocol
from naive import naive_protocol_rules as rules
from naive import naive_wire as wire
from naive.naive_agree import agree, must, unhex
from naive.naive_components import component_data, dictionary_in
from naive.naive_policy_wire import updated_links
from naive.naive_protocol_http import RESPONSES
from naive.naive_protocol_wire import read_body, tbs_of, write_body
from naive.naive_public import check_group_info, interim_hash, open_message, proposal_reference
from naive.naive_transcript_device import tree_in
from naive.naive_transcript_ledger import BANNED, Room, provider_of
from naive.naive_transcript_room import JOIN_LINKS, opener, user_of
from naive.naive_wire import Reader, decode, encode


def is_last_resort(octets: bytes) -> bool:
    entries = dictionary_in(decode(ext.KEY_PACKAGE, octets)["extensions"])
    return component_data(entries, ext.LAST_RESORT_KEY_PACKAGE) is not None


class Services:
    """``offered`` by client, ``consents`` by requester and target: the rooms, None for all."""

    def __init__(self, case: dict) -> None:
        self.code = case["cipher_suite"]
        self.suite = crypto.suite_of(self.code)
        self.providers = {one["domain"]: one for one in case["providers"]}
        self.keys = {
            one["uri"]: crypto.signature_public_of(self.suite, unhex(one["signature_priv"])).hex()
            for one in case["devices"]
        }
        self.offered: dict[str, list[bytes]] = {}
        self.given: set[bytes] = set()
        self.consents: dict[tuple[str, str], set[str | None]] = {}
        self.calls: dict[tuple[str, str], dict] = {}
        self.opened: str | None = None
        self.answers: set[tuple[str, bytes, str]] = set()

    # What is asked

    def call(self, step: dict) -> None:
        """Note what a device asks; check its signature."""
        name, body, client = step["name"], unhex(step["body"]), step["from"]
        self.calls[name, step["body"]] = step
        if name == "offerKeys":
            self.offer(client, body)
        elif name == "keyMaterial":
            target = read_body("KeyMaterialRequest", body)["target_user"]
            self.key_material_request(target, step["body"])
        elif name == "groupInfo":
            self.group_info_request(step["body"])
        elif name == "consent":
            self.consent(client, read_body("ConsentEntry", body))

    def offer(self, client: str, body: bytes) -> None:
        reader, listed = Reader(body), self.offered.setdefault(client, [])
        while not reader.at_end():
            listed.append(encode(ext.KEY_PACKAGE, ext.KEY_PACKAGE.read(reader)))

    def consent(self, client: str, entry: dict) -> None:
        """Take what a target decides; what a requester asks decides nothing."""
        operation, both = entry["consent_operation"], (entry["requester_uri"], entry["target_uri"])
        asks = operation in {"request", "cancel"}
        agree("whose consent it is", user_of({"identity": client.encode()}), both[not asks])
        if asks:
            return
        rooms = self.consents.setdefault(both, set())
        if operation == "grant":
            rooms.add(entry["room_id"])
        else:
            rooms.discard(entry["room_id"])

    def notice(self, step: dict) -> None:
        """Check who is told of consent: who is asked for it, or has asked (section 5.7)."""
        entry = read_body("ConsentEntry", unhex(step["body"]))
        asks = entry["consent_operation"] in {"request", "cancel"}
        told = entry["target_uri"] if asks else entry["requester_uri"]
        agree("who is told", told, user_of({"identity": step["to"].encode()}))
        must("somebody has said so", holds=("consent", step["body"]) in self.calls)

    def key_material_request(self, target: str, body: str) -> None:
        code = protocol.key_material_request({"target": target, "request": body})
        agree("the scheme of the signature", code, self.code)
        request = read_body("KeyMaterialRequest", unhex(body))
        credential = request["requester_credential"]
        self.check_key(credential, request["requester_signature_key"])

    def group_info_request(self, body: str) -> None:
        protocol.group_info_request({"request": body})
        request = read_body("GroupInfoRequest", unhex(body))
        agree("the cipher suite", request["cipher_suite"], self.code)
        self.check_key(request["requesting_credential"], request["requesting_signature_key"])

    def check_key(self, credential: str, key: str) -> None:
        client = protocol.credential_of(credential)["identity"].decode()
        agree("the key of the client", key, self.keys[client])

    def request(self, step: dict, endpoint: str, about: str) -> None:
        """Check a request by the rules of its endpoint, and that a device has asked for it."""
        body, sender = unhex(step["body"]), [step["from"]]
        if endpoint == "keyMaterial":
            self.key_material_request(about, step["body"])
        elif endpoint == "groupInfo":
            self.group_info_request(step["body"])
        elif endpoint in rules.OPERATIONS:
            given = {"endpoint": endpoint, "sender": sender, "receiver": [step["to"]]}
            rules.consent(body, {**given, "path": about, "now": step["at"] // 1000})
        elif endpoint == "submitMessage":
            rules.submit_request(body, {"sender": sender})
            return
        elif endpoint == "update":
            rules.update_request(body, {})
        elif endpoint == "identifierQuery":
            rules.identifier_request(body, {})
        elif endpoint == "reportAbuse":
            rules.report(body, {})
        else:
            return
        name = "consent" if endpoint in rules.OPERATIONS else endpoint
        must("a device has asked for it", holds=(name, step["body"]) in self.calls)

    # What is answered

    def decides(self, step: dict, name: str, about: str, body: bytes) -> bool:
        """Whether who answers decides, and does not hand on what another has decided."""
        if name == "keyMaterial":
            about = read_body("KeyMaterialRequest", body)["target_user"]
        return provider_of(about) == step["from"]

    def answered(self, step: dict, name: str, about: str, body: bytes, room: Room | None) -> None:
        """Check an answer of who decides about a request."""
        found = read_body(RESPONSES[name], unhex(step["body"])) if name in RESPONSES else None
        self.answers.add((name, body, step["body"]))
        if name == "keyMaterial":
            self.key_material(step, body)
        elif name == "groupInfo":
            agree("the room of the answer", about, found["room_id"])
            self.group_info(step, body, room, found["status"]["code"])
        elif name == "identifierQuery":
            self.query(self.providers[step["from"]]["profiles"], body, found)

    def handed_on(self, step: dict, name: str, body: bytes) -> None:
        """Check that who does not decide hands on the answer of who does."""
        if name not in ("update", "submitMessage"):
            must("it is handed on", holds=(name, body, step["body"]) in self.answers)

    def key_material(self, step: dict, body: bytes) -> None:
        """Check which clients' key packages are given, and that it is one that is left."""
        tbs = tbs_of("KeyMaterialRequest", body).hex()
        case = {"request": tbs, "response": step["body"], "now": step["at"] // 1000}
        protocol.key_material_response(case)
        response = read_body("KeyMaterialResponse", unhex(step["body"]))
        status = {one["client_uri"]: one["client_status"] for one in response["clients"]}
        expected = self.expected(read_body("KeyMaterialRequest", body))
        agree("who has key packages", expected, (response["user_status"], status))
        for one in response["clients"]:
            if one["client_status"] == "success":
                package = unhex(one["material"])
                left = self.left(one["client_uri"])
                must("it was offered, and is left", holds=package in left)
                first = [other for other in left if not is_last_resort(other)]
                must("the last resort comes last", holds=not first or package in first)
                self.given.add(package)

    def left(self, client: str) -> list[bytes]:
        listed = self.offered[client]
        return [one for one in listed if one not in self.given or is_last_resort(one)]

    def expected(self, request: dict) -> tuple[str, dict[str, str]]:
        requester, target = request["requesting_user"], request["target_user"]
        clients = [one for one in self.offered if user_of({"identity": one.encode()}) == target]
        if not clients:
            return "userUnknown", {}
        rooms = self.consents.get((requester, target))
        if requester != target and not self.is_allowed(target, rooms, request["room_id"]):
            return "noConsentForThisRoom" if rooms else "noConsent", {}
        status = {one: "success" if self.left(one) else "keyMaterialExhausted" for one in clients}
        some = [one == "success" for one in status.values()]
        partial = "partialSuccess" if any(some) else "noCompatibleMaterial"
        return "success" if all(some) else partial, status

    def is_allowed(self, target: str, rooms: set[str | None] | None, room: str) -> bool:
        if rooms is None:
            return bool(self.providers[provider_of(target)]["is_open"])
        return None in rooms or room in rooms

    def query(self, profiles: list[dict], body: bytes, found: dict) -> None:
        answers = [one["found"] for one in profiles if unhex(one["query"]) == body]
        if answers:
            agree("the profile", write_body("IdentifierResponse", found).hex(), answers[0])
        else:
            agree("what is found", "notFound", found["response_code"])

    # Section 5.6

    def group_info(self, step: dict, body: bytes, room: Room | None, code: str) -> None:
        request = read_body("GroupInfoRequest", body)
        agree("the code of the answer", self.expected_code(request, room), code)
        if code != "success":
            return
        assert room is not None
        own = self.calls["groupInfo", body.hex()]["secrets"]["group_info_priv"]
        opened = protocol.group_info_response(
            {
                "response": step["body"],
                "cipher_suite": self.code,
                "room": room.uri,
                "private_key": crypto.full_private_key(self.suite, unhex(own)).hex(),
            }
        )
        self.opened = opened.hex()
        self.check_opened(read_body("GroupInfoRatchetTreeTBE", opened), room)

    def expected_code(self, request: dict, room: Room | None) -> str:
        """Who is in the room's list is told, or who has a joining code, unless banned."""
        if room is None or room.is_closed:
            return "noSuchRoom"
        user = user_of(protocol.credential_of(request["requesting_credential"]))
        role = dict(room.form()["participants"]).get(user)
        entries = dictionary_in(room.public.context["extensions"])
        links = updated_links(component_data(entries, JOIN_LINKS) or b"\0", [])
        allowed = request["joining_code"] in links if role is None else role != BANNED
        return "success" if allowed else "notAuthorized"

    def check_opened(self, opened: dict, room: Room) -> None:
        """Compare what is given to join with what the hub has (section 5.6)."""
        public = room.public
        info = decode(wire.GROUP_INFO_STRUCT, unhex(opened["group_info"]))
        agree("the group context", info["group_context"], public.context)
        tag, confirmed = info["confirmation_tag"], public.context["confirmed_transcript_hash"]
        agree("the interim hash", interim_hash(self.suite, confirmed, tag), public.interim)
        nodes = extended_tree.read_tree(tree_in(opened["ratchet_tree_option"]))
        agree("the tree", nodes, public.nodes)
        check_group_info(self.suite, info, nodes)
        pending = [
            (one["proposal"], one["hub_accepted_time"]) for one in opened["pending_proposals"]
        ]
        references = [
            proposal_reference(self.suite, open_message(public, unhex(one), opener))
            for one, _ in pending
        ]
        agree("what is pending", references, list(public.pending))
        agree("when it was accepted", pending, [(one, room.time_of(one)) for one, _ in pending])

    # Section 5.9

    def report(self, body: bytes, room: Room) -> list[bool]:
        """Say which of the reported messages were sent."""
        report = read_body("AbuseReport", body)
        case: dict[str, Any] = {
            "abuser": report["alleged_abuser_uri"],
            "room": room.uri,
            "framed": True,
            "hub_key": room.hub["hub_key"],
            "cipher_suite": self.code,
            "signature_pub": crypto.signature_public_of(
                self.suite, unhex(room.hub["signature_priv"])
            ).hex(),
        }
        shown = []
        for one in report["messages"]:
            message = write_body("AbusiveMessage", one).hex()
            _, rule = protocol.verdict(
                lambda at=message: protocol.reported({**case, "message": at})
            )
            shown.append(rule is None)
        return shown
