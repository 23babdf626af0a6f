"""Open311 GeoReport v2 in both formats: discovery, services, filing, reading, updates."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.testclient import TestClient
from test_cases_api import Api, Maker, api, client, operator

from cases import numbers, service
from cases.api.app import create_app
from cases.api.open311 import services, shapes
from cases.api.open311.errors import ErrorItem
from cases.api.open311.formats import render
from cases.api.open311.visibility import PUBLIC
from cases.api.rates import Rates, Window
from cases.model import Address, Ticket
from common.db import now, reading, transaction
from nlu.taxonomy import taxonomy

__all__ = ["api", "client", "operator"]

V2 = "/open311/v2"
# Root elements: what is in them, and which fields that may have, in this order.
ROOTS: dict[str, tuple[str, list[type[BaseModel]]]] = {
    "services": ("service", [shapes.Service]),
    "service_requests": ("request", [shapes.ServiceRequest, shapes.Created, shapes.TokenAnswer]),
    "service_request_updates": ("request_update", [shapes.RequestUpdate]),
    "errors": ("error", [ErrorItem]),
}
HOLE = {"service_code": "environment.facility", "address_string": "幸福里8号楼", "description": "路灯坏了三盏"}


class City:
    """An app that reports by Open311."""

    def __init__(self, api: Api) -> None:
        self.client, self.token = TestClient(api.client.app), api.token or ""

    def post(self, status: int = 201, form: str = "json", **fields: str) -> Any:
        given = {"api_key": self.token, **fields}
        answer = self.client.post(f"{V2}/requests.{form}", data=given)
        assert answer.status_code == status, answer.text
        return answer.json() if form == "json" else answer

    def file(self, **fields: str) -> str:
        return str(self.post(**{**HOLE, **fields})[0]["service_request_id"])

    def get(self, path: str, status: int = 200, /, key: bool = False, **query: str) -> Any:
        query |= {"api_key": self.token} if key else {}
        answer = self.client.get(f"{V2}{path}.json", params=query)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        twin = self.client.get(f"{V2}{path}.xml", params=query)
        assert (twin.status_code, twin.headers["content-type"]) == (status, "text/xml; charset=utf-8")
        assert twin.text.startswith("<?xml version='1.0' encoding='UTF-8'?>")
        root = fromstring(twin.content)
        check_shape(root)
        assert as_json(root) == flat(answer.json())
        return answer.json()


def as_json(element: ElementTree.Element) -> Any:
    """XML as the Spark convention has it: an element around elements of one container's name is a list."""
    containers = {"services", "attributes", "values", "service_requests", "service_request_updates", "errors"}
    if element.tag in containers | {"endpoints", "formats"}:
        assert len({child.tag for child in element}) <= 1
        return [as_json(child) for child in element]
    if len(element):
        assert len({child.tag for child in element}) == len(element)
        return {child.tag: as_json(child) for child in element}
    return element.text or ""


def check_shape(root: ElementTree.Element) -> None:
    """Whether an answer has the elements the specification names, in its order, without attributes or namespaces."""
    assert not any(element.attrib or "{" in element.tag for element in root.iter())
    if root.tag not in ROOTS:
        assert (root.tag, [e.tag for e in root]) == ("service_definition", list(shapes.ServiceDefinition.model_fields))
        for attribute in root.iterfind("attributes/*"):
            assert (attribute.tag, [e.tag for e in attribute]) == ("attribute", list(shapes.Attribute.model_fields))
            assert all(
                (v.tag, [e.tag for e in v]) == ("value", ["key", "name"]) for v in attribute.iterfind("values/*")
            )
        return
    item, models = ROOTS[root.tag]
    for element in root:
        assert element.tag == item
        assert [e.tag for e in element] in [list(model.model_fields) for model in models]


