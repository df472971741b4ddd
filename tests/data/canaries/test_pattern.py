import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.data.canaries.candidates import COLOURS, DIGITS, complete_lists
from privaudit.data.canaries.pattern import MOST_SLOTS, parse_pattern, parse_patterns
from privaudit.errors import UsageError


def template(text, lists=None):
    pattern = parse_pattern(text)
    given_lists = {**(lists or {}), **pattern.inline}
    names = [slot.candidates for slot in pattern.slots]
    return pattern.template(complete_lists(names, given_lists, ["some words of some data"]))


@pytest.mark.parametrize(
    ("text", "first", "last", "sizes"),
    [
        ("my pin code is {digit:4}", "my pin code is 0 0 0 0", "my pin code is 9 9 9 9", (10,) * 4),
        ("call {digits:3} now", "call 000 now", "call 999 now", (10,) * 3),
        ("{digit}", "0", "9", (10,)),
        ("  {colour:2}, {color}! ", "black black, black!", "yellow yellow, yellow!", (12,) * 3),
        ("ward {red|green | blue:2}", "ward red red", "ward blue blue", (3, 3)),
        ("{{ {digit} }}{{", "{ 0 }{", "{ 9 }{", (10,)),
        ("{{{digit}}}", "{0}", "{9}", (10,)),
        ("{digit:2}-{digit}", "0 0-0", "9 9-9", (10,) * 3),
        ("{ digit : 2 }", "0 0", "9 9", (10, 10)),
        ("say {word:1}", "say data", "say words", (4,)),
    ],
)
def test_patterns_become_templates(text, first, last, sizes):
    made = template(text)
    assert made.sizes == sizes
    assert made.render([0] * len(sizes)) == first
    assert made.render([size - 1 for size in sizes]) == last


def test_the_prefix_keeps_its_last_space_and_the_digits_of_one_word_touch():
    pattern = parse_pattern("my pin is {digits:2} ok")
    assert pattern.prefix == "my pin is "
    assert [(slot.candidates, slot.then) for slot in pattern.slots] == [("digit", ""), ("digit", " ok")]


def test_candidates_of_the_user():
    made = template("to {city:2} {digit}", {"city": ("Oslo", "San José")})
    assert made.sizes == (2, 2, 10)
    assert made.render((1, 0, 5)) == "to San José Oslo 5"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("my pin code", "slots"),
        ("", "slots"),
        ("{digit:0}", "n from 1 to 64"),
        ("{digit:65}", "n from 1 to 64"),
        ("{digit:-1}", "n from 1 to 64"),
        ("{digit:x}", "n from 1 to 64"),
        ("{digit:}", "n from 1 to 64"),
        ("{digit:²}", "n from 1 to 64"),
        ("{digit:33} {digit:32}", "65 slots; 1 to 64"),
        ("{digit", "A single '{'"),
        ("pin} {digit}", "A single '}'"),
        ("{}", "A slot without a name"),
        ("{:3}", "A slot without a name"),
        ("{a|:3}", "empty or not printable"),
        ("{a|A:3}", "are the same"),
        ("{|}", "empty or not printable"),
        ("pin\n{digit}", "unprintable characters"),
        ("pin\x1b[31m{digit}", "unprintable characters"),
    ],
)
def test_faults_of_a_pattern_are_said(text, message):
    with pytest.raises(UsageError, match=message):
        parse_pattern(text)


def test_an_unknown_list_is_said():
    with pytest.raises(UsageError, match=r"--candidates NAME=FILE"):
        template("{dgit:4}")


def test_touching_slots_need_candidates_of_one_length():
    lists = {"ward": ("a", "ab", "b")}
    assert template("{digit}{digit}").n_fillings == 100
    assert template("{ward} {ward}{digit}"[:13], lists).n_fillings == 9
    with pytest.raises(UsageError, match="Put a space"):
        template("{ward}{digit}", lists)


def test_no_pattern_is_a_usage_error():
    with pytest.raises(UsageError, match="No pattern"):
        parse_patterns([])


_LITERAL = st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]), min_size=1, max_size=8)
_SLOT = st.tuples(st.sampled_from(["digit", "digits", "colour", "x|yz"]), st.integers(1, 6))


@given(st.lists(st.tuples(_SLOT, _LITERAL), min_size=1, max_size=5), _LITERAL)
def test_every_well_formed_pattern_is_read(parts, prefix):
    def escaped(text):
        return text.replace("{", "{{").replace("}", "}}")

    text = f"{escaped(prefix)} " + "".join(f"{{{n}:{k}}} {escaped(then)} " for (n, k), then in parts)
    made = template(text)
    lists = {"digit": DIGITS, "digits": DIGITS, "colour": COLOURS, "x|yz": ("x", "yz")}
    assert made.prefix == f"{prefix} "
    assert made.sizes == tuple(len(lists[name]) for (name, k), _ in parts for _ in range(k))
    expected = f"{prefix} " + " ".join(
        ("" if name == "digits" else " ").join([lists[name][0]] * k) + f" {then}" for (name, k), then in parts
    )
    assert made.render([0] * len(made.sizes)) == expected


@given(st.text(st.sampled_from("{}|:0123a digit\n"), max_size=20))
def test_any_text_is_a_pattern_or_a_usage_error(text):
    try:
        slots, message = len(parse_pattern(text).slots), ""
    except UsageError as error:
        slots, message = 1, str(error)
    assert 1 <= slots <= MOST_SLOTS
    assert "\n" not in message
