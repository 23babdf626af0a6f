"""How often somebody may ask. Counted in this process's memory: with several processes each counts its own share."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

MOST_REMEMBERED = 20_000  # of those who asked


class TooManyError(RuntimeError):
    """Too many requests; ``wait`` says in how many seconds there may be another one."""

    def __init__(self, wait: float) -> None:
        self.wait = max(1, math.ceil(wait))
        super().__init__(f"too many requests: wait {self.wait} seconds")


class Window:
    """At most ``most`` times in any stretch of ``seconds``, for each of those who ask.

    Args:
        most: how often.
        seconds: in how long.
        clock: a monotonic clock in seconds.
    """

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.seconds, self.clock = most, seconds, clock
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def take(self, who: str) -> None:
        """Count one more.

        Raises:
            TooManyError: ``who`` has used them up; this one is not counted.
        """
        with self._lock:
            at = self.clock()
            times = self._taken.setdefault(who, deque())
            self._taken.move_to_end(who)
            while times and times[0] <= at - self.seconds:
                times.popleft()
            if len(times) >= self.most:
                raise TooManyError(times[0] + self.seconds - at)
            times.append(at)
            if len(self._taken) > MOST_REMEMBERED:
                self._taken.popitem(last=False)

    def give_back(self, who: str) -> None:
        """The last one is not to count."""
        with self._lock:
            times = self._taken.get(who)
            if times:
                times.pop()


@dataclass
class Rates:
    """The limits of the interfaces.

    ``slow`` is for what keeps the server busy or waiting: figures, hot spots, subscribing, where a name is resolved.
    ``numbers`` and ``lookers`` guard look-ups by number and code, where only those that fail count.
    """

    keys: Window = field(default_factory=lambda: Window(600, 60))
    addresses: Window = field(default_factory=lambda: Window(120, 60))  # of those without a key
    slow: Window = field(default_factory=lambda: Window(30, 60))
    numbers: Window = field(default_factory=lambda: Window(10, 3600))
    lookers: Window = field(default_factory=lambda: Window(30, 3600))
