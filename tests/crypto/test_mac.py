"""HMAC under a key that is set up once is HMAC."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from mimi.crypto import HmacSha256, Secret


@given(st.binary(max_size=200), st.lists(st.binary(max_size=200), min_size=2, max_size=4))
def test_each_message_is_one_of_its_own(key, messages):
    ready = HmacSha256(Secret(key))
    for message in messages:
        assert ready.digest(message) == hmac.digest(key, message, "sha256")
