"""The adapter to a platform above, against a server as the specification has it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from open311_platform import DAY, JURISDICTION, KEY, NOW, Platform, adapter, open_adapter, platform

from cases.outward.client import Client
from cases.outward.upstream import calls, marks, services
from cases.outward.upstream.adapter import Outgoing, Update
from cases.outward.upstream.errors import (
    AnswerError,
    RefusedError,
    UnclearError,
    UnreachableError,
)
from cases.outward.upstream.open311 import Open311, SettingsError
from cases.outward.upstream.open311_shapes import LONGEST_TEXT, description, matter_of
from cases.outward.upstream.services import Services, ServicesError

__all__ = ["adapter", "platform"]
NOISE = Outgoing("600000017", "environment.noise", "幸福里8号楼楼下烧烤店半夜吵", place="幸福里8号楼")


# --- up


def test_a_matter_goes_up_as_the_specification_has_it(platform: Platform, adapter: Open311) -> None:
    matter = Outgoing(
        "600000017",
        "environment.noise",
        "烧烤店半夜吵\r\n睡不着\x00",
        details=("什么时候吵？半夜",),
        place="幸福里8号楼",
        lat=37.5,
        lng=122.00001,
        phone="13912345678",
        media_url="https://example.org/1.jpg",
    )
    id_ = adapter.push(matter)
    (form,) = platform.did("POST", "requests.json")
    assert form == {
        "api_key": KEY,
        "jurisdiction_id": JURISDICTION,
        "service_code": "N01",
        "description": "烧烤店半夜吵\n睡不着\n什么时候吵？半夜\n〔xiaoge:yunxi:600000017〕",
        "device_id": "yunxi:600000017",
        "address_string": "幸福里8号楼",
        "lat": "37.500000",
        "long": "122.000010",
        "media_url": "https://example.org/1.jpg",
    }
    assert platform.requests[id_]["service_code"] == "N01"


def test_a_phone_goes_up_only_where_the_city_wants_it(platform: Platform) -> None:
    with open_adapter(platform, contact=True) as adapter:
        adapter.push(Outgoing("1", "environment.noise", "吵", phone="13912345678"))
        adapter.push(Outgoing("2", "environment.noise", "吵"))
    first, second = platform.did("POST", "requests.json")
    assert first["phone"] == "13912345678" and "phone" not in second
    assert first["address_string"] == "云溪市"  # the specification wants some place


def test_a_token_becomes_an_id_later(platform: Platform, adapter: Open311) -> None:
    token = adapter.push(Outgoing("1", "environment.facility", "路灯不亮"))
    assert token == "~token:t1001"
    assert adapter.settled(token) is None
    assert adapter.settled("~token:unknown") is None
    platform.settle("t1001")
    assert adapter.settled(token) == "1001"
    assert adapter.settled("77") == "77"


def test_a_type_without_a_service_is_refused_here_or_goes_under_the_default(platform: Platform) -> None:
    matter = Outgoing("1", "hazard.gas", "煤气味")
    with open_adapter(platform) as adapter, pytest.raises(RefusedError, match=r"hazard\.gas; add it to the mapping"):
        adapter.push(matter)
    assert platform.asked == []
    with open_adapter(platform, default_service="N09") as adapter:
        adapter.push(matter)
    assert platform.did("POST", "requests.json")[0]["service_code"] == "N09"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.text(max_size=5000),
    details=st.lists(st.text(max_size=100), max_size=3),
    reference=st.from_regex(r"[0-9a-z:.-]{1,100}", fullmatch=True),
)
def test_a_description_is_never_too_long_and_always_tells_whose_it_is(
    text: str, details: list[str], reference: str
) -> None:
    made = description(Outgoing(reference, None, text, details=tuple(details)), "yunxi")
    assert len(made) <= LONGEST_TEXT
    assert "\x00" not in made
    assert marks.reference_in(made, "yunxi") == reference
    assert marks.reference_in(made, "other") is None
    assert marks.bears_mark(made)


def test_a_reference_that_could_not_be_read_back_is_refused() -> None:
    for wrong in ("a b", "", "〕", "x" * 101):
        with pytest.raises(ValueError, match="cannot stand in a mark"):
            marks.mark("yunxi", wrong)
    assert marks.reference_in("我家〔xiaoge:yunxi:1〕吵", "yunxi") == "1"
    assert marks.reference_in("〔xiaoge:yunxi:1〕〔xiaoge:other:2〕", "yunxi") is None
    assert not marks.bears_mark("〔小格〕xiaoge:yunxi:1")


def test_a_lost_answer_is_not_followed_by_a_second_filing(platform: Platform, adapter: Open311) -> None:
    for bad in ("lost", 500, 502, "no json", "[]", "{}", '[{"service_request_id": ""}]'):
        platform.trouble = [bad]
        with pytest.raises(UnclearError):
            adapter.push(NOISE)
        assert len(platform.did("POST", "requests.json")) == 1
        platform.asked.clear()
    assert adapter.find(NOISE, NOW - DAY) == "1001"  # 'lost' had arrived
    assert adapter.find(Outgoing("600000025", "environment.noise", ""), NOW - DAY) is None


def test_a_busy_platform_gets_it_later_once(platform: Platform, adapter: Open311) -> None:
    platform.trouble = [503, 429]
    assert adapter.push(NOISE) == "1001"
    assert len(platform.requests) == 1
    platform.trouble = [503] * calls.TRIES
    with pytest.raises(UnreachableError, match=r"503 \(3 tries\)"):
        adapter.push(NOISE)
    assert len(platform.requests) == 1


def test_pauses_grow_and_follow_what_the_platform_asks_for_within_bounds(platform: Platform) -> None:
    slept: list[float] = []
    known = open_adapter(platform)._settings
    with Open311(known, Client(None, 5), sleep=slept.append) as adapter:
        platform.trouble = [503, 503]
        adapter.push(NOISE)
        for asked in ("7", "9999", "Wed, 21 Oct 2026 07:28:00 GMT"):
            platform.trouble, platform.headers = [503], {"Retry-After": asked}
            adapter.push(NOISE)
    assert slept == [0.5, 1.0, 7.0, 30.0, 0.5]


def test_a_platform_that_is_not_there(platform: Platform) -> None:
    platform.close()
    with open_adapter(platform) as adapter:
        with pytest.raises(UnreachableError, match="ConnectError"):
            adapter.push(NOISE)
        with pytest.raises(UnreachableError, match="ConnectError"):
            adapter.pull(NOW - DAY, NOW)


@pytest.mark.parametrize(
    ("more", "message", "alone"),
    [
        ({"api_key": "wrong"}, r"answered 403: api_key is missing or wrong; look at the endpoint, the key", False),
        ({"endpoint": "/elsewhere"}, r"answered 404; look at the endpoint", False),
        ({"jurisdiction_id": "x"}, r"answered 404: jurisdiction_id was not found", True),
        ({"services": Services({"environment.noise": "N77"}, {})}, r"404: service_code was not found", True),
    ],
)
def test_refusals_say_what_to_look_at(platform: Platform, more: dict[str, Any], message: str, alone: bool) -> None:
    if "endpoint" in more:
        more = {"endpoint": platform.url.replace("/open311/v2", more["endpoint"])}
    with open_adapter(platform, **more) as adapter, pytest.raises(RefusedError, match=message) as caught:
        adapter.push(NOISE)
    assert caught.value.about_request is alone
    assert KEY not in str(caught.value) and "吵" not in str(caught.value)


def test_redirects_are_not_followed(platform: Platform, adapter: Open311) -> None:
    platform.trouble, platform.headers = [302], {"Location": platform.url + "/services.json"}
    with pytest.raises(RefusedError, match="redirects are not followed") as caught:
        adapter.push(NOISE)
    assert not caught.value.about_request
    assert len(platform.asked) == 1


def test_an_update_goes_up_by_the_extension(platform: Platform, adapter: Open311) -> None:
    id_ = platform.put()
    adapter.update(id_, Update("7", NOW, False, "办理中"))
    adapter.update(id_, Update("8", NOW, True, "已办结"))
    assert [(u["update_id"], u["status"], u["description"]) for u in platform.updates] == [
        ("7", "OPEN", "办理中"),
        ("8", "CLOSED", "已办结"),
    ]
    with pytest.raises(RefusedError, match="service_request_id was not found"):
        adapter.update("5", Update("9", NOW, True, "已办结"))


# --- down


def test_a_request_comes_down_with_all_it_has(platform: Platform, adapter: Open311) -> None:
    platform.put(
        "N02",
        "垃圾没人清",
        NOW - timedelta(hours=1),
        address="幸福里3号楼",
        lat="37.5",
        long=122.1,
        media_url="https://example.org/1.jpg",
        status_notes="已转办",
        service_request_id=1001,
    )
    (matter,) = adapter.pull(NOW - DAY, NOW)
    assert (matter.id, matter.service, matter.service_name, matter.type) == (
        "1001",
        "N02",
        "垃圾",
        "environment.garbage",
    )
    assert (matter.text, matter.status, matter.closed, matter.notes) == ("垃圾没人清", "open", False, "已转办")
    assert (matter.place, matter.lat, matter.lng) == ("幸福里3号楼", 37.5, 122.1)
    assert matter.requested_at == NOW - timedelta(hours=1)
    assert matter.media_url == "https://example.org/1.jpg"


def test_what_is_missing_or_odd_is_left_out_and_the_rest_read(platform: Platform, adapter: Open311) -> None:
    rows = [
        {},
        {"service_request_id": "~x", "status": "open"},
        {"service_request_id": "1,2", "status": "open"},
        {"service_request_id": "3"},
        {"service_request_id": {"id": 3}, "status": "open"},
        {"service_request_id": True, "status": "open"},
        {"service_request_id": "x" * 91, "status": "open"},
        "text",
        {"service_request_id": 4, "status": "OPEN", "lat": "x", "long": 500, "requested_datetime": "yesterday"},
        {
            "service_request_id": 5,
            "status": "open",
            "requested_datetime": "2026-03-01T08:00:00",
            "description": "a\x00b",
        },
    ]
    platform.trouble = [json.dumps(rows)]
    five, four = adapter.pull(NOW - DAY, NOW)  # without a date it is the last
    assert (four.id, four.status, four.type, four.lat, four.lng, four.requested_at) == (
        "4",
        "open",
        None,
        None,
        None,
        None,
    )
    assert five.text == "ab"
    assert five.requested_at == datetime(2026, 3, 1, 0, 0, tzinfo=UTC)  # without a zone it is the city's


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
FIELDS = (
    "service_request_id status service_code service_name description status_notes address lat long media_url "
    "requested_datetime updated_datetime"
).split()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_no_row_however_odd_breaks_the_reading(row: dict[str, Any]) -> None:
    matter = matter_of(row, {"N01": "environment.noise"})
    if matter:
        assert 0 < len(matter.id) <= 90 and matter.status and len(matter.status) <= 32
        assert "\x00" not in matter.text + (matter.place or "") + matter.service + matter.service_name
        assert matter.lat is None or abs(matter.lat) <= 90
        assert matter.requested_at is None or matter.requested_at.tzinfo


@pytest.mark.parametrize(("count", "page"), [(0, 5), (4, 5), (5, 5), (37, 5), (20, 2)])
def test_more_than_a_page_is_asked_for_in_pieces(platform: Platform, count: int, page: int) -> None:
    platform.most = page
    made = [platform.put(at=NOW - timedelta(seconds=977 * n)) for n in range(count)]
    with open_adapter(platform, page=page) as adapter:
        assert [m.id for m in adapter.pull(NOW - 2 * DAY, NOW)] == made[::-1]


def test_a_long_time_is_asked_for_in_stretches_the_specification_allows(platform: Platform, adapter: Open311) -> None:
    old, new = platform.put(at=NOW - 250 * DAY), platform.put()
    platform.put(at=NOW - 350 * DAY)
    platform.put(status="closed")
    assert [m.id for m in adapter.pull(NOW - 300 * DAY, NOW)] == [old, new]
    assert len(platform.did("GET", "requests.json")) == 4


def test_known_requests_are_asked_for_by_their_ids(platform: Platform, adapter: Open311) -> None:
    made = [platform.put() for _ in range(120)]
    platform.requests[made[5]]["status"] = "fixed"
    found = adapter.changes(NOW, [*made[:119], "5"])
    assert [m.id for m in found] == made[:119]
    assert [m.id for m in found if m.closed] == [made[5]]
    assert len(platform.did("GET", "requests.json")) == 3
    assert adapter.changes(NOW, []) == []


def test_a_platform_that_takes_no_lists_of_ids_is_asked_for_each(platform: Platform) -> None:
    made = [platform.put() for _ in range(3)]
    with open_adapter(platform, ids_at_once=1) as adapter:
        assert [m.id for m in adapter.changes(NOW, made)] == made
    assert [v["service_request_id"] for v in platform.did("GET", "requests.json")] == made


def test_a_single_request_is_there_is_not_or_nobody_can_tell(platform: Platform, adapter: Open311) -> None:
    id_ = platform.put(status="fixed")
    found = adapter.look(id_)
    assert found is not None and (found.id, found.status, found.closed) == (id_, "fixed", True)
    assert adapter.look("5") is None
    platform.trouble = ["[]", 410]
    assert adapter.look(id_) is None and adapter.look(id_) is None
    for trouble, error in ((404, RefusedError), ('[{"service_request_id": "6", "status": "open"}]', AnswerError)):
        platform.trouble = [trouble]
        with pytest.raises(error):
            adapter.look(id_)
    platform.trouble = [500] * calls.TRIES
    with pytest.raises(UnreachableError):
        adapter.look(id_)


def test_where_a_matter_went_can_be_asked_of_its_service_alone(platform: Platform, adapter: Open311) -> None:
    adapter.push(NOISE)
    platform.asked.clear()
    assert adapter.find(NOISE, NOW - DAY, same_service=True) == "1001"
    assert platform.did("GET", "requests.json")[0]["service_code"] == "N01"
    other = Outgoing(NOISE.reference, "environment.garbage", NOISE.text)  # its type was corrected meanwhile
    assert adapter.find(other, NOW - DAY) == "1001"
    assert adapter.find(other, NOW - DAY, same_service=True) is None


def test_reading_is_tried_again_three_times(platform: Platform, adapter: Open311) -> None:
    platform.put()
    platform.trouble = [500, "cut"]
    assert len(adapter.pull(NOW - DAY, NOW)) == 1
    platform.trouble = [500, 503, 502]
    with pytest.raises(UnreachableError, match=r"GET requests\.json was answered 502 \(3 tries\)"):
        adapter.pull(NOW - DAY, NOW)


def test_answers_that_are_none_are_told(platform: Platform, adapter: Open311, monkeypatch: pytest.MonkeyPatch) -> None:
    nonsense = (
        ("<html>", "not with JSON"),
        ("[" * 100_000, "not with JSON"),
        ("\ufeff", "not with JSON"),
        ("null", "with NoneType"),
        ('{"a": 1}', "with dict, not with a list"),
    )
    for bad, message in nonsense:
        platform.trouble = [bad]
        with pytest.raises(AnswerError, match=message):
            adapter.pull(NOW - DAY, NOW)
    monkeypatch.setattr(calls, "LARGEST", 1000)
    platform.trouble = ["[" + " " * 2000 + "]"]
    with pytest.raises(AnswerError, match="more than 1000 bytes"):
        adapter.pull(NOW - DAY, NOW)


def test_services_of_the_mapping_that_are_not_there_are_found(platform: Platform) -> None:
    mapping = Services(
        {"environment.noise": "N01", "hazard.gas": "G1"}, {"N02": "environment.garbage", "A1": "hazard.gas"}
    )
    with open_adapter(platform, services=mapping) as adapter:
        assert adapter.missing_services() == ["A1", "G1"]


# --- settings and mapping


def test_all_mistakes_of_the_settings_are_told_and_the_key_is_not_shown(platform: Platform) -> None:
    with pytest.raises(SettingsError, match=r"system 'City'.*we 'y'.*name is empty.*page is 1.*endpoint"):
        open_adapter(platform, system="City", we="y", name=" ", page=1, endpoint="ftp://x")
    with pytest.raises(SettingsError, match="ids_at_once is 0"):
        open_adapter(platform, ids_at_once=0)
    for endpoint in ("12345", "https://", "https://a:b@example.org/", "https://example.org/?x=1"):
        with pytest.raises(SettingsError, match="must be an address"):
            open_adapter(platform, endpoint=endpoint)
    with pytest.raises(SettingsError, match="http: key and words"):
        open_adapter(platform, endpoint="http://12345.example.org/v2")
    open_adapter(platform, endpoint="http://12345.example.org/v2", plain_http=True)
    assert KEY not in repr(open_adapter(platform)._settings)


def write(folder: Path, text: str) -> Path:
    file = folder / "services.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_services_and_types_may_be_many_to_many_but_each_way_is_clear(tmp_path: Path) -> None:
    text = """
