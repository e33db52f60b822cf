"""How many emoji stand in a text (UTS #51, UAX #29 section 3.1.1).

An emoji may consist of many characters: modifiers and variation selectors follow the first, others
are joined to it by U+200D, and two regional indicators make a flag.
"""

import unicodedata

JOINER = "\N{ZERO WIDTH JOINER}"
PICTURED = "\N{VARIATION SELECTOR-16}"


def count_emoji(text: str) -> int:
    """Return how many emoji there are in *text*.

    A symbol is one if it is shown so unless it is said otherwise, all of which are as wide as East
    Asian characters; or if it is said to be, by U+FE0F. Digits in boxes do not count.
    """
    before, after = f" {text}", f"{text} "[1:]
    alone = indicators = 0
    for previous, character, following in zip(before, text, after, strict=False):
        if "\U0001f1e6" <= character <= "\U0001f1ff":
            indicators += 1
        elif unicodedata.category(character) == "So" and previous != JOINER:
            alone += unicodedata.east_asian_width(character) == "W" or following == PICTURED
    return alone + (indicators + 1) // 2
