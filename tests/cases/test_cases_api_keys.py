"""Keys: made once, kept as a hash, revoked at once; how often they may ask."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from test_cases_api import Api, at_the_api, shared_app

from cases import audit
from cases.api import keys
from cases.api.app import create_app
from cases.api.keys import KeyMistakeError
from cases.api.rates import Rates, TooManyError, Window
from cases.model import ApiKey, AuditLine
from common.db import reading, transaction

city = pytest.mark.usefixtures("city_database")


def make(name: str = "城管平台", **more: object) -> str:
    given = {"scopes": ["tickets:read"], "role": "department", "unit": "CG01"} | more
    with transaction() as session:
        return keys.make_key(session, name, **given)  # type: ignore[arg-type]


def status_with(header: str | None) -> int:
    client = at_the_api(shared_app())
    headers = {"Authorization": header} if header is not None else {}
    answer = client.get("/tickets", headers=headers)
    if answer.status_code == 401:
        assert answer.json()["code"] == "no_key"
        assert answer.headers["www-authenticate"] == "Bearer"
    return int(answer.status_code)


@city
def test_only_the_hash_of_the_secret_is_kept() -> None:
    token = make()
    prefix, identity, secret = token.split("_", 2)
    with reading() as session:
        row = session.get_one(ApiKey, int(identity))
        assert (prefix, row.name, row.role, row.unit) == ("xg", "城管平台", "department", "CG01")
        assert row.hash == keys.secret_hash(secret) and len(secret) == 43
        assert secret not in str(session.execute(select(ApiKey.__table__)).all())
        assert secret not in str(session.execute(select(AuditLine.__table__)).all())


@city
def test_a_key_opens_only_whole_and_until_it_is_revoked() -> None:
    token = make()
    assert status_with(f"Bearer {token}") == 200
    head, other = token.rsplit("_", 1)[0], make("另一个")
    wrong = [
        None,
        "",
        "Bearer",
        f"Basic {token}",
        f"Bearer {token}x",
        f"Bearer {token[:-1]}",
        f"Bearer {token.swapcase()}",
        f"Bearer {head}_{other.split('_', 2)[2]}",
        f"Bearer xg_999_{token.split('_', 2)[2]}",
        "Bearer xg_99999999999999999999_" + "a" * 43,
        "Bearer xg_-1_" + "a" * 43,
    ]
    assert [status_with(header) for header in wrong] == [401] * len(wrong)
    with transaction() as session:
        keys.revoke_key(session, "城管平台")
    assert status_with(f"Bearer {token}") == 401
    assert status_with(f"Bearer {other}") == 200


@city
def test_making_and_revoking_is_written_down() -> None:
    make()
    with transaction() as session:
        keys.revoke_key(session, "城管平台", by="管理员")
    with reading() as session:
        lines = session.execute(select(AuditLine.actor, AuditLine.action, AuditLine.about, AuditLine.note)).all()
        assert audit.flaws(session) == []
    made, revoked = lines[-2:]
    assert (made[0], made[1], made[3]) == ("terminal", "key.make", "department CG01 -: tickets:read")
    assert (revoked[0], revoked[1]) == ("管理员", "key.revoke")
    assert made[2] == revoked[2] and made[2].endswith("城管平台")


@city
def test_all_mistakes_are_told_and_nothing_is_made() -> None:
    with pytest.raises(KeyMistakeError) as told:
        make("a" * 51, scopes=["tickets:read", "everything"], role="king", unit="XX99", area="S9")
    assert [p.split(" must ")[0].split(";")[0] for p in told.value.problems] == [
        "there is no scope 'everything'",
        f"the name '{'a' * 51}'",
        "there is no unit 'XX99'",
        "there is no area 'S9'",
        "there is no role 'king' for a key",
    ]
    with reading() as session:
        assert keys.valid_keys(session) == []


@city
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"scopes": []}, "at least one scope"),
        ({"role": "system", "unit": None}, "no role 'system'"),
        ({"unit": None}, "needs its unit"),
        ({"area": "S01"}, "needs its unit, and no area"),
        ({"role": "resident"}, "neither unit nor area"),
        ({"role": "worker", "unit": None}, "needs its area"),
        ({"role": "worker", "area": "S01"}, "must be a grid; S01 is a street"),
        ({"role": "street", "area": "S0101G1"}, "must be a street; S0101G1 is a grid"),
    ],
)
def test_a_key_must_say_for_whom_it_acts(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(KeyMistakeError, match=why):
        make(**wrong)


@city
def test_names_are_not_used_again_and_only_valid_keys_are_revoked() -> None:
    make()
    with pytest.raises(KeyMistakeError, match="already"):
        make()
    with transaction() as session:
        keys.revoke_key(session, "城管平台")
    with pytest.raises(KeyMistakeError, match="already"):
        make()
    for name in ("城管平台", "无"):
        with pytest.raises(KeyMistakeError, match="there are: none"), transaction() as session:
            keys.revoke_key(session, name)


@city
def test_a_key_may_ask_only_so_often_and_others_are_not_held_up() -> None:
    rates = Rates(keys=Window(3, 60))
    client = at_the_api(create_app(rates))
    first, second = Api(client, make("一")), Api(client, make("二"))
    for _ in range(3):
        first.get("/tickets")
    refused = client.get("/tickets", headers=first.headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    second.get("/tickets")


@city
def test_who_has_no_key_is_counted_by_address() -> None:
    client = at_the_api(create_app(Rates(addresses=Window(2, 60))))
    assert [client.get("/tickets").status_code for _ in range(3)] == [401, 401, 429]
    Api(client, make()).get("/tickets")


def test_a_window_lets_so_many_through_in_any_stretch() -> None:
    at = 0.0
    window = Window(2, 10, clock=lambda: at)
    window.take("a")
    at = 6.0
    window.take("a")
    at = 9.0
    with pytest.raises(TooManyError) as refused:
        window.take("a")
    assert refused.value.wait == 1
    window.take("b")
    at = 10.0
    window.take("a")
    with pytest.raises(TooManyError):
        window.take("a")
    window.give_back("a")
    window.take("a")
