"""A bot without a case backend of its own: an Open311 platform as :class:`cases.outward.backend.Backend`.

The resident waits meanwhile, so calls are short and tried twice at most; a message whose call failed is tried again by
the bot, which is safe: before a matter is filed the platform is asked whether it has it already.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections import OrderedDict
from collections.abc import Collection
from datetime import timedelta

from cases.moves import TicketNotFoundError
from cases.outward.backend import Addition, Filed, Standing
from cases.outward.city_file import Joined, Outward
from cases.outward.client import Client
from cases.outward.upstream import words
from cases.outward.upstream.adapter import Outgoing, RemoteMatter, Update
from cases.outward.upstream.open311 import TOKEN, Open311
from cases.outward.upstream.open311_shapes import LONGEST_UPDATE
from cases.service import NewTicket
from common.db import now

SECONDS, TRIES = 6.0, 2  # of one exchange: with its pauses a filing ends before the engine stops waiting
LOOK_BACK = timedelta(days=2)  # longer than a message is tried again
REMEMBERED = 5000  # matters filed, so that the platform is not asked about them again
SHOWN = 10  # of a person's matters
_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def _lines(answers: object) -> tuple[str, ...]:
    found = answers.items() if isinstance(answers, dict) else ()
    return tuple(
        f"{a.get('question') or key}{a['answer']}" for key, a in found if isinstance(a, dict) and a.get("answer")
    )


class Remote:
    """See :class:`cases.outward.backend.Backend`. May be shared by threads; close it, or use ``with``.

    The platform decides about grid, unit and times, so of a :class:`NewTicket` it gets what it has fields for: text,
    answers, matter type (as a service), place, pin, and the phone if the settings let it pass. Photos stay here.

    Args:
        platform: to file at.
        numbers: a regular expression for its numbers.
    """

    def __init__(self, platform: Open311, numbers: str = Joined.numbers) -> None:
        self._platform = platform
        self._numbers = re.compile(rf"(?<![0-9A-Za-z])(?:{numbers})(?![0-9A-Za-z])")
        self._filed: OrderedDict[str, str] = OrderedDict()

    @classmethod
    def joined(cls, config: Outward) -> Remote:
        """The platform the city's file names for the bot.

        Raises:
            LookupError: it names none that is joined.
        """
        joined = config.platform(config.bot or "")
        client = Client(None, SECONDS, config.tls())
        return cls(Open311(joined.settings, client, tries=TRIES), joined.numbers)

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._platform.__exit__()

    @property
    def takes_additions(self) -> bool:
        """Whether the platform takes updates; plain GeoReport does not."""
        return self._platform.tells

    def file(self, new: NewTicket) -> Filed:
        """File a matter at the platform.

        Returns:
            Its number there, or ``~token:...`` when the platform gives numbers later (see :meth:`spoken`).

        Raises:
            ValueError: no text, or no source key.
            UpstreamError: it is not certain that it was filed; file it again with the same source key.
        """
        if not new.text.strip():
            raise ValueError("a ticket needs a text")
        if not new.source_key:
            raise ValueError("a matter filed elsewhere needs a source key, or it could be filed twice")
        matter = Outgoing(
            reference=new.source_key,
            type=new.type,
            text=new.text,
            details=_lines(new.answers),
            place=new.place,
            lat=new.lat,
            lng=new.lng,
            phone=None if new.anonymous else new.phone,
        )
        number = self._filed.get(new.source_key) or self._platform.find(matter, now() - LOOK_BACK, same_service=True)
        return Filed(self._remember(new.source_key, number or self._platform.push(matter)))

    def _remember(self, source_key: str, number: str) -> str:
        self._filed[source_key] = number
        while len(self._filed) > REMEMBERED:
            self._filed.popitem(last=False)
        return number

    def add(self, number: str, reporter: str | None, what: Addition) -> bool:
        """Send an addition as an update that leaves the state as it is. False where the platform takes none, has not
        numbered the matter yet, or where there is nothing that can be said in words.

        Raises:
            TicketNotFoundError: the platform has no such matter.
        """
        settled = self._platform.settled(number)
        text = self._addition(what)
        if not self.takes_additions or settled is None or not text:
            return False
        matter = self._platform.look(settled)
        if matter is None:
            raise TicketNotFoundError(f"the platform has no matter {settled}")
        name = what.key or uuid.uuid4().hex
        for place in range(0, len(text), LONGEST_UPDATE):
            part = text[place : place + LONGEST_UPDATE]
            key = hashlib.sha256(f"{settled}\n{name}\n{place}\n{part}".encode()).hexdigest()[:32]
            self._platform.update(settled, Update(key, what.at or now(), matter.closed, part))
        return True

    def _addition(self, what: Addition) -> str:
        pin = f"{what.lat:.6f}, {what.lng:.6f}" if what.lat is not None and what.lng is not None else None
        phone = what.phone if self._platform.contact and not what.anonymous else None
        told = (
            ("note", what.note),
            *(("note", line) for line in _lines(what.answers)),
            ("place", what.place),
            ("pin", pin),
            ("phone", phone),
            ("photos", str(len(what.attachments)) if what.attachments else None),
            ("anonymous", "" if what.anonymous else None),
        )
        return "\n".join(words.added(name, value) for name, value in told if value is not None)

    def standing(
        self, number: str, reporter: str, known: Collection[str] = (), code: str | None = None
    ) -> Standing | None:
        """How a matter stands at the platform, which gives no codes."""
        settled = self._platform.settled(number)
        if settled is None:
            return Standing(number, words.status("for_triage"), False, number in known)
        matter = self._platform.look(settled)
        own = number in known or settled in known
        return None if matter is None else _standing(matter, own, self._platform.name)

    def theirs(self, reporter: str, known: Collection[str] = ()) -> list[Standing]:
        """How the matters stand whose numbers the dialogue remembers."""
        wanted = list(dict.fromkeys(known))[-SHOWN:]
        numbers = {number: self._platform.settled(number) for number in wanted}
        found = self._platform.changes(now() - LOOK_BACK, [n for n in numbers.values() if n])
        told = [_standing(matter, True, self._platform.name) for matter in found]
        told.sort(key=lambda s: s.filed_at.timestamp() if s.filed_at else 0.0, reverse=True)
        early = [Standing(n, words.status("for_triage"), False, True) for n, settled in numbers.items() if not settled]
        return [*early, *told]

    def spoken(self, number: str) -> str:
        """The platform's number; of a matter it has not numbered yet, its token."""
        return number.removeprefix(TOKEN)

    def number_in(self, said: str) -> str | None:
        """What looks like a number of the platform and is no mobile phone's."""
        return next((m[0] for m in self._numbers.finditer(said) if not _MOBILE.fullmatch(m[0])), None)


def _standing(matter: RemoteMatter, own: bool, name: str) -> Standing:
    return Standing(
        number=matter.id,
        said=words.status(matter.status),
        closed=matter.closed,
        own=own,
        type=matter.type if own else None,
        place=matter.place if own else None,
        unit=name if own else None,
        note=matter.notes if own else None,
        filed_at=matter.requested_at,
        changed_at=matter.updated_at or matter.requested_at,
    )