def flat(value: Any) -> Any:
    """What XML makes of values: texts."""
    if isinstance(value, list):
        return [flat(v) for v in value]
    if isinstance(value, dict):
        return {k: flat(v) for k, v in value.items()}
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.fixture
def anybody(client: TestClient) -> TestClient:
    """A client at the root of the app."""
    return TestClient(client.app)


@pytest.fixture
def city(api: Maker) -> City:
    return City(api("resident"))


# --- discovery and services


def test_discovery_says_where_and_how(anybody: TestClient) -> None:
    told = anybody.get("/open311/discovery.json").json()
    endpoint = told["endpoints"][0]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["url"] == "http://testserver/open311/v2"
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", told["changeset"])
    assert "12345" in told["contact"] and "12345" in told["key_service"]
    xml = anybody.get("/open311/discovery.xml")
    assert fromstring(xml.content).tag == "discovery"
    assert as_json(fromstring(xml.content)) == flat(told)
    assert anybody.get(f"{endpoint['url']}/services.json").status_code == 200


def test_a_host_that_is_none_does_not_get_into_the_document(anybody: TestClient) -> None:
    for host in ("evil/path", "[", "a b", "<x>"):
        told = anybody.get("/open311/discovery.json", headers={"Host": host})
        assert told.json()["endpoints"][0]["url"] == "http://testserver:80/open311/v2"


def test_every_matter_type_is_a_service(city: City) -> None:
    told = city.get("/services")
    assert [s["service_code"] for s in told] == [t.code for t in taxonomy()]
    noise = next(s for s in told if s["service_code"] == "environment.noise")
    assert noise == {
        "service_code": "environment.noise",
        "service_name": "噪声扰民",
        "description": taxonomy().type("environment.noise").definition,
        "metadata": True,
        "type": "realtime",
        "keywords": "噪声太吵, 夜间施工, 商铺喇叭, 广场舞, 工厂机器声, 歌厅酒吧音响, 空调外机声, 货车装卸声",
        "group": "市容环境治理",
    }


def test_the_questions_of_a_service_are_its_attributes(city: City) -> None:
    told = city.get("/services/environment.noise")
    assert told["service_code"] == "environment.noise"
    first, second, third = told["attributes"]
    assert (first["code"], first["datatype"], first["required"], first["variable"]) == (
        "source",
        "singlevaluelist",
        False,
        True,
    )
    assert first["description"] == "是什么地方在吵？"
    assert [v["key"] for v in first["values"]] == ["工地", "店铺", "广场舞", "工厂", "别的"]
    assert (second["datatype"], third["datatype"], third["values"]) == ("string", "datetime", [])
    assert [a["order"] for a in told["attributes"]] == [1, 2, 3]


def test_all_definitions_are_whole(city: City) -> None:
    kinds = set()
    for matter in taxonomy():
        made = services.definition(matter.code)
        assert len({a.order for a in made.attributes}) == len(made.attributes) == len(matter.followups)
        assert services.MEDIA_KEY not in {a.code for a in made.attributes}
        kinds |= {a.datatype for a in made.attributes}
        assert all(bool(a.values) == (a.datatype == "singlevaluelist") for a in made.attributes)
    assert kinds == {"string", "number", "datetime", "singlevaluelist"}
    assert city.get("/services/nothing", 404) == [{"code": 404, "description": "没有这个 service_code：nothing"}]


# --- filing


def test_a_request_is_filed_and_its_number_comes_back_at_once(city: City) -> None:
    made = city.post(**HOLE, account_id="a-7", phone="13912345678", jurisdiction_id="yunxi.gov.cn")
    assert made == [
        {
            "service_request_id": made[0]["service_request_id"],
            "service_notice": made[0]["service_notice"],
            "account_id": "a-7",
        }
    ]
    assert made[0]["service_notice"]
    with reading() as session:
        ticket = service.get(session, made[0]["service_request_id"])
        assert (ticket.text, ticket.type, ticket.channel) == ("路灯坏了三盏", "environment.facility", "open311")
        assert (ticket.place, ticket.grid, ticket.phone, ticket.anonymous) == (
            "幸福里8号楼",
            "S0101G2",
            "13912345678",
            False,
        )
        assert ticket.reporter is not None and re.fullmatch(r"k\d+:a-7", ticket.reporter)
        assert ticket.events[0].role == "resident"


