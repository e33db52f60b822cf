"""Texts for the vectors that may mislead a reader, and texts that do not.

Characters beyond ASCII are written as escapes: here above all, source must not mislead.
"""

Known = tuple[str, ...]

TEXTS: tuple[tuple[str | Known, ...], ...] = (
    (
        "names without danger",
        (),
        *(
            "alice",
            "Alice_Smith-2.0",
            "caf\u00e9",
            "\u0441\u043b\u043e\u0432\u043e\u0436\u0438\u0437\u043d\u044c",
            "\u0395\u03bb\u03bb\u03ac\u03b4\u03b1",
            "\u05e9\u05dc\u05d5\u05dd",
            "\u0645\u0631\u062d\u0628\u0627",
            "\u0928\u092e\u0938\u094d\u0924\u0947",
            "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
            "stra\u00dfe",
            "\u0130stanbul",
        ),
    ),
    (
        "scripts that belong together",
        (),
        *(
            "\u65e5\u672c\u8a9e",
            "\u3042\u30a2\u65e5",
            "\u65e5\u672cabc",
            "\ud55c\uad6d\u6f22abc",
            "\u4e2d\u6587\u3105a",
            "a\u30fc\u30a2",
            "\u30bb\u30fc\u30e9\u30fc",
        ),
    ),
    (
        "a letter of another script",
        (),
        *(
            "p\u0430ypal",
            "\u0430lice",
            "\u0391\u0392\u0393abc",
            "alic\u0435",
            "\u03bf\u043e",
            "\u30ab\ud55c",
            "\u0431\u65e5\u672c",
            "\u0561\u0562\u0433",
            "\u05d0\u0431",
        ),
    ),
    (
        "a whole word in letters that pass for Latin",
        (),
        *(
            "\u0430\u0440\u0440\u04cf\u0435",
            "\u0441\u043e\u0440",
            "\u0441\u0451\u0440",
            "\u03bd\u03c5\u03bd",
            "\u0555\u0555",
        ),
    ),
    ("a Latin letter that passes for another", (), "k\u0131z", "\u0251lice"),
    ("control characters", (), "a\x00b", "a\x1bb", "ab\r\n", "a\x85b", "\x7f"),
    (
        "characters that change the order of others",
        (),
        *(
            "a\u202eb",
            "\u2066a\u2069",
            "a\u200eb",
            "\u061ca",
            "x\u202a",
        ),
    ),
    (
        "letters read from the left beside letters read from the right",
        (),
        *(
            "abc\u05d0\u05d1",
            "\u0627\u0628abc",
            "\u0627\u0628-1-abc",
        ),
    ),
    (
        "characters that are shown as nothing",
        (),
        *(
            "a\u200bb",
            "a\u200db",
            "a\u00adb",
            "a\ufeffb",
            "\u3164",
            "a\u2060",
            "a\U000e0061",
            "a\u2800",
            "a\ufe0f",
            "\u115fa",
        ),
    ),
    ("white space", (), "a b", " a", "a\u00a0", "a\u2003b", "a\u2028b"),
    ("characters for private use, and none at all", (), "a\ue000", "a\uffff", "\U0010fffd"),
    (
        "delimiters of URIs, and what looks like one",
        (),
        *(
            "a/b",
            "a@b.example",
            "a#b",
            "a?b",
            "a%2Fb",
            "a:b",
            "a\\b",
            "a[b",
            "a\u2215b",
            "a\u2044b",
            "a\u2236b",
        ),
    ),
    (
        "marks without a letter, twice, or too many",
        (),
        *(
            "\u0301a",
            "a\u0301\u0301",
            "a\u0300\u0301\u0302\u0303\u0304",
            "a\u20dd\u20dd",
        ),
    ),
    (
        "marks of which some would be one letter with it",
        (),
        "Jose\u0301",
        "u\u0308",
        "a\u0323\u0302",
    ),
    (
        "variants of ordinary characters",
        (),
        *(
            "\uff41\uff42\uff43",
            "\ufb01ne",
            "\u2460",
            "\U0001d41alice",
            "\u00bd",
            "x\u00b2",
        ),
    ),
    ("digits of more than one script", (), "1\u0662", "\u0661\u06f2", "\u096724"),
    ("digits of one script", (), "\u0662\u0663", "123"),
    (
        "what looks like a known name",
        ("microsoft", "alice", "O"),
        *(
            "rnicrosoft",
            "microsoft",
            "a1ice",
            "\u0430lice",
            "0",
            "bob",
        ),
    ),
    ("what looks like two known names", ("l", "1", "I"), "l", "\u0406"),
)
"""What is shown, the names that are known, and the texts that show it."""
