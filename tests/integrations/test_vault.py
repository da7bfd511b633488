"""Secrets that we must be able to read again."""

import pytest

from integrations import vault


def test_what_is_encrypted_cannot_be_read_and_can_be_had_again() -> None:
    sealed = vault.encrypt("سر: a secret")
    assert "secret" not in sealed
    assert sealed != vault.encrypt("سر: a secret")
    assert vault.decrypt(sealed) == "سر: a secret"


def test_a_new_secret_key_reads_what_the_old_one_wrote_while_that_is_kept(settings) -> None:
    sealed, old = vault.encrypt("x"), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [old]
    assert vault.decrypt(sealed) == "x"
    renewed = vault.encrypt("y")
    settings.SECRET_KEY_FALLBACKS = []
    assert vault.decrypt(renewed) == "y"
    with pytest.raises(vault.Unreadable):
        vault.decrypt(sealed)


@pytest.mark.parametrize("wrong", ["", "x", "gAAAAAB", "é"])
def test_what_nobody_encrypted(wrong: str) -> None:
    with pytest.raises(vault.Unreadable):
        vault.decrypt(wrong)


def test_each_purpose_has_keys_of_its_own() -> None:
    [vaults], [tokens] = vault.derived_keys("vault"), vault.derived_keys("tokens")
    assert vaults != tokens
    assert len(vaults) == len(tokens) == 32
