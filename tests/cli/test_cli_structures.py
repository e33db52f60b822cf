"""The commands ``mimi inspect`` and ``mimi presentation``."""

import re
import sys

import pytest
from cli.command import run

from mimi.cli.files import files_below, octets_in, octets_of
from mimi.cli.structures import structure, structures
from mimi.codec import encode, is_struct
from mimi.errors import UsageError
from mimi.mls.codepoints import ContentType
from mimi.mls.framing import PrivateMessage
from mimi.mls.message import MLSMessage

MESSAGE = MLSMessage(
    PrivateMessage(
        b"group 7", 5, ContentType.APPLICATION, b"", b"\xaa\xbb\xcc", b"\xde\xad\xbe\xef"
    )
)
OCTETS = encode(MESSAGE)
HEX = OCTETS.hex()


# mimi inspect


def rows(result):
    assert result.exit_code == 0, result.stderr
    return [re.split(r"\s+", line.strip(), maxsplit=2) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("text", [HEX, HEX.upper(), f"{HEX[:9]} {HEX[9:]}\n"])
def test_inspecting_an_argument(text):
    assert rows(run("inspect", text))[-1] == ["27", "deadbeef", "opaque"]


@pytest.mark.parametrize("content", [OCTETS, HEX.encode(), f"{HEX[:8]}\n{HEX[8:]}\n".encode()])
def test_inspecting_a_file_and_the_standard_input(tmp_path, content):
    file = tmp_path / "message"
    file.write_bytes(content)
    from_file, from_input = run("inspect", file), run("inspect", "-", stdin=content)
    assert rows(from_file)[-1] == ["27", "deadbeef", "opaque"]
    assert from_file.stdout == from_input.stdout == run("inspect", stdin=content).stdout


def test_inspecting_another_type():
    assert rows(run("inspect", "--type", "Lifetime", "00" * 7 + "01" + "00" * 8)) == [
        ["0", "Lifetime"],
        ["0", "0000000000000001", "not_before: uint64 = 1"],
        ["8", "0000000000000000", "not_after: uint64 = 0"],
    ]
    assert rows(run("inspect", "--type", "ratchettreenodes", "00"))[0] == ["0", "optional<Node><V>"]
    assert "Remove" in run("inspect", "--type", "Proposal", "000300000001").stdout


def test_a_malformed_message():
    result = run("inspect", HEX[:-4])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "Error: MLSMessage.body.mls_private_message.ciphertext at octet 27:"
        " 2 octets left, 4 needed\n"
    )


def test_nothing_is_no_message():
    result = run("inspect", stdin=b"")
    assert result.exit_code == 1
    assert "at octet 0: 0 octets left" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["inspect", "abc"], "3 hexadecimal digits are not a whole number of octets"),
        (["inspect", "nothing-of-that-name"], "is neither hexadecimal nor a file"),
        (["inspect", "a\0b"], "null"),
        (["inspect", "--type", "MLSMesage", "00"], "did you mean MLSMessage"),
        (["inspect", "--type", "x", "00"], "no structure is called x\n"),
        (["presentation", "KeyPakage"], "did you mean KeyPackage"),
        (["inspekt"], "No such command"),
    ],
)
def test_mistakes_at_the_command_line(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_folder_is_no_message(tmp_path):
    result = run("inspect", tmp_path)
    assert result.exit_code == 1
    assert result.stderr == f"Error: {tmp_path}: Is a directory\n"


@pytest.mark.parametrize(
    ("content", "octets"),
    [
        (b"", b""),
        (b"\x00\x01", b"\x00\x01"),
        (b"0001", b"\x00\x01"),
        (b" 00 0\t1\r\n", b"\x00\x01"),
        (b"000g", b"000g"),
        ("００".encode(), "００".encode()),  # noqa: RUF001 - wide digits are not hexadecimal
    ],
)
def test_what_a_file_holds(content, octets):
    assert octets_in(content) == octets


def test_a_folder_that_cannot_be_read_is_no_empty_folder(tmp_path):
    (error,) = files_below(tmp_path / "gone")
    assert isinstance(error, FileNotFoundError)
    assert error.filename == str(tmp_path / "gone")


def test_half_an_octet():
    with pytest.raises(ValueError, match="3 hexadecimal digits"):
        octets_of("00 0")


# mimi presentation


def test_the_presentation_of_a_structure():
    result = run("presentation", "lifetime")
    assert result.exit_code == 0
    assert result.stdout == (
        "struct {\n    uint64 not_before;\n    uint64 not_after;\n} Lifetime;\n"
    )


def test_the_presentation_of_a_vector_with_a_name():
    shown = run("presentation", "RatchetTreeNodes").stdout
    assert shown.endswith("} Node;\n\noptional<Node> RatchetTreeNodes<V>;\n")
    assert run("presentation", "UnmergedLeaves").stdout == "uint32 UnmergedLeaves<V>;\n"


def test_all_names():
    result = run("presentation")
    assert result.exit_code == 0
    names = result.stdout.splitlines()
    assert names == sorted(structures())
    assert not {"Opaque", "UInt8", "LeafIndex", "AuthData"} & set(names)
    assert {"MLSMessage", "RatchetTreeNodes", "Proposal", "Commit", "Sender"} <= set(names)
    for name in names:
        assert run("presentation", name).stdout.strip()


def test_no_two_structures_share_a_name():
    names = structures()
    assert len({name.lower() for name in names}) == len(names)
    modules = [module for name, module in sys.modules.items() if name.startswith("mimi.")]
    for module in modules:
        for name, value in vars(module).items():
            if is_struct(value) and name in names:
                assert structure(name) is value


def test_an_unknown_structure():
    with pytest.raises(UsageError):
        structure("")