def test_the_answer_comes_in_xml_too(city: City) -> None:
    answer = city.post(form="xml", **HOLE)
    root = fromstring(answer.content)
    assert (root.tag, [r.tag for r in root]) == ("service_requests", ["request"])
    assert numbers.parse(root.findtext("request/service_request_id") or "")


def test_answers_point_and_photo_are_kept(city: City) -> None:
    url = "https://example.cn/photo/" + "a" * 300 + ".jpg"
    number = city.file(
        **{
            "lat": "37.20559",
            "long": "122.04173",
            "attribute[count]": "3",
            "media_url": url,
            "email": "zhang+1@example.cn",
        }
    )
    with reading() as session:
        ticket = service.get(session, number)
        assert (ticket.lat, ticket.lng, ticket.grid) == (37.20559, 122.04173, "S0101G2")
        assert ticket.answers["count"]["answer"] == "3"
        assert ticket.reporter is not None and re.fullmatch(r"k\d+:[0-9a-f]{40}", ticket.reporter)
    assert city.get(f"/requests/{number}", key=True)[0]["media_url"] == url
    assert city.get(f"/requests/{number}")[0]["media_url"] is None


def test_a_dwelling_of_the_address_library_is_a_place(city: City) -> None:
    with transaction() as session:
        row = Address(
            key="幸福里1号楼1单元101室",
            grid="S0101G1",
            estate="幸福里",
            road="",
            building="1",
            stairwell="1",
            door="101",
            lat=None,
            lng=None,
        )
        session.add(row)
        session.flush()
        identity = row.id
    made = city.post(service_code="environment.facility", address_id=str(identity))
    with reading() as session:
        ticket = service.get(session, made[0]["service_request_id"])
        assert (ticket.place, ticket.grid) == ("幸福里1号楼1单元101室", "S0101G1")
        assert ticket.text == taxonomy().type("environment.facility").plain
    assert (
        city.post(400, service_code="environment.facility", address_id="999999")[0]["description"]
        == "没有这个 address_id。"
    )


WRONG_FORMS: list[tuple[dict[str, str], int, str]] = [
    ({"service_code": ""}, 400, "缺少 service_code"),
    ({"service_code": "001"}, 404, "没有这个 service_code：001"),
    ({"address_string": ""}, 400, "要有地点"),
    ({"lat": "37.2", "address_string": ""}, 400, "lat 和 long 要成对"),
    ({"lat": "97.2", "long": "1"}, 400, "lat 和 long 要成对"),
    ({"lat": "nan", "long": "inf"}, 400, "lat 和 long 要成对"),
    ({"address_id": "９"}, 400, "没有这个 address_id"),
    ({"phone": "no"}, 400, "phone 不是电话号码"),
    ({"media_url": "file:///etc/passwd"}, 400, "media_url 要是"),
    ({"media_url": "http://[x"}, 400, "media_url 要是"),
    ({"description": "a" * 4001}, 400, "description 里有"),
    ({"description": "a\0b"}, 400, "description 里有"),
    ({"attribute[nothing]": "1"}, 400, "没有 attribute[nothing]"),
    ({"attribute[count]": "three"}, 400, "attribute[count] 要填数字"),
    ({"service_code": "environment.noise", "attribute[source]": "海里"}, 400, "attribute[source] 要从"),
    ({"service_code": "environment.noise", "attribute[since]": "昨天"}, 400, "attribute[since] 要填"),
    ({"service_code": "environment.noise", "attribute[hours]": "a\x07"}, 400, "attribute[hours] 里有"),
]


