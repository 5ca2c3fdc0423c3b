"""What is sealed to the workers: only they can open it, for its own row alone."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from otp_worker.domain.sealing import BrokenSealError, SealKey, UnknownSealKeyError, Unsealer

OLD, NEW = "a code secret of the tests", "a newer code secret of the tests"
TEXT = "Überweisung über 12 € an Müller: 123456"


def test_whoever_has_the_public_key_can_seal_and_the_workers_can_open() -> None:
    workers = Unsealer([OLD])
    [key] = workers.public_keys
    told = SealKey.parse(str(key))
    assert workers.open(told.seal(TEXT, "ver_1"), "ver_1") == TEXT


def test_the_same_text_is_never_sealed_to_the_same_bytes() -> None:
    [key] = Unsealer([OLD]).public_keys
    sealed = {key.seal(TEXT, "ver_1") for _ in range(20)}
    assert len(sealed) == 20
    assert all(len(each) == len(TEXT.encode()) + 53 and b"123456" not in each for each in sealed)


def test_what_is_sealed_for_one_row_does_not_open_for_another() -> None:
    workers = Unsealer([OLD])
    sealed = workers.public_keys[0].seal(TEXT, "ver_1")
    with pytest.raises(BrokenSealError, match="ver_2"):
        workers.open(sealed, "ver_2")


@pytest.mark.parametrize("at", range(1, 80, 3))
def test_a_bit_that_was_changed_anywhere_is_noticed(at: int) -> None:
    workers = Unsealer([OLD])
    sealed = bytearray(workers.public_keys[0].seal(TEXT, "ver_1"))
    sealed[at] ^= 1
    with pytest.raises((BrokenSealError, UnknownSealKeyError)):
        workers.open(bytes(sealed), "ver_1")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02" + bytes(80), b"\x01" + bytes(51)])
def test_what_was_never_sealed_is_said_to_be_broken(sealed: bytes) -> None:
    with pytest.raises(BrokenSealError):
        Unsealer([OLD]).open(sealed, "ver_1")


def test_a_point_that_gives_no_secret_opens_nothing() -> None:
    workers = Unsealer([OLD])
    sealed = bytearray(workers.public_keys[0].seal(TEXT, "ver_1"))
    sealed[5:37] = bytes(32)
    with pytest.raises(BrokenSealError):
        workers.open(bytes(sealed), "ver_1")


def test_during_a_rotation_the_workers_open_what_either_key_sealed() -> None:
    before, after = Unsealer([OLD]), Unsealer([NEW, OLD])
    assert after.public_keys[1] == before.public_keys[0]
    for key in after.public_keys:
        assert after.open(key.seal(TEXT, "ver_1"), "ver_1") == TEXT
    newest = after.public_keys[0]
    with pytest.raises(UnknownSealKeyError, match=newest.id):
        before.open(newest.seal(TEXT, "ver_1"), "ver_1")


def test_the_key_that_a_secret_gives_is_the_same_for_ever() -> None:
    # What an older version sealed is opened by a newer one: this changes only with another form.
    [key] = Unsealer([OLD]).public_keys
    assert (str(key), key.id) == ("ag3u77kAB0FMvR4f6Ah91clccWJLEPnMfXwC5/K9CQA=", "9d01f659")


@pytest.mark.parametrize("text", ["", "short", "not base64!", "A" * 43, "A" * 43 + "=", "é" * 44])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="otp-worker seal-key"):
        SealKey.parse(text)


def test_any_public_key_is_taken() -> None:
    key = SealKey(X25519PrivateKey.generate().public_key().public_bytes_raw())
    assert SealKey.parse(str(key)) == key
