"""The rules as sentences: they say what the file says, and change when it changes."""

from lander.policy.describe import describe
from lander.policy.parse import parse_policy
from lander.policy.policy import DEFAULTS


def test_the_defaults_are_told_in_plain_sentences() -> None:
    sentences = describe(DEFAULTS)
    assert sentences[0] == "These are the safe defaults."
    assert "Pages load no scripts from other hosts." in sentences
    assert "A page may not be framed." in sentences
    assert "After a form, visitors stay on the pages' own host." in sentences
    assert "Webhooks may be sent nowhere." in sentences
    assert "Hosts that pages link to are not asked whether the links are alive." in sentences
    assert any("20 MiB, unpacked 100 MiB in 500 files of up to 10 MiB" in sentence for sentence in sentences)
    assert all(sentence.endswith(".") for sentence in sentences)


def test_what_is_allowed_is_named() -> None:
    sentences = describe(
        parse_policy(
            '[isolation.allow]\nscript = ["cdn.example.com", "b.example.com/lib/"]\n'
            '[forms]\nfield_types = ["email"]\nthank_you_hosts = ["www.example.com"]\n'
            '[egress]\nwebhook_hosts = ["hooks.example.com"]\ncheck_links = true\n',
            version=3,
        )
    )
    assert sentences[0] == "These are version 3 of your policy."
    assert (
        "Pages load scripts from other hosts only where they are cdn.example.com and b.example.com/lib/." in sentences
    )
    assert "A form may ask for: e-mail address." in sentences
    assert "Webhooks may be sent to hooks.example.com, over https and to public addresses only." in sentences
    assert (
        "Marketing may have the hosts asked that pages link to, over https and at public addresses only." in sentences
    )
    assert "After a form, visitors may be led to www.example.com as well as to pages here." in sentences


def test_a_form_that_may_ask_for_nothing_is_said_to() -> None:
    assert "A form may ask for nothing." in describe(parse_policy("[forms]\nfield_types = []"))
