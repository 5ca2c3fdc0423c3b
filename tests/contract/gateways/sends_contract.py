"""What holds for every adapter: what it sends, and what it makes of an answer."""

import threading

from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.gateway import Gateway, Message, Outcome, OutcomeKind, ReceiptKind
from otp_worker.gateways.registry import account_kinds
from tests.contract.gateways.adapter import CODE_TEXT, NUMBER, REFERENCE, SIM_NUMBER, Adapter, message
from tests.contract.gateways.stub import Stub, answer


class SendContract(Adapter):
    """A part of ``AdapterContract``."""

    def test_an_accepted_message_is_on_the_phone_as_it_was_sent(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        outcome = gateway.send(message())
        taken = phone.messages.wait_for(lambda each: True)
        assert outcome.kind is OutcomeKind.ACCEPTED
        assert (taken.to, taken.text) == (NUMBER, CODE_TEXT)

    def test_its_receipts_and_polls_name_the_message_it_was_told_of(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        outcome = gateway.send(message())
        if gateway.capabilities.poll:
            assert outcome.message_id
            phone.messages.wait_for(lambda each: each.sent_at is not None)
            receipt = gateway.poll(outcome.message_id)
            assert receipt is not None
            assert receipt.kind in (ReceiptKind.SENT, ReceiptKind.DELIVERED)
        else:
            assert gateway.poll(outcome.message_id or "") is None

    def test_the_remaining_life_is_passed_on_where_the_gateway_takes_one(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        gateway.send(message(life_seconds=140.0))
        taken = phone.messages.wait_for(lambda each: True)
        if gateway.capabilities.ttl:
            # Never longer than the code's life; a vendor that counts in minutes is told the whole ones.
            assert taken.life_seconds is not None
            assert 60 <= taken.life_seconds <= 140
        else:
            assert taken.life_seconds is None

    def test_a_sim_is_chosen_where_the_gateway_lets_us(self, phone: Simulator, gateway: Gateway) -> None:
        gateway.send(message(slot="2"))
        taken = phone.messages.wait_for(lambda each: True)
        assert (taken.sim is not None) is gateway.capabilities.sim_choice

    def test_a_repeated_reference_is_one_sms_where_the_gateway_dedupes(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        outcomes = [gateway.send(message()).kind for _ in range(2)]
        assert outcomes == [OutcomeKind.ACCEPTED] * 2
        assert len(phone.messages) == (1 if gateway.capabilities.dedupe else 2)

    def test_a_phone_that_is_offline_is_unavailable_or_kept_for(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        phone.knobs.set(offline=True)
        outcome = gateway.send(message())
        wanted = OutcomeKind.UNAVAILABLE if self.offline_is_certain else OutcomeKind.ACCEPTED
        assert (outcome.kind, outcome.alarm) == (wanted, False)

    def test_a_wrong_key_is_refused_and_raises_the_alarm(self, phone: Simulator) -> None:
        outcome = self.open(phone.url, self.wrong_key).send(message())
        assert (outcome.kind, outcome.alarm) == (OutcomeKind.MISCONFIGURED, True)
        assert len(phone.messages) == 0

    def test_a_suspended_account_is_refused_and_raises_the_alarm(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        phone.knobs.set(suspended=self.suspends)
        outcome = gateway.send(message())
        wanted = (OutcomeKind.MISCONFIGURED, True) if self.suspends else (OutcomeKind.ACCEPTED, False)
        assert (outcome.kind, outcome.alarm) == wanted

    def test_a_number_the_gateway_refuses_is_refused_without_alarm(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        phone.knobs.set(refuse=[NUMBER] if self.refuses_numbers else [])
        outcome = gateway.send(message())
        wanted = OutcomeKind.REFUSED if self.refuses_numbers else OutcomeKind.ACCEPTED
        assert (outcome.kind, outcome.alarm) == (wanted, False)

    def test_throttling_is_told_from_failure(self, phone: Simulator, gateway: Gateway) -> None:
        phone.knobs.set(throttle=self.throttles)
        outcome = gateway.send(message())
        assert outcome.kind is (OutcomeKind.THROTTLED if self.throttles else OutcomeKind.ACCEPTED)

    def test_every_answer_is_one_outcome(self, stub: Stub) -> None:
        for status, body, kind, alarm in self.table:
            stub.answers.append(answer(status, body))
            outcome = self.send_to(stub)
            assert (outcome.kind, outcome.alarm) == (kind, alarm), (status, body, outcome)

    def test_no_outcome_quotes_the_number_the_text_or_the_key(self, stub: Stub) -> None:
        said = f"cannot send {CODE_TEXT} to {NUMBER} with {self.key}"
        echoes: list[object] = [said, dict.fromkeys(("error", "message", "data", "status"), said)]
        for status in sorted({200, 201, 202, *(row[0] for row in self.table)}):
            for echo in echoes:
                stub.answers.append(answer(status, echo))
                shown = repr(self.send_to(stub))
                assert not any(secret in shown for secret in ("123456", NUMBER[1:], self.key)), shown

    def test_nothing_that_is_shown_of_it_quotes_the_key(self) -> None:
        account = account_kinds()[self.kind].model_validate(
            {"kind": self.kind, "url": "http://gateway.invalid", "key": self.key, **self.account}
        )
        assert self.key not in repr(account) + repr(account.open("tried"))

    def test_the_probe_tells_a_good_key_from_a_bad_one_and_sends_nothing(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        assert gateway.probe().kind is OutcomeKind.ACCEPTED
        bad = self.open(phone.url, self.wrong_key).probe()
        assert (bad.kind, bad.alarm) == (OutcomeKind.MISCONFIGURED, True)
        assert len(phone.messages) == 0

    def test_many_threads_each_get_their_own_answer(self, phone: Simulator, gateway: Gateway) -> None:
        outcomes: list[Outcome] = []
        threads = [
            threading.Thread(target=lambda n=n: outcomes.append(gateway.send(self.numbered(n))))
            for n in range(32)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
        assert len({each.to for each in phone.messages}) == 32

    @staticmethod
    def numbered(number: int) -> Message:
        """A message of its own."""
        reference = f"{REFERENCE[:-3]}{number:02}.1"
        return Message(f"+4474001234{number:02}", CODE_TEXT, reference, None, 300.0, 10.0, SIM_NUMBER)
