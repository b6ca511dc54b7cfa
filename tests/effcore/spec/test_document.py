"""YAML text to plain data: what is read, where it stands, and what is refused."""

from __future__ import annotations

import warnings

import pytest

from effcore.errors import SpecError
from effcore.spec.document import MAX_BYTES, MAX_NODES, read


def refusal(text: str) -> str:
    with pytest.raises(SpecError) as caught, warnings.catch_warnings():
        warnings.simplefilter("error")
        read(text, source="s.yaml")
    return str(caught.value)


def test_yaml_1_2_meanings() -> None:
    data = read("a: 1e-3\nb: no\nc: 010\nd: 2020-01-01\ne: ~\nf: [0x10, 1.5, .5, true, 'x']\n", source="s").data
    assert data == {"a": 1e-3, "b": "no", "c": 10, "d": "2020-01-01", "e": None, "f": [16, 1.5, 0.5, True, "x"]}
    assert type(data["a"]) is float


def test_lines_of_every_path() -> None:
    document = read("a: 1\nb:\n  - x: 2\n    y: 3\n  - [4,\n     5]\n", source="s")
    found = {path: document.line(path) for path in ("a", "b", "b[0].x", "b[0].y", "b[1]", "b[1][1]")}
    assert found == {"a": 1, "b": 2, "b[0].x": 3, "b[0].y": 4, "b[1]": 5, "b[1][1]": 6}


def test_a_path_that_is_not_there_has_the_line_of_what_is_around_it() -> None:
    document = read("a: 1\nb:\n  - x: 2\n", source="s")
    assert document.line("b[0].z.deep[3]") == 3
    assert document.line("c") == 1


def test_a_merge_key_is_a_plain_name() -> None:
    assert read("<<: {a: 1}\n", source="s").data == {"<<": {"a": 1}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1", "text (line 1): must be YAML. Expected ',' or ']', but got '<stream end>'."),
        ("\t- x", "text (line 1): must be YAML. Found character '\\t' that cannot start any token."),
        ("a: {b: [1\nc: 2", "text (line 2): must be YAML. Expected ',' or ']', but got ':', in what line 1 begins."),
        ("a: b: c", "text (line 1): must be YAML. Mapping values are not allowed here."),
        ("a: \x00", "text: must be YAML. unacceptable character #x0000: special characters are not allowed."),
        ("--- a\n--- b", "text (line 2): must be YAML. But found another document."),
        ("", "text: must be a mapping. Got an empty document."),
        ("# only a comment\n", "text: must be a mapping. Got an empty document."),
        ("%YAML 1.1\n---\na: no", "text (line 2): must be YAML 1.2: leave the %YAML line out."),
        ("a: 1\nb: {c: 1, c: 2}", "b.c (line 2): must stand once. The key 'c' is there again."),
        ("? [a, b]\n: c", "spec (line 1): must have plain names as keys."),
        ("a: !!int ''", "a (line 1): must be a whole number of at most 9223372036854775807. Got ''."),
        ("a: !!bool maybe", "a (line 1): must be a bool that can be read. Got 'maybe'."),
        ("a: !!float _", "a (line 1): must be a float that can be read. Got '_'."),
        ('a: "\\ud800"', "a (line 1): must be a str that can be read."),
        ("a: \ud800", "text: must be Unicode. Got half of a surrogate pair."),
    ],
)
def test_what_is_no_document(text: str, expected: str) -> None:
    assert expected in refusal(text)


@pytest.mark.parametrize("number", ["0x" + "F" * 5000, "1" * 5000, "9223372036854775808", "-9223372036854775808"])
def test_a_number_that_nothing_can_store_is_refused_and_shown_short(number: str) -> None:
    text = refusal(f"a: {number}")
    assert "a (line 1): must be a whole number of at most 9223372036854775807. Got '" in text
    assert len(text) < 300


def test_a_bomb_of_aliases_is_refused_before_anything_is_built() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    expected = "text (line 1): must hold no anchor (`&name`) and no alias (`*name`): write the value out."
    assert expected in refusal("\n".join(levels))


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x\n", "&a [*a]", "&a x: 1\n&a y: 2\n"])
def test_anchors_and_aliases_are_refused(text: str) -> None:
    assert "must hold no anchor (`&name`) and no alias (`*name`)" in refusal(text)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("a: !!python/object/apply:os.system ['true']", "tag:yaml.org,2002:python/object/apply:os.system"),
        ("a: !!python/name:os.system ''", "tag:yaml.org,2002:python/name:os.system"),
        ("!!python/object/new:type {}", "tag:yaml.org,2002:python/object/new:type"),
        ("a: !own x", "!own"),
        ("a: !!set {x}", "tag:yaml.org,2002:set"),
        ("a: !!binary aGk=", "tag:yaml.org,2002:binary"),
    ],
)
def test_a_tag_that_would_build_something_is_refused(text: str, tag: str) -> None:
    assert (
        f"text (line 1): must hold no tag. Got '{tag}': a spec is plain data, nothing in it is built or run."
        in refusal(text)
    )


def test_a_plain_tag_is_taken() -> None:
    assert read("a: !!str 1\nb: !!float 2\n", source="s").data == {"a": "1", "b": 2.0}


def test_too_large_too_deep_too_many() -> None:
    assert "text: must be at most 256 KiB." in refusal("a: " + "x" * MAX_BYTES)
    assert "text (line 1): must not be nested deeper than 20 levels." in refusal("[" * 5000)
    assert "text (line 1): must not be nested deeper than 20 levels." in refusal("- " * 30 + "x")
    assert "text (line 1): must hold at most 50,000 values." in refusal("[" + "1," * (MAX_NODES + 1) + "]")


def test_all_problems_of_the_document_come_at_once() -> None:
    text = refusal("a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert text.splitlines()[0] == "s.yaml: 2 problems"
    assert "a (line 2): must stand once." in text and "b.c (line 3): must stand once." in text
