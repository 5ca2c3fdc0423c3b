"""Every key of the service."""

import pytest

from otp_worker.domain.keyring import Keyring, UnknownKeyError

OLD, NEW = "an old root secret, long enough to be one", "a new root secret, long enough to be one"
NUMBER = "+447400123456"


def test_keys_differ_by_purpose_and_by_root() -> None:
    old, new = Keyring([OLD], [OLD]), Keyring([NEW], [NEW])
    keys = [keyring.pepper(keyring.newest) for keyring in (old, new)] + [
        keyring.code_key(keyring.newest_code_key) for keyring in (old, new)
    ]
    keys += [old.number_hash(NUMBER), new.number_hash(NUMBER)]
    assert len(set(keys)) == 6


def test_no_purpose_shares_its_key_with_another_and_none_shows_its_root() -> None:
    keyring = Keyring([OLD], [OLD])
    token = keyring.callback_token(NUMBER)
    assert token != keyring.number_hash(NUMBER).hex()[: len(token)]
    assert keyring.pepper(keyring.newest) != keyring.code_key(keyring.newest_code_key)
    assert OLD.encode() not in keyring.pepper(keyring.newest) + keyring.code_key(keyring.newest_code_key)


def test_every_process_derives_the_same_keys() -> None:
    one, other = Keyring([OLD], [NEW]), Keyring([OLD], [NEW])
    assert one.pepper(one.newest) == other.pepper(other.newest)
    assert one.code_key(one.newest_code_key) == other.code_key(other.newest_code_key)
    assert one.callback_token("ver_1.1") == other.callback_token("ver_1.1")


def test_the_newest_root_is_the_first_one_listed() -> None:
    assert Keyring([NEW, OLD]).newest == Keyring([NEW]).newest


def test_after_a_rotation_what_the_old_root_made_is_still_known() -> None:
    before, after = Keyring([OLD], [OLD]), Keyring([NEW, OLD], [NEW, OLD])
    assert after.pepper(before.newest) == before.pepper(before.newest)
    assert after.code_key(before.newest_code_key) == before.code_key(before.newest_code_key)
    assert before.number_hash(NUMBER) in after.number_hashes(NUMBER)
    assert after.callback_token_is_good("ver_1.1", before.callback_token("ver_1.1"))


def test_what_is_made_after_a_rotation_is_made_with_the_new_root() -> None:
    after, new = Keyring([NEW, OLD], [NEW, OLD]), Keyring([NEW], [NEW])
    assert after.newest_code_key == new.newest_code_key
    assert after.number_hash(NUMBER) == new.number_hash(NUMBER)
    assert after.number_hashes(NUMBER) == [new.number_hash(NUMBER), Keyring([OLD]).number_hash(NUMBER)]
    assert new.callback_token_is_good("ver_1.1", after.callback_token("ver_1.1"))


def test_a_root_that_is_not_listed_any_more_is_unknown() -> None:
    gone = Keyring([OLD]).newest
    with pytest.raises(UnknownKeyError, match=gone):
        Keyring([NEW]).pepper(gone)
    with pytest.raises(UnknownKeyError, match=gone):
        Keyring([NEW], [NEW]).code_key(gone)
    assert not Keyring([NEW]).callback_token_is_good("ver_1.1", Keyring([OLD]).callback_token("ver_1.1"))


def test_a_token_is_good_for_its_subject_alone() -> None:
    keyring = Keyring([OLD])
    token = keyring.callback_token("ver_1.1")
    assert keyring.callback_token_is_good("ver_1.1", token)
    assert not keyring.callback_token_is_good("ver_1.2", token)
    assert not keyring.callback_token_is_good("ver_1.1", token[:-1])


def test_who_is_given_no_code_secret_can_make_no_code() -> None:
    intake, worker = Keyring([OLD]), Keyring([OLD], [NEW])
    for key_id in (worker.newest_code_key, intake.newest):
        with pytest.raises(UnknownKeyError):
            intake.code_key(key_id)


@pytest.mark.parametrize("token", ["", "0" * 40, "\u00e9", "\u0660" * 40])
def test_no_other_text_is_a_token(token: str) -> None:
    assert not Keyring([OLD]).callback_token_is_good("ver_1.1", token)


def test_a_secret_of_their_own_makes_the_codes_independent_of_the_roots() -> None:
    secret = "a secret for the codes and for nothing else"
    old, new = Keyring([OLD], [secret]), Keyring([NEW], [secret])
    assert old.newest_code_key == new.newest_code_key != old.newest
    assert old.code_key(old.newest_code_key) == new.code_key(old.newest_code_key)
    with pytest.raises(UnknownKeyError):
        old.code_key(old.newest)


def test_the_same_text_of_another_kind_has_another_hash() -> None:
    keyring = Keyring([OLD])
    assert keyring.hashes("ip", "203.0.113.7") != keyring.hashes("block", "203.0.113.7")
    assert keyring.hashes("number", NUMBER) != keyring.number_hashes(NUMBER)
