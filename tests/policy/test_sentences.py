"""The script that looks for the sentences of the decision table finds them, and misses others."""

import pytest
from policy.sentences import documents_of, is_there, main, plain, rows, sections_of

DRAFT = """---
title: A draft
--- middle

# Introduction

A room `has` a policy.

# Roles {#roles}

A role can be
*empty*.

## Examples

> The note of an example.

~~~
# no heading
~~~

An example of a role.

--- back

# Appendix

A sentence behind.
"""


def test_sections_are_numbered_and_plain():
    assert sections_of(DRAFT) == {
        "": "",
        "1": "# Introduction A room has a policy.",
        "2": "# Roles {#roles} A role can be empty.",
        "2.1": "## Examples The note of an example. ~~~ # no heading ~~~ An example of a role.",
    }


@pytest.mark.parametrize(
    ("section", "sentence", "there"),
    [
        ("2", "A role can be empty.", True),
        ("2", "A  `role`\n can", True),
        ("1", "A role can be empty.", False),
        ("2", "A role cannot be empty.", False),
        ("2", "", False),
        ("2.1", "The note of an example.", True),
        ("3", "A sentence behind.", False),
        ("protocol 2", "A role can be empty.", True),
        ("arch 2", "A role can be empty.", False),
    ],
)
def test_a_sentence_is_looked_for_in_its_section(section, sentence, there):
    documents = {"": sections_of(DRAFT), "protocol": sections_of(DRAFT)}
    assert is_there(documents, section, sentence) == there


def test_documents_are_known_by_their_names(tmp_path):
    paths = [tmp_path / name for name in ("draft-policy.md", "the-protocol.md", "mimi-arch.md")]
    for path in paths:
        path.write_text(DRAFT, "utf-8")
    assert set(documents_of(paths)) == {"", "protocol", "arch"}


def test_sentences_that_are_not_there_are_told(tmp_path, capsys):
    path = tmp_path / "draft.md"
    path.write_text(DRAFT, "utf-8")
    assert main([str(path)], rows()) == 1
    told = capsys.readouterr().out
    assert "decisions: 0 rows whose sentence is there" in told
    assert "not in section 8.1.2, " in told


def test_sentences_that_are_there_are_counted(tmp_path, capsys):
    path = tmp_path / "draft.md"
    path.write_text(DRAFT, "utf-8")
    assert main([str(path)], [("decisions", "2", "A role can be")] * 3) == 0
    assert capsys.readouterr().out.splitlines() == [
        "decisions: 3 rows whose sentence is there",
        "combinations: 0 rows whose sentence is there",
        "foundings: 0 rows whose sentence is there",
        "1 different sentences",
    ]


def test_every_row_has_a_sentence():
    for table, section, sentence in rows():
        assert section, table
        assert plain(sentence) == sentence != ""
