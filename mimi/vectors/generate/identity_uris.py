"""``mimi:`` URIs for the vectors, each refused one with a single fault."""

LONGEST_LABEL = "a" * 63
LONGEST_DOMAIN = ".".join(("a" * 63, "b" * 63, "c" * 63, "d" * 61))
LONGEST_NAME = "x" * (65_535 - len("mimi://a.example/r/"))

URIS: tuple[tuple[str, ...], ...] = (
    (
        "the types, as the drafts show them",
        *(
            "mimi://a.example",
            "mimi://a.example/u/alice",
            "mimi://a.example/p/crazykoala75",
            "mimi://a.example/d/ClientA1",
            "mimi://a.example/d/alice/ClientA1",
            "mimi://a.example/r/clubhouse",
            "mimi://a.example/g/TII9t5viBrXiXc",
            "mimi://a.example/g/clubhouse",
            "mimi://a.example/t/engineering",
        ),
    ),
    (
        "examples in the drafts",
        *(
            "mimi://example.com/u/juliet",
            "mimi://example.com/d/juliet/balcony",
            "mimi://irc.example.com",
            "mimi://irc.example.com/u/jcapulet1583@example.com",
            "mimi://irc.example.com/r/local_announcements_channel",
            "mimi://local.invalid/u/alice.smith",
            "mimi://example.com/d/SvPfLlwBQi-6oddVRrkqpw/04c7",
            "mimi://example.com/d/3b52249d-68f9-45ce-8bf5-c799f3cad7ec/0003",
            "mimi://hub.example/r/Rl33FWLCYWOwxHrYnpWDQg",
        ),
    ),
    ("a provider with an empty path or a slash is the same", "mimi://a.example/"),
    (
        "capitals in scheme and domain make no difference",
        *(
            "MIMI://a.example/u/alice",
            "mimi://A.Example/u/alice",
            "MiMi://A.EXAMPLE/",
        ),
    ),
    (
        "capitals in names make a difference",
        *(
            "mimi://a.example/u/Alice",
            "mimi://a.example/r/CLUBHOUSE",
        ),
    ),
    (
        "unreserved characters are decoded",
        *(
            "mimi://a.example/u/%61lice",
            "mimi://a.example/u/%41lice",
            "mimi://a.example/%75/alice",
            "mimi://a.example/u/%7Ealice%2D%2E%5F",
            "mimi://a.example/u/%7ealice",
            "mimi://%61.example/u/alice",
            "mimi://a%2Eexample/u/alice",
        ),
    ),
    (
        "other octets are written with capitals",
        *(
            "mimi://a.example/u/%c3%a9",
            "mimi://a.example/r/%e6%97%a5%e6%9c%ac",
            "mimi://a.example/u/%F0%9f%98%80",
        ),
    ),
    (
        "delimiters stay as they are written, and are not the same encoded",
        *(
            "mimi://a.example/u/a@b",
            "mimi://a.example/u/a%40b",
            "mimi://a.example/u/a:b",
            "mimi://a.example/u/a%3ab",
            "mimi://a.example/u/!$&'()*+,;=",
            "mimi://a.example/u/%21%24%26%27%28%29%2A%2B%2C%3B%3D",
            "mimi://a.example/u/a%2fb",
            "mimi://a.example/u/%3F%23",
            "mimi://a.example/u/%5B%5D",
            "mimi://a.example/u/100%25",
            "mimi://a.example/u/%2561",
        ),
    ),
    (
        "names that are unusual",
        *(
            "mimi://a.example/u/u",
            "mimi://a.example/u/-",
            "mimi://a.example/u/...",
            "mimi://a.example/u/.a",
            "mimi://a.example/u/%2E%2E%2E",
            "mimi://a.example/u/+15551234567",
            "mimi://a.example/d/d/d",
            "mimi://a.example/u/a%20b",
            "mimi://a.example/u/%22%3C%3E%5C",
        ),
    ),
    (
        "control and formatting characters are kept, and dangerous to the eye",
        *(
            "mimi://a.example/u/a%00b",
            "mimi://a.example/u/%E2%80%AEecila",
            "mimi://a.example/r/a%E2%80%8Bb",
        ),
    ),
    (
        "names are not normalised as Unicode",
        *(
            "mimi://a.example/u/Jos%C3%A9",
            "mimi://a.example/u/Jose%CC%81",
            "mimi://a.example/u/%EF%BC%A1",
        ),
    ),
    (
        "internationalised domains",
        *(
            "mimi://xn--bcher-kva.example/u/x",
            "mimi://XN--BCHER-KVA.example/u/x",
            "mimi://b%C3%BCcher.example/u/x",
            "mimi://stra%C3%9Fe.example",
            "mimi://%D7%90%D7%91.example",
            "mimi://xn--fsqu00a.xn--0zwm56d/r/x",
            "mimi://%E4%BE%8B%E5%AD%90.%E6%B5%8B%E8%AF%95/r/x",
        ),
    ),
    (
        "domains of unusual form",
        *(
            "mimi://localhost/u/x",
            "mimi://a/u/x",
            "mimi://1.example/u/x",
            "mimi://a-b.3com.example",
            "mimi://127.0.0.1.example",
            f"mimi://{LONGEST_LABEL}.example",
            f"mimi://{LONGEST_DOMAIN}",
        ),
    ),
    ("longer than a URI may be", f"mimi://a.example/r/{LONGEST_NAME}x"),
    (
        "another scheme, or none",
        *(
            "",
            "mimi",
            "a.example/r/x",
            "//a.example/r/x",
            "im:alice@a.example",
            "https://a.example/u/alice",
            "mimis://a.example",
            "urn:mimi:a.example",
        ),
    ),
    (
        "no authority",
        *(
            "mimi:",
            "mimi:a.example/u/alice",
            "mimi:/a.example/u/alice",
            "mimi:%2F%2Fa.example",
        ),
    ),
    ("no domain", "mimi://", "mimi:///u/alice"),
    (
        "a user or a password",
        *(
            "mimi://alice@a.example",
            "mimi://alice:secret@a.example/u/alice",
            "mimi://@a.example",
        ),
    ),
    (
        "a port",
        *(
            "mimi://a.example:443/u/alice",
            "mimi://a.example:/u/alice",
            "mimi://a.example:x",
        ),
    ),
    (
        "an IP address",
        *(
            "mimi://192.0.2.1/u/alice",
            "mimi://[2001:db8::1]/u/alice",
            "mimi://[v1.x]",
            "mimi://2130706433/u/alice",
            "mimi://0x7f.1",
            "mimi://a.0x7f",
            "mimi://a.256",
        ),
    ),
    (
        "a label with nothing in it",
        *(
            "mimi://a..example/u/x",
            "mimi://.a.example/u/x",
            "mimi://a.example./u/x",
            "mimi://.",
        ),
    ),
    (
        "a label that is too long",
        *(
            f"mimi://{LONGEST_LABEL}a.example",
            f"mimi://b.{LONGEST_LABEL}a/u/x",
            f"mimi://%C3%BC{'a' * 58}.example",
        ),
    ),
    ("a domain that is too long", f"mimi://{LONGEST_DOMAIN}d"),
    (
        "a label with characters that labels have not",
        *(
            "mimi://a_b.example",
            "mimi://a!b.example",
            "mimi://~.example",
            "mimi://a%20b.example",
            "mimi://a%2Fb.example",
            "mimi://%E2%99%A5.example",
            "mimi://a%00.example",
        ),
    ),
    (
        "a label that is not yet a U-label",
        *(
            "mimi://B%C3%9CCHER.example",
            "mimi://bu%CC%88cher.example",
            "mimi://%EF%BD%81.example",
            "mimi://%EF%BC%8Ea.example",
        ),
    ),
    (
        "hyphens where labels have none",
        *(
            "mimi://-a.example",
            "mimi://a-.example",
            "mimi://ab--c.example",
        ),
    ),
    (
        "a label that only looks like an A-label",
        *(
            "mimi://xn--.example",
            "mimi://xn--a.example",
            "mimi://xn--abc-.example",
            "mimi://xn--bcher-kv.example",
        ),
    ),
    (
        "a label that begins with a mark, or with a joiner that joins nothing",
        *(
            "mimi://%CC%81a.example",
            "mimi://a%E2%80%8Db.example",
        ),
    ),
    (
        "a label that changes in a domain read from the right",
        *(
            "mimi://1a.%D7%90",
            "mimi://%D7%90.1b",
        ),
    ),
    (
        "octets that are not UTF-8",
        *(
            "mimi://a.example/u/%FF",
            "mimi://a.example/u/a%C3",
            "mimi://a.example/u/%C3%28",
            "mimi://a.example/u/%C0%AF",
            "mimi://a.example/u/%ED%A0%80",
            "mimi://a.example/u/%F4%90%80%80",
            "mimi://%FF.example",
        ),
    ),
    (
        "a percent sign without two digits",
        *(
            "mimi://a.example/u/%",
            "mimi://a.example/u/a%4",
            "mimi://a.example/u/%zz",
            "mimi://a.example/u/%%41",
            "mimi://a.example/%7/alice",
            "mimi://a%g0.example",
        ),
    ),
    (
        "characters that URIs have not",
        *(
            " mimi://a.example",
            "mimi://a.example ",
            "mimi://a.example/u/al ice",
            "mimi://a.example/u/a\tb",
            "mimi://a.example/u/alice\n",
            "mimi://a.example/u/a\x00",
            "mimi://a.example/u/a\\b",
            'mimi://a.example/u/"alice"',
            "mimi://a.example/u/<a>",
            "mimi://a.example/u/{alice}",
            "mimi://a.example/u/a|b",
            "mimi://a.example/u/a^b",
            "mimi://a.example/u/a`b",
            "mimi://b\u00fccher.example/u/x",
            "mimi://a.example/u/Jos\u00e9",
            "\ufeffmimi://a.example",
        ),
    ),
    ("brackets in a name", "mimi://a.example/u/[alice]", "mimi://a.example/u/a]"),
    (
        "a query",
        *(
            "mimi://a.example?",
            "mimi://a.example/u/alice?x=y",
            "mimi://a.example/u/alice?",
        ),
    ),
    (
        "a fragment",
        *(
            "mimi://a.example#",
            "mimi://a.example/r/clubhouse#m1",
            "mimi://a.example/r/#clubhouse",
        ),
    ),
    (
        "a path segment with nothing in it",
        *(
            "mimi://a.example//u/alice",
            "mimi://a.example/u/",
            "mimi://a.example/u//alice",
            "mimi://a.example/u/alice/",
            "mimi://a.example/d/alice/",
            "mimi://a.example//",
        ),
    ),
    (
        "a path segment of dots",
        *(
            "mimi://a.example/u/.",
            "mimi://a.example/u/..",
            "mimi://a.example/d/../alice",
            "mimi://a.example/u/%2E",
            "mimi://a.example/u/.%2e",
            "mimi://a.example/./u/alice",
        ),
    ),
    (
        "a type that is none",
        *(
            "mimi://b.example/b/bob",
            "mimi://a.example/U/alice",
            "mimi://a.example/user/alice",
            "mimi://a.example/alice",
            "mimi://a.example/%C3%BC/alice",
        ),
    ),
    (
        "more or fewer names than the type has",
        *(
            "mimi://a.example/u",
            "mimi://a.example/d",
            "mimi://a.example/u/alice/ClientA1",
            "mimi://a.example/r/a/b",
            "mimi://a.example/d/a/b/c",
            "mimi://a.example/g/a/b/c/d",
        ),
    ),
)
"""What is shown, and the URIs that show it."""
