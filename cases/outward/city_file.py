"""The city's file ``outward.yml``: where webhooks may go, which platforms are joined, where the bot files.

It lies in the var folder; without it no inner network may be spoken to and nothing is joined. ``docs/upstream.md`` has
an example with every field. All mistakes are listed with their lines, and a file with mistakes is refused whole.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import yaml

from cases.outward.addresses import AddressError, Rules
from cases.outward.upstream import services
from cases.outward.upstream.open311_settings import Open311Settings, SettingsError
from cases.outward.upstream.services import Services, ServicesError
from common.nodes import Source
from common.settings import settings
from nlu.taxonomy import taxonomy

NAME = "outward.yml"
# What of a platform is a text, and what a flag, by the names of Open311Settings.
_TEXTS = ("system", "name", "we", "endpoint", "jurisdiction_id", "default_service")
_FLAGS = ("contact", "updates", "plain_http")
_COUNTS = {"page": 10_000, "ids_at_once": 1000}
_NEEDED = ("system", "name", "we", "endpoint", "key", "services")
_OWN = ("key", "services", "pull", "push", "minutes", "numbers")


class OutwardError(ValueError):
    """The file has mistakes; ``problems`` lists them all, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the file of other systems was not loaded:\n  " + "\n  ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Joined:
    """A platform above, and what is exchanged with it.

    ``pull``: its requests come down; ``types`` and ``units``: of these our tickets go up; ``every``: how often;
    ``numbers``: what its numbers look like, for a bot that files there.
    """

    settings: Open311Settings
    pull: bool = True
    types: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    every: timedelta = timedelta(minutes=5)
    numbers: str = r"[A-Za-z]{0,8}-?[0-9]{4,20}"


@dataclass(frozen=True)
class Outward:
    """The file: rules for webhooks' addresses, the city's certificate authority, platforms, where the bot files."""

    rules: Rules = field(default_factory=Rules)
    authority: Path | None = None
    platforms: tuple[Joined, ...] = ()
    bot: str | None = None

    def tls(self) -> ssl.SSLContext | None:
        """Whose certificates are trusted: the public authorities and the city's own; None for the public ones."""
        if self.authority is None:
            return None
        context = ssl.create_default_context()
        context.load_verify_locations(self.authority)
        return context

    def platform(self, system: str) -> Joined:
        """The platform of a code.

        Raises:
            LookupError: there is none; the message lists those there are.
        """
        for joined in self.platforms:
            if joined.settings.system == system:
                return joined
        known = ", ".join(j.settings.system for j in self.platforms) or "none"
        raise LookupError(f"no platform {system!r} is joined in {NAME}; there are: {known}")


