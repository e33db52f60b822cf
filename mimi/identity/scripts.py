"""Which scripts characters belong to, and which characters look alike (UTS #39).

The data is that of two packages in the extra ``identity``: scripts come from fontTools, which
follows Unicode year by year, and characters that look alike from confusable-homoglyphs. Neither
implements what is made of the data here.
"""

import functools
import unicodedata

from mimi.identity.errors import extra_for

with extra_for(__name__):
    from confusable_homoglyphs import confusables  # type: ignore[import-untyped]  # it has no types
    from fontTools.unicodedata import script_extension  # type: ignore[import-untyped]  # nor this

COMMON = frozenset({"Zyyy", "Zinh", "Zzzz"})
"""Characters of all scripts, those that take the script of the one before, and unknown ones."""

WRITING_SYSTEMS = {
    "Hani": ("Hanb", "Jpan", "Kore"),
    "Hira": ("Jpan",),
    "Kana": ("Jpan",),
    "Hang": ("Kore",),
    "Bopo": ("Hanb",),
}
"""The writing systems of more than one script that a script is part of (UTS #39 section 5.1)."""

EAST_ASIAN = frozenset({"Hanb", "Jpan", "Kore"})
"""Writing systems beside which Latin is not out of place."""

IGNORABLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F)),
    *((0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0)),
    *((0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
"""Characters that are shown as nothing: Default_Ignorable_Code_Point, which is stable."""

_CONFUSABLES: dict[str, list[dict[str, str]]] = confusables.confusables_data

_MARK = "\N{LEFT-TO-RIGHT MARK}"
"""What characters that are read from the right stand between in the data."""


@functools.cache
def _order() -> dict[str, int]:
    return {key: index for index, key in enumerate(_CONFUSABLES)}


def is_ignorable(character: str) -> bool:
    """Return whether a character is shown as nothing."""
    code = ord(character)
    return any(first <= code <= last for first, last in IGNORABLE)


def scripts_of(character: str) -> frozenset[str] | None:
    """Return the scripts and writing systems that a character is used in; None for all."""
    scripts = frozenset(script_extension(character))
    if scripts & COMMON:
        return None
    return scripts.union(*(WRITING_SYSTEMS.get(script, ()) for script in scripts))


def first_foreign(text: str) -> int | None:
    """Return where a text begins to mix scripts that do not belong together; None for nowhere.

    It may be of one script or writing system, or mix one of the East Asian ones with Latin: the
    level "highly restrictive" (UTS #39 section 5.2).
    """
    one: frozenset[str] | None = None
    beside: frozenset[str] | None = None
    for index, character in enumerate(text):
        scripts = scripts_of(character)
        if scripts is None:
            continue
        one = scripts if one is None else one & scripts
        if "Latn" not in scripts:
            beside = scripts & EAST_ASIAN if beside is None else beside & scripts
        if not one and not beside:
            return index
    return None


def is_latin(text: str) -> bool:
    """Return whether a text has no character that Latin is not written with."""
    return all(scripts is None or "Latn" in scripts for scripts in map(scripts_of, text))


def skeleton(text: str) -> str:
    """Return what all texts that look like this one have in common (UTS #39 section 4).

    It is for comparing, not for showing.
    """
    shown = (letter for letter in unicodedata.normalize("NFD", text) if not is_ignorable(letter))
    return unicodedata.normalize("NFD", "".join(map(_prototype, shown)))


def _prototype(character: str) -> str:
    """Return the text that stands for all that look like a character.

    The data lists with each character what it looks like: with one that stands for others all of
    these, with another the one. Where only two look alike, that which stands for the other comes
    later in the data.
    """
    key = character if character in _CONFUSABLES else f"{_MARK}{character}{_MARK}"
    alike = _CONFUSABLES.get(key, ())
    if len(alike) != 1:
        return character
    other = alike[0]["c"]
    stands_for_others = len(_CONFUSABLES[other]) > 1 or _order()[other] > _order()[key]
    return other.replace(_MARK, "") if stands_for_others else character
