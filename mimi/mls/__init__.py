"""Messaging Layer Security (RFC 9420): messages, keys and groups."""
