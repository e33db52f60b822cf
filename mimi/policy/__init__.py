"""The policy of rooms (draft-ietf-mimi-room-policy-03)."""