class _Reader:
    def __init__(self, file: Path) -> None:
        self.source, self.folder = Source(file), file.parent

    def flag(self, node: yaml.Node, what: str) -> bool:
        return self.source.one_of(node, what, ("true", "false")) == "true"

    def texts(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        return tuple(self.source.text(item, f"an entry of {what}") for item in self.source.items(node, what))

    def beside(self, node: yaml.Node, what: str) -> Path:
        """A file that is named, relative to this one."""
        file = self.folder / self.source.text(node, what)
        if not file.is_file():
            self.source.bad(node, f"{what}: there is no file {file}")
        return file

    def webhooks(self, node: yaml.Node) -> tuple[Rules, Path | None]:
        given = self.source.fields(node, "webhooks", ("networks", "loopback", "authority")) or {}
        networks = self.texts(given["networks"], "networks") if "networks" in given else ()
        loopback = self.flag(given["loopback"], "loopback") if "loopback" in given else False
        authority = self.beside(given["authority"], "authority") if "authority" in given else None
        rules = Rules()
        try:
            rules = Rules.allowing(*networks, loopback=loopback)
        except AddressError as error:
            self.source.bad(given["networks"], str(error))
        try:
            Outward(authority=authority if authority and authority.is_file() else None).tls()
        except OSError:  # ssl.SSLError is one
            self.source.bad(given["authority"], f"{authority} holds no certificates in PEM")
        return rules, authority

    def mapping(self, node: yaml.Node) -> Services:
        if self.source.text(node, "services") == "same":
            return Services.same()
        file = self.beside(node, "services")
        try:
            return services.read(file) if file.is_file() else Services({}, {})
        except ServicesError as error:
            self.source.problems += error.problems
            return Services({}, {})

    def key(self, node: yaml.Node) -> str:
        file = self.beside(node, "key")
        key = file.read_text(encoding="utf-8").strip() if file.is_file() else "?"
        if not re.fullmatch(r"[!-~]+", key):
            self.source.bad(node, f"key: {file} must hold the key and nothing else")
        return key

    def pushed(self, node: yaml.Node, up: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        given = self.source.fields(node, "push", ("types", "units")) or {}
        types = self.texts(given["types"], "types") if "types" in given else ()
        for type_ in types:
            if not taxonomy().has_type(type_):
                self.source.bad(given["types"], f"unknown matter type {type_!r}")
            elif type_ not in up:
                self.source.bad(given["types"], f"{type_} goes up to no service: add it to the services")
        return types, self.texts(given["units"], "units") if "units" in given else ()

    def pattern(self, node: yaml.Node) -> str:
        pattern = self.source.text(node, "numbers")
        try:
            re.compile(pattern)
        except re.error as error:
            self.source.bad(node, f"numbers is no regular expression: {error}")
            return Joined.numbers
        return pattern

    def platform(self, node: yaml.Node) -> Joined | None:
        source, before = self.source, len(self.source.problems)
        given = source.fields(node, "a platform", (*_TEXTS, *_FLAGS, *_COUNTS, *_OWN))
        if given is None:
            return None
        for name in _NEEDED:
            if name not in given:
                source.bad(node, f"a platform needs {name!r}")
        texts = {n: source.text(given[n], n) for n in _TEXTS if n in given}
        flags = {n: self.flag(given[n], n) for n in _FLAGS if n in given}
        counts = {n: source.number(given[n], n, 1, most) for n, most in _COUNTS.items() if n in given}
        mapping = self.mapping(given["services"]) if "services" in given else Services({}, {})
        key = self.key(given["key"]) if "key" in given else ""
        types, units = self.pushed(given["push"], frozenset(mapping.up)) if "push" in given else ((), ())
        pull = self.flag(given["pull"], "pull") if "pull" in given else True
        minutes = source.number(given["minutes"], "minutes", 1, 1440) if "minutes" in given else 5
        numbers = self.pattern(given["numbers"]) if "numbers" in given else Joined.numbers
        if len(source.problems) > before:
            return None
        try:
            made = Open311Settings(**texts, **flags, **counts, services=mapping, api_key=key)  # type: ignore[arg-type]
        except SettingsError as error:
            source.bad(node, str(error))
            return None
        return Joined(made, pull, types, units, timedelta(minutes=minutes), numbers)

    def file(self) -> Outward:
        root = self.source.root()
        given = self.source.fields(root, "the file", ("webhooks", "platforms", "bot")) if root else None
        given = given or {}
        rules, authority = self.webhooks(given["webhooks"]) if "webhooks" in given else (Rules(), None)
        nodes = self.source.items(given["platforms"], "platforms") if "platforms" in given else []
        platforms = [(node, joined) for node in nodes if (joined := self.platform(node))]
        seen: set[str] = set()
        for node, joined in platforms:
            if joined.settings.system in seen:
                self.source.bad(node, f"system {joined.settings.system!r} is joined already")
            seen.add(joined.settings.system)
        bot = self.source.text(given["bot"], "bot") if "bot" in given else None
        if bot is not None and bot not in seen:
            self.source.bad(given["bot"], f"bot: no platform {bot!r} is joined here")
        if self.source.problems:
            raise OutwardError(self.source.problems)
        return Outward(rules, authority, tuple(j for _, j in platforms), bot)


def read(file: Path) -> Outward:
    """What a file says; what holds without it when there is none.

    Raises:
        OutwardError: listing every mistake.
    """
    return _Reader(file).file() if file.exists() else Outward()


@lru_cache(maxsize=4)
def _kept(file: Path) -> Outward:
    return read(file)


def outward() -> Outward:
    """The city's file, read once by each process.

    Raises:
        OutwardError: listing every mistake.
    """
    return _kept(settings().var / NAME)