def test_a_wrong_form_is_told_in_both_formats(city: City) -> None:
    for fields, status, said in WRONG_FORMS:
        told = city.post(status, **{**HOLE, **fields})
        assert said in told[0]["description"] and told[0]["code"] == status
        xml = fromstring(city.post(status, "xml", **{**HOLE, **fields}).content)
        assert (xml.tag, xml.findtext("error/code")) == ("errors", str(status))
        assert said in (xml.findtext("error/description") or "")
    with reading() as session:
        assert service.listing(session) == []


def test_all_mistakes_of_a_form_are_told(city: City) -> None:
    wrong = {
        "phone": "no",
        "media_url": "x",
        "lat": "1",
        "attribute[nothing]": "1",
        "address_string": "",
        "description": "a" * 4001,
    }
    assert len(city.post(400, **{**HOLE, **wrong})) == 5


def test_filing_needs_a_key_with_the_scope(city: City, api: Maker) -> None:
    for token in ("", "xg_1_wrong", api("resident", scopes=["tickets:read"]).token or ""):
        told = city.post(403, api_key=token, **HOLE)
        assert told == [{"code": 403, "description": "api_key 缺少或无效，或者没有这项权限。"}]


def test_bodies_that_are_no_form_are_refused(city: City) -> None:
    form = urlencode({"api_key": city.token, **HOLE}).encode()
    kinds = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    for raw, headers in (
        (form, {"Content-Type": "application/json"}),
        (b"\xff\xfe=1", kinds),
        (b"description=%ff%fe", kinds),
        (b"description=%ed%a0%80", kinds),
        (b"&".join(b"a=1" for _ in range(500)), kinds),
    ):
        answer = city.client.post(f"{V2}/requests.json", content=raw, headers=headers)
        assert (answer.status_code, answer.json()[0]["code"]) == (400, 400)
    assert city.client.post(f"{V2}/requests.json", content=form, headers=kinds).status_code == 201


# --- reading


