"""What can go wrong with the platform above, by what follows from it."""

from __future__ import annotations

from collections.abc import Sequence


class UpstreamError(RuntimeError):
    """The platform above did not do what was asked; the message says what, where and what to look at."""


class UnreachableError(UpstreamError):
    """It did not get the request, or said it is busy. Nothing happened there; try again later."""


class UnclearError(UpstreamError):
    """It may or may not have taken the request: look before sending it again."""


class RefusedError(UpstreamError):
    """It refused. ``about_request``: this one request; otherwise all of them (a wrong key or address)."""

    def __init__(self, message: str, status: int, about_request: bool, descriptions: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status, self.about_request, self.descriptions = status, about_request, list(descriptions)


class AnswerError(UpstreamError):
    """Its answer is not what the interface promises."""
