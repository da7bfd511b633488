"""Which report moves an order: the whole table, and what is true of any sequence of reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.statuses import LASTING, NOT_CANCELLABLE, TERMINAL, Attention, Status, may_report

FORWARD = [Status.CREATED, Status.DISPATCHED, Status.ACCEPTED, Status.PICKED_UP, Status.IN_TRANSIT, Status.DELIVERED]
ASIDE = [Status.CANCELLED, Status.FAILED, Status.RETURNED, Status.LOST]
REPORTABLE = [*FORWARD[2:], *ASIDE]


@pytest.mark.parametrize("current", FORWARD[:-1])
@pytest.mark.parametrize("reported", FORWARD[2:])
def test_forward_jumps_move_and_steps_back_do_not(current, reported):
    assert may_report(current, reported) is (FORWARD.index(reported) > FORWARD.index(current))


@pytest.mark.parametrize("current", [*FORWARD[:-1], Status.FAILED, Status.CANCELLING])
@pytest.mark.parametrize("reported", ASIDE)
def test_before_the_end_anything_may_happen(current, reported):
    assert may_report(current, reported) is (current != reported)


@pytest.mark.parametrize("current", sorted(TERMINAL))
@pytest.mark.parametrize("reported", REPORTABLE)
def test_an_end_is_an_end_but_what_was_delivered_may_come_back(current, reported):
    assert may_report(current, reported) is ((current, reported) == (Status.DELIVERED, Status.RETURNED))


@pytest.mark.parametrize(
    ("reported", "moves"),
    [
        (Status.ACCEPTED, False),
        (Status.PICKED_UP, False),
        (Status.IN_TRANSIT, True),
        (Status.DELIVERED, True),
        (Status.FAILED, False),
    ],
)
def test_a_failed_delivery_may_go_on(reported, moves):
    assert may_report(Status.FAILED, reported) is moves


@pytest.mark.parametrize(
    ("reported", "moves"),
    [(Status.ACCEPTED, False), (Status.PICKED_UP, False), (Status.IN_TRANSIT, False), (Status.DELIVERED, True)],
)
def test_a_cancel_that_is_asked_for_ends_only_in_an_end(reported, moves):
    assert may_report(Status.CANCELLING, reported) is moves


@given(st.lists(st.sampled_from(REPORTABLE), max_size=12))
def test_no_sequence_of_reports_leads_out_of_an_end(reports):
    status: str = Status.DISPATCHED
    for reported in reports:
        before = status
        if may_report(status, reported):
            status = reported
        if before in TERMINAL:
            assert status in (before, Status.RETURNED)
            assert before == Status.DELIVERED or status == before


@given(st.sampled_from(REPORTABLE), st.sampled_from(list(Status)))
def test_a_repetition_moves_nothing(reported, current):
    if may_report(current, reported):
        assert not may_report(reported, reported)


def test_the_words_agree():
    assert TERMINAL - {Status.CANCELLED} == NOT_CANCELLABLE
    assert set(Attention) >= LASTING