- {service: "1", type: environment.noise}
- {service: "2", type: environment.noise, push: false}
- {service: "1", type: environment.fume, pull: false}
"""
    assert services.read(write(tmp_path, text)) == Services(
        {"environment.noise": "1", "environment.fume": "1"}, {"1": "environment.noise", "2": "environment.noise"}
    )


def test_every_mistake_of_a_mapping_is_told_with_its_line(tmp_path: Path) -> None:
    text = """\
- service: "1"
  type: environment.noise
- service: 010
  type: environment.garbage
- service: "2"
  type: environment.nosuch
- service: "3"
  type: environment.noise
- service: "1"
  type: environment.fume
- service: "4"
  type: environment.water
  push: false
  pull: false
- service: "5"
  type: environment.air
  push: maybe
  color: red
- just text
"""
    with pytest.raises(ServicesError) as caught:
        services.read(write(tmp_path, text))
    assert caught.value.problems == [
        "services.yml:3: 'service' must be a text of 1 to 48 characters, a code in quotes; not 8",
        "services.yml:5: unknown matter type 'environment.nosuch'",
        "services.yml:7: environment.noise goes up already (line 1): give one of the two 'push: false'",
        "services.yml:9: 1 comes down already (line 1): give one of the two 'pull: false'",
        "services.yml:11: used neither up nor down: leave it out",
        "services.yml:15: unknown field 'color'; there are: pull, push, service, type",
        "services.yml:15: 'push' must be true or false",
        "services.yml:19: 'just text' is no entry with 'service' and 'type'",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected a list"),
        ("a: 1", "expected a list"),
        ("- [", "services.yml:2: not valid YAML"),
        ("[]", "expected"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ServicesError, match=problem):
        services.read(write(tmp_path, text + "\n"))
    with pytest.raises(ServicesError, match=r"nowhere\.yml"):
        services.read(tmp_path / "nowhere.yml")


def test_another_installation_has_our_own_types_as_services() -> None:
    same = Services.same()
    assert same.up == same.down and same.up["environment.noise"] == "environment.noise"
