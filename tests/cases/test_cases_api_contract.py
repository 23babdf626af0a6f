"""The OpenAPI documents hold: what is sent by them, right and wrong, is answered as they say, and never with a 5xx.

By default a few requests of every kind on SQLite, the same ones every time. ``CONTRACT_EXAMPLES=200`` sends so
many of each, other ones every time, on both databases.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from databases import KINDS
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis import Case, Config
from test_cases_api import RATES, Api, api, client, generous, operator, shared_app

__all__ = ["api", "client", "operator"]

LONG = os.environ.get("CONTRACT_EXAMPLES")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("city_database", KINDS if LONG else KINDS[:1], indirect=True),
]

# What fits the contract may still name what is not there, be late, or not be possible now.
UNDERSTOOD = ["2xx", 401, 403, 404, 409, 412, 422]


def accepting(*statuses: int) -> dict[str, Any]:
    return {"checks": {"positive_data_acceptance": {"expected-statuses": [*UNDERSTOOD, *statuses]}}}


# A cursor cannot be made up, and Open311 knows no status but 400 for what is understood and cannot be done.
CURSORS = {"include-path": "/tickets", "include-method": "GET", **accepting(400)}
JSON_API = schemathesis.openapi.from_asgi(
    "/api/v1/openapi.json", shared_app(), config=Config.from_dict({**accepting(), "operations": [CURSORS]})
)
OPEN311 = schemathesis.openapi.from_asgi("/open311/openapi.json", shared_app(), config=Config.from_dict(accepting(400)))
PATIENCE = 120  # seconds for one answer, on a machine that does other things too
OFTEN = settings(
    max_examples=int(LONG or 4),
    derandomize=not LONG,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@JSON_API.parametrize()
@JSON_API.given(there_is=st.booleans())
@OFTEN
def test_the_json_api_keeps_its_contract(operator: Api, case: Case, there_is: bool) -> None:
    vars(RATES).update(vars(generous()))
    if there_is and "number" in case.path_parameters:
        case.path_parameters["number"] = operator.file()
    case.call_and_validate(headers=operator.headers, timeout=PATIENCE)


@OPEN311.parametrize()
@OFTEN
def test_open311_keeps_its_contract(operator: Api, case: Case) -> None:
    vars(RATES).update(vars(generous()))
    for sent in (case.query, case.body):
        if isinstance(sent, dict) and "api_key" in sent:
            sent["api_key"] = operator.token
    case.call_and_validate(timeout=PATIENCE)
