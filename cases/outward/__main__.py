"""``python -m cases.outward``: subscribers, what could not be delivered, platforms.

python -m cases.outward check                                     outward.yml: every mistake, services that are not there
python -m cases.outward list                                      subscribers, and how they do
python -m cases.outward subscribe https://example.org/xiaoge --action dispatch --action finish --with words
python -m cases.outward rotate 3                                  a new secret; the old one is used too until retire
python -m cases.outward retire 3
python -m cases.outward unsubscribe 3 | resume 3
python -m cases.outward dead                                      deliveries that were given up
python -m cases.outward replay 51 52 | --webhook 3 | --ticket 600-000-017   [--delivered]
python -m cases.outward skip 51
python -m cases.outward sync city                                 exchange with a platform now, and tell what went wrong
python -m cases.outward forget city 600-000-017                   let a ticket go up that was refused or deleted there
"""

from __future__ import annotations

import argparse
import getpass

from cases import numbers
from cases.outward import dead_letters, rounds, webhooks, wishes
from cases.outward.city_file import Outward, OutwardError, outward
from cases.outward.client import Client
from cases.outward.upstream import sync
from cases.outward.upstream.errors import UpstreamError
from cases.outward.upstream.open311 import Open311
from common.db import now, reading, transaction
from common.logs import configure


def _parser() -> argparse.ArgumentParser:
    about, _, commands = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m cases.outward",
        description=about,
        epilog=commands,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--by", default=getpass.getuser(), help="who does it, for the audit; by default your login")
    known = parser.add_subparsers(dest="command", required=True, metavar="command")
    known.add_parser("check")
    known.add_parser("list")
    subscribe = known.add_parser("subscribe")
    subscribe.add_argument("url")
    subscribe.add_argument("--action", action="append", default=[], help="to be told of; none: all")
    subscribe.add_argument("--with", action="append", default=[], dest="pieces", help=", ".join(wishes.PIECES))
    for name in ("rotate", "retire", "unsubscribe", "resume"):
        known.add_parser(name).add_argument("webhook", type=int)
    known.choices["rotate"].add_argument("--at-once", action="store_true", help="end the old secret now")
    known.add_parser("dead").add_argument("--webhook", type=int)
    replay = known.add_parser("replay")
    replay.add_argument("deliveries", type=int, nargs="*")
    replay.add_argument("--webhook", type=int)
    replay.add_argument("--ticket")
    replay.add_argument("--delivered", action="store_true", help="also what arrived")
    known.add_parser("skip").add_argument("delivery", type=int)
    known.add_parser("sync").add_argument("system")
    forget = known.add_parser("forget")
    forget.add_argument("system")
    forget.add_argument("ticket")
    return parser


def _check(config: Outward) -> int:
    wrong = 0
    for joined in config.platforms:
        with Open311(joined.settings, Client(None, verify=config.tls())) as platform:
            try:
                missing = platform.missing_services()
                said = f"has no service {', '.join(missing)}" if missing else "has all services"
                wrong += bool(missing)
            except UpstreamError as error:
                said, wrong = str(error), wrong + 1
        print(f"{joined.settings.system} ({joined.settings.name}): {said}")
    networks = ", ".join(map(str, config.rules.allow)) or "none"
    print(f"inner networks allowed for webhooks: {networks}; this machine: {'yes' if config.rules.loopback else 'no'}")
    return 1 if wrong else 0


def _list() -> int:
    with reading() as session:
        found = webhooks.listing(session)
    for hook in found:
        state = "active" if hook.active else "ended by the receiver"
        more = f" with {', '.join(hook.pieces)}" if hook.pieces else ""
        last = f"{hook.last_delivered:%Y-%m-%d %H:%M} UTC" if hook.last_delivered else "never"
        print(f"{hook.id}  {hook.url}  {', '.join(hook.actions) or 'all actions'}{more}  {state}")
        rotating = ", old secret still in use" if hook.rotating else ""
        print(f"   waiting {hook.waiting}, dead {hook.dead}, last delivered {last}{rotating}")
    print(f"{len(found)} subscribers")
    return 0


def _dead(webhook: int | None) -> int:
    with reading() as session:
        letters = dead_letters.dead(session, webhook)
    for d in letters:
        print(
            f"{d.id}  webhook {d.webhook}  ticket {numbers.spoken(d.number)} {d.action}  {d.attempts} tries: {d.error}"
        )
        if d.behind:
            print(f"   {d.behind} later ones of this ticket wait behind it")
    print(f"{len(letters)} given up{' (the oldest)' if len(letters) == dead_letters.PAGE else ''}")
    return 0


def _sync(config: Outward, system: str) -> int:
    done = rounds.exchange(config.platform(system), now(), config)
    stopped = False
    for way, what in (("pulled", done.pulled), ("pushed", done.pushed)):
        if what is not None:
            print(way, ", ".join(f"{k} {v}" for k, v in vars(what).items() if isinstance(v, int)))
            for line in [*what.problems, *([what.stopped] if what.stopped else [])]:
                print(f"   {line}")
            stopped |= what.stopped is not None
    for type_, number in (done.pushed.left_out if done.pushed else {}).items():
        print(f"   {number} of type {type_} wait: no service is mapped")
    return 1 if stopped else 0


def _change(given: argparse.Namespace, config: Outward) -> str:
    """Do what changes something. Returns what is printed."""
    with transaction() as session:
        if given.command == "subscribe":
            hook, secret = webhooks.subscribe(
                session, given.url, given.action, given.by, pieces=given.pieces, rules=config.rules
            )
            return f"webhook {hook.id}; its secret, shown this once: {secret}"
        if given.command == "rotate":
            secret = webhooks.rotate(session, given.webhook, given.by, at_once=given.at_once)
            return f"webhook {given.webhook}; its new secret, shown this once: {secret}"
        if given.command == "replay":
            count = dead_letters.replay(
                session,
                by=given.by,
                ids=given.deliveries or None,
                ticket=numbers.required(given.ticket) if given.ticket else None,
                webhook=given.webhook,
                delivered=given.delivered,
            )
            return f"{count} deliveries will be sent again"
        if given.command == "skip":
            dead_letters.skip(session, given.delivery, by=given.by)
            return f"delivery {given.delivery} is left out"
        if given.command == "forget":
            sync.forget(session, given.system, numbers.required(given.ticket), by=given.by)
            return "it goes up again at the next exchange"
        {"retire": webhooks.retire, "unsubscribe": webhooks.unsubscribe, "resume": webhooks.resume}[given.command](
            session, given.webhook, given.by
        )
        return f"webhook {given.webhook}: done"


def main(arguments: list[str] | None = None) -> int:
    """Run a command. Returns the exit status: 1 when it could not be done; the reason is printed."""
    given = _parser().parse_args(arguments)
    try:
        config = outward()
        if given.command == "check":
            return _check(config)
        if given.command == "list":
            return _list()
        if given.command == "dead":
            return _dead(given.webhook)
        if given.command == "sync":
            return _sync(config, given.system)
        print(_change(given, config))
    except (OutwardError, LookupError, ValueError) as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    configure("outward")
    raise SystemExit(main())