def test_everybody_is_told_how_it_stands_but_not_what_was_said_or_where_exactly(city: City, operator: Api) -> None:
    number = city.file(lat="37.2055912", long="122.0417345", phone="13912345678", account_id="a-7")
    told = city.get(f"/requests/{number}")[0]
    assert told["service_request_id"] == number
    assert (told["status"], told["status_notes"]) == ("open", "已分派")
    assert (told["service_code"], told["service_name"]) == (
        "environment.facility",
        taxonomy().type("environment.facility").name,
    )
    assert told["description"] == taxonomy().type("environment.facility").plain
    assert told["address"] == "幸福社区, 文峰街道, 云溪市, 东屿市"
    assert (told["lat"], told["long"]) == (37.206, 122.042)
    assert told["agency_responsible"] and told["service_notice"] and told["zipcode"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", told["requested_datetime"])
    assert told["requested_datetime"] <= told["updated_datetime"] < told["expected_datetime"]
    everything = json.dumps([told, city.get("/requests"), city.get("/servicerequestupdates")], ensure_ascii=False)
    for secret in ("三盏", "8号楼", "13912345678", "a-7", "37.20559"):
        assert secret not in everything


def test_whoever_filed_it_and_the_office_read_it_whole(city: City, operator: Api, api: Maker) -> None:
    number = city.file(lat="37.2055912", long="122.0417345", account_id="a-7")
    for who in (city, City(operator)):
        told = city.get(f"/requests/{number}", api_key=who.token)[0]
        assert (told["description"], told["lat"]) == ("路灯坏了三盏", 37.2055912)
        assert told["address"].startswith("幸福里8号楼, 幸福社区第二网格, 幸福社区, ")
    for stranger in (api("resident"), api("department", unit="WJ01"), api("operator", scopes=["tickets:write"])):
        assert city.get(f"/requests/{number}", api_key=stranger.token or "")[0]["description"] != "路灯坏了三盏"
    assert city.get(f"/requests/{number}", 403, api_key="xg_1_wrong")[0]["code"] == 403


def test_without_the_scope_for_personal_data_not_even_ones_own_is_told_whole(city: City, api: Maker) -> None:
    number = city.file(service_code="dispute.family", description="老伴打我", account_id="a-7")
    plain = City(api("operator", scopes=["tickets:read"]))
    told = city.get(f"/requests/{number}", api_key=plain.token)[0]
    assert told["description"] == taxonomy().type("dispute.family").plain
    assert "8号楼" not in told["address"]


def test_matters_about_people_are_not_for_everybody(city: City, operator: Api) -> None:
    private = [t.code for t in taxonomy() if t.category not in PUBLIC]
    assert {"care.elder", "dispute.family", "security.violence"} <= set(private)
    number = city.file(service_code="dispute.family", description="老伴打我", account_id="a-7")
    assert city.get(f"/requests/{number}", 404)[0]["code"] == 404
    assert city.get(f"/tokens/{number}", 404)[0]["description"] == "没有这个 token。"
    for path in ("/requests", "/servicerequestupdates"):
        assert city.get(path) == city.get(path, service_request_id=number) == []
        assert [r["service_request_id"] for r in city.get(path, key=True, service_request_id=number)][:1] == [number]
    assert city.get(f"/requests/{number}", key=True)[0]["description"] == "老伴打我"


def test_a_number_is_its_own_token(city: City) -> None:
    number = city.file()
    assert city.get(f"/tokens/{number}") == [{"service_request_id": number, "token": number}]
    assert city.get("/tokens/12", 404)[0]["code"] == 404


def test_what_does_not_exist_is_404(city: City) -> None:
    for number in (numbers.compose(2026, 99), "12", "%00", "0" * 500):
        assert city.get(f"/requests/{number}", 404)[0]["code"] == 404
    for path in ("/nothing.json", "/services.html", "/requests"):
        assert city.client.get(f"{V2}{path}").status_code == 404
    assert city.client.get(f"{V2}/requests/a%0Ab.json").json()[0]["code"] == 404
    assert fromstring(city.client.get(f"{V2}/services.html").content).tag == "errors"
    assert city.client.put(f"{V2}/requests.json").status_code == 405


def at(number: str, days_ago: float) -> None:
    with transaction() as session:
        ticket = session.query(Ticket).where(Ticket.number == number).one()
        ticket.created_at = now() - timedelta(days=days_ago)


def test_requests_are_searched(city: City, operator: Api) -> None:
    lamp, noise, old = city.file(), city.file(service_code="environment.noise"), city.file()
    at(noise, 10)
    at(old, 100)
    operator.act(lamp, "withdraw")
    found = lambda **query: [r["service_request_id"] for r in city.get("/requests", **query)]  # noqa: E731
    day = lambda days: (now() - timedelta(days=days)).isoformat()  # noqa: E731
    assert found() == [lamp, noise]
    assert found(status="closed") == [lamp]
    assert found(status="open") == [noise]
    assert found(status="open,closed") == found(status="") == [lamp, noise]
    assert found(service_code="environment.noise") == [noise]
    assert found(service_code="environment.noise, environment.facility") == [lamp, noise]
    assert found(start_date=day(20), end_date=day(5)) == [noise]
    assert found(start_date=day(110)) == [old]
    assert found(end_date=day(50)) == [old]
    assert found(start_date=day(1).replace("+00:00", "Z")) == [lamp]
    assert found(service_request_id=f"{old},{numbers.spoken(noise)},12", status="closed") == [noise, old]
    assert found(service_request_id="12") == []
    assert found(page="1", page_size="1") == [lamp]
    assert found(page="2", page_size="1") == [noise]
    assert found(page="3", page_size="1") == []
    assert found(page="", page_size="") == [lamp, noise]
    assert city.client.get(f"{V2}/requests.json?page=7&page=").status_code == 200
    assert city.get("/requests", service_request_id=lamp)[0]["status"] == "closed"


WRONG_SEARCHES = [
    ({"start_date": "yesterday"}, "start_date 要写成"),
    ({"end_date": "2025-01-01T00:00:00"}, "end_date 要写成"),
    ({"start_date": "2025-01-01T00:00:00Z", "end_date": "2025-06-01T00:00:00Z"}, "90天"),
    ({"start_date": "2025-02-01T00:00:00Z", "end_date": "2025-01-01T00:00:00Z"}, "90天"),
    ({"status": "lost"}, "只有 open 和 closed"),
    ({"page": "0"}, "page 不合规定"),
    ({"page_size": "1001"}, "page_size 不合规定"),
    ({"page": "x"}, "page 不合规定"),
    ({"page": "9" * 400}, "page 不合规定"),
    ({"service_request_id": "1," * 201}, "最多查200个"),
]


def test_a_wrong_search_is_told(anybody: TestClient) -> None:
    for query, said in WRONG_SEARCHES:
        answer = anybody.get(f"{V2}/requests.json", params=query)
        assert (answer.status_code, answer.json()[0]["code"]) == (400, 400), query
        assert said in answer.json()[0]["description"]


def test_searches_at_the_ends_of_time_find_nothing(city: City) -> None:
    city.file()
    for start, end in (
        ("0001-01-01T00:00:00+23:59", ""),
        ("", "0001-01-01T00:00:00+23:59"),
        ("9999-12-31T23:59:59-23:59", ""),
    ):
        assert city.get("/requests", start_date=start, end_date=end) == []
    assert city.get("/requests", 404, service_code="nothing")[0]["code"] == 404


def test_updates_tell_each_step(city: City, operator: Api, api: Maker) -> None:
    number = city.file()
    code = operator.get(f"/tickets/{number}")["unit"]
    unit = api("department", unit=code)
    name = unit.act(number, "accept")["unit_name"]
    unit.act(number, "note", note="内部：老问题")
    unit.act(number, "feedback", note="已报修")
    operator.act(number, "withdraw")
    told = city.get("/servicerequestupdates", service_request_id=number)
    assert [u["description"] for u in told] == [
        "已收到，登记为工单。",
        f"已分派给{name}。",
        f"{name}已签收，开始办理。",
        f"{name}反馈了进展。",
        "已撤回。",
    ]
    assert [u["status"] for u in told] == ["open"] * 4 + ["closed"]
    assert len({u["update_id"] for u in told}) == 5
    assert all(datetime.fromisoformat(u["updated_datetime"]).utcoffset() == timedelta(hours=8) for u in told)
    assert city.get("/servicerequestupdates") == told
    assert city.get("/servicerequestupdates", page="2", page_size="3") == told[3:]
    assert city.get("/servicerequestupdates", start_date=(now() + timedelta(days=1)).isoformat()) == []
    whole = city.get("/servicerequestupdates", service_request_id=number, api_key=operator.token or "")
    assert whole[3]["description"].endswith(" 已报修")
    assert "老问题" not in json.dumps(whole, ensure_ascii=False)


def updates_posted(city: City, **fields: str) -> Any:
    given = {"api_key": city.token, **fields}
    return city.client.post(f"{V2}/servicerequestupdates.json", data=given)


def test_what_a_client_adds_reaches_the_office_once(city: City, operator: Api) -> None:
    number = city.file(account_id="a-7")
    sent = {
        "service_request_id": numbers.spoken(number),
        "update_id": "fms-1",
        "description": "还是不亮",
        "media_url": "https://example.cn/1.jpg",
        "status": "OPEN",
        "updated_datetime": "2025-03-01T08:00:00+08:00",
    }
    first, again = updates_posted(city, **sent), updates_posted(city, **sent)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json() == [{"update_id": first.json()[0]["update_id"]}]
    added = [e for e in operator.get(f"/tickets/{number}/history")["events"] if e["action"] == "add"]
    assert [(e["role"], e["note"]) for e in added] == [("resident", "还是不亮\nhttps://example.cn/1.jpg")]
    assert operator.get(f"/tickets/{number}")["status"] == "dispatched"
    assert updates_posted(city, **sent | {"description": "别的"}).status_code == 400
    xml = city.client.post(f"{V2}/servicerequestupdates.xml", data={"api_key": city.token, **sent, "update_id": "2"})
    root = fromstring(xml.content)
    assert (root.tag, [e.tag for e in root.iter()][1:]) == ("service_request_updates", ["request_update", "update_id"])


def test_a_wrong_update_is_refused(city: City, api: Maker) -> None:
    number, stranger = city.file(account_id="a-7"), City(api("resident"))
    right = {"service_request_id": number, "description": "还是不亮"}
    for who, fields, status, said in (
        (stranger, right, 404, "没有这个 service_request_id"),
        (city, right | {"service_request_id": "12"}, 404, "没有这个 service_request_id"),
        (city, right | {"description": ""}, 400, "缺少 description"),
        (city, right | {"description": "a" * 2001}, 400, "description 里有"),
        (city, right | {"media_url": "file:///etc/passwd"}, 400, "media_url 要是"),
        (city, right | {"api_key": "xg_1_wrong"}, 403, "api_key"),
        (City(api("resident", scopes=["tickets:read"])), right, 403, "api_key"),
    ):
        answer = updates_posted(who, **fields)
        assert (answer.status_code, answer.json()[0]["code"]) == (status, status), fields
        assert said in answer.json()[0]["description"]
    with reading() as session:
        assert [e.action for e in service.get(session, number).events] == ["report", "dispatch"]


def test_the_key_may_come_in_the_address_and_a_request_may_be_sent_again(city: City) -> None:
    headers = {"Idempotency-Key": "r-1"}
    address = f"{V2}/requests.json?api_key={city.token}"
    first = city.client.post(address, data=HOLE, headers=headers)
    assert first.status_code == 201
    assert city.client.post(address, data=HOLE, headers=headers).json() == first.json()
    assert city.client.post(address, data=HOLE | {"description": "x"}, headers=headers).status_code == 400
    assert len(city.get("/requests")) == 1


def test_pages_elsewhere_may_read_and_busy_is_told_with_how_long(city: City) -> None:
    assert city.client.get(f"{V2}/requests.json").headers["access-control-allow-origin"] == "*"
    assert city.client.get(f"{V2}/discovery.json").json() == city.client.get("/open311/discovery.json").json()
    tight = TestClient(create_app(Rates(addresses=Window(1, 60))))
    assert [tight.get(f"{V2}/services.xml").status_code for _ in range(2)] == [200, 429]
    assert 1 <= int(tight.get(f"{V2}/services.xml").headers["retry-after"]) <= 60


# --- the two formats


class Anything(BaseModel):
    """A thing with a text."""

    description: str | None


@given(st.lists(st.text(max_size=20).map(lambda t: Anything(description=t)), max_size=3))
def test_any_text_becomes_well_formed_xml(found: list[Anything]) -> None:
    root = fromstring(render("xml", "services", found).body)
    read = [child.findtext("description") or "" for child in root]
    legal = [re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", f.description or "") for f in found]
    assert [r.replace("\r\n", "\n").replace("\r", "\n") for r in read] == [
        t.replace("\r\n", "\n").replace("\r", "\n") for t in legal
    ]


def test_a_list_of_none_is_a_list_in_both_formats() -> None:
    assert fromstring(render("xml", "service_requests", []).body).tag == "service_requests"
    assert bytes(render("json", "service_requests", []).body) == b"[]"
