"""The view token says what was served, to us alone, and to nobody who did not get it from us."""

import hashlib

import itsdangerous
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lander.serve.agent import BROWSERS, DEVICES, SOURCES
from lander.serve.token import LIFETIME_MS, TokenForged, TokenSigner, View

SECRETS = ["an-older-secret-for-tests-0123456789-abcdefg", "a-newer-secret-for-tests-0123456789-abcdefg"]
SIGNER = TokenSigner(SECRETS)

views = st.builds(
    View,
    page_id=st.integers(0, 2**32 - 1),
    variant=st.text(min_size=1, max_size=10).filter(lambda text: text.isprintable()),
    visitor=st.binary(min_size=16, max_size=16).map(bytes.hex),
    view_id=st.binary(min_size=8, max_size=8),
    issued_at_ms=st.integers(0, 2**63),
    device=st.sampled_from(DEVICES),
    browser=st.sampled_from(BROWSERS),
    source=st.sampled_from(SOURCES),
    experiment_id=st.integers(0, 2**32 - 1),
    phase=st.integers(0, 2**16 - 1),
    returning=st.booleans(),
    bot=st.booleans(),
    prefetch=st.booleans(),
    simulated=st.booleans(),
)
VIEW = View(1, "b", "0123456789abcdef" * 2, bytes(8), 1_790_000_000_000, "phone", "safari", "paid", 7, 1)


@given(views)
def test_a_view_comes_back_from_its_token_as_it_was(view: View) -> None:
    assert SIGNER.read(SIGNER.mint(view).decode("ascii")) == view


@given(views)
def test_a_token_can_stand_in_an_attribute_and_in_an_address(view: View) -> None:
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert set(SIGNER.mint(view).decode("ascii")) <= alphabet


@given(st.integers(0), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_token_changed_in_one_place_is_refused(place: int, character: str) -> None:
    token = SIGNER.mint(VIEW).decode("ascii")
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        with pytest.raises(TokenForged):
            SIGNER.read(changed)


@given(st.text())
def test_anything_else_is_refused_in_the_same_way(text: str) -> None:
    with pytest.raises(TokenForged):
        SIGNER.read(text)


@pytest.mark.parametrize("text", ["", ".", "preview", "x" * 100_000, "\ud800"])
def test_what_is_clearly_no_token_is_refused_too(text: str) -> None:
    with pytest.raises(TokenForged):
        SIGNER.read(text)


def test_a_signed_value_of_another_purpose_or_form_is_no_token() -> None:
    def sign(value: bytes, salt: str) -> str:
        signer = itsdangerous.Signer(
            SECRETS, salt=salt, key_derivation="hmac", digest_method=staticmethod(hashlib.sha256)
        )
        return signer.sign(value).decode("ascii")

    payload = SIGNER.mint(VIEW).rpartition(b".")[0]
    assert SIGNER.read(sign(payload, "lander.view")) == VIEW
    for text in (sign(payload, "lander.visitor"), sign(b"AAAA", "lander.view"), sign(b"AgAA" * 20, "lander.view")):
        with pytest.raises(TokenForged):
            SIGNER.read(text)


def test_itsdangerous_reads_our_signature() -> None:
    signer = itsdangerous.Signer(
        SECRETS, salt="lander.view", key_derivation="hmac", digest_method=staticmethod(hashlib.sha256)
    )
    assert signer.validate(SIGNER.mint(VIEW))


def test_a_token_of_the_older_secret_is_still_read_and_the_newer_one_signs() -> None:
    older = TokenSigner(SECRETS[:1]).mint(VIEW)
    assert SIGNER.read(older.decode()) == VIEW
    with pytest.raises(TokenForged):
        TokenSigner(SECRETS[:1]).read(SIGNER.mint(VIEW).decode())


def test_a_day_later_a_token_is_readable_and_known_to_be_old() -> None:
    view = SIGNER.read(SIGNER.mint(VIEW).decode())
    assert not view.is_expired(VIEW.issued_at_ms + LIFETIME_MS)
    assert view.is_expired(VIEW.issued_at_ms + LIFETIME_MS + 1)
