"""The ratchet tree of MLS: who is in the group, and which keys they share (RFC 9420 section 7)."""
