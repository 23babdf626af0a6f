"""What a resident who is being cheated at this moment is offered."""

from __future__ import annotations

from actions.elders import FRAUD_GUIDE
from knowledge.guiding.served import served


def test_the_guide_offered_after_a_fraud_warning_is_served() -> None:
    assert FRAUD_GUIDE in served().guides
