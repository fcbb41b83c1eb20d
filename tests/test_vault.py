"""Sealed fields: nobody reads them without a secret of ours, and a secret can be changed."""

import base64

import pytest

from lander.vault import Vault

OLD, NEW, OTHER = (f"{name}-secret-of-more-than-32-characters-0123" for name in ("old", "new", "another"))


def test_what_was_sealed_opens_again() -> None:
    vault = Vault([OLD])
    for text in ("", "otto@example.com", '{"name": "Zoë"}', "x" * 100_000):
        assert vault.open(vault.seal(text, context="lead 1"), context="lead 1") == text


def test_the_sealed_text_shows_nothing_and_never_repeats() -> None:
    vault = Vault([OLD])
    first, second = (vault.seal("otto@example.com", context="lead 1") for _ in range(2))
    assert first != second
    assert b"otto" not in base64.urlsafe_b64decode(first)


def test_it_opens_in_its_own_place_only() -> None:
    vault = Vault([OLD])
    with pytest.raises(ValueError, match="LANDER_SECRET_KEYS"):
        vault.open(vault.seal("otto@example.com", context="lead 1"), context="lead 2")


def test_a_new_secret_seals_and_the_old_one_still_opens() -> None:
    before, between, after = Vault([OLD]), Vault([NEW, OLD]), Vault([NEW])
    old, new = before.seal("Otto", context="1"), between.seal("Otto", context="1")
    assert between.open(old, context="1") == between.open(new, context="1") == "Otto"
    assert after.open(new, context="1") == "Otto"
    with pytest.raises(ValueError, match="put the secret it was sealed with back"):
        after.open(old, context="1")
    with pytest.raises(ValueError, match="put the secret it was sealed with back"):
        before.open(new, context="1")


@pytest.mark.parametrize("position", [0, 11, 12, 20, -1])
def test_a_single_changed_bit_does_not_open(position: int) -> None:
    vault = Vault([OLD])
    blob = bytearray(base64.urlsafe_b64decode(vault.seal("otto@example.com", context="1")))
    blob[position] ^= 1
    with pytest.raises(ValueError, match="LANDER_SECRET_KEYS"):
        vault.open(base64.urlsafe_b64encode(bytes(blob)).decode(), context="1")


@pytest.mark.parametrize("sealed", ["", "x", "not base64 at all", "AAAA", "Zoë", "AAAAAAAAAAAAAAAAAAAAAAAA"])
def test_what_was_never_sealed_is_refused(sealed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (whatever is wrong with it, this is all that a caller needs)
        Vault([OLD]).open(sealed, context="1")


def test_equal_texts_have_equal_indexes_and_nobody_else_can_make_them() -> None:
    vault = Vault([OLD])
    assert vault.blind_index("otto@example.com") == Vault([OLD]).blind_index("otto@example.com")
    assert vault.blind_index("otto@example.com") != vault.blind_index("ottO@example.com")
    assert vault.blind_index("otto@example.com") != Vault([OTHER]).blind_index("otto@example.com")


def test_after_a_change_of_secrets_older_indexes_are_found_too() -> None:
    older = Vault([OLD]).blind_index("otto@example.com")
    vault = Vault([NEW, OLD])
    assert vault.blind_index("otto@example.com") != older
    assert vault.blind_indexes("otto@example.com") == [vault.blind_index("otto@example.com"), older]
