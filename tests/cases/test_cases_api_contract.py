"""The OpenAPI documents hold: what is sent by them, right and wrong, is answered as they say, and never with a 5xx."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, Config
from test_cases_api import RATES, Api, api, client, generous, operator, shared_app

__all__ = ["api", "client", "operator"]

pytestmark = pytest.mark.slow

# What fits the contract may still name what is not there, be late, or not be possible now; Open311 says 400 to that.
UNDERSTOOD = ["2xx", 401, 403, 404, 409, 412, 422]
JSON_API = schemathesis.openapi.from_asgi(
    "/openapi.json",
    shared_app(),
    config=Config.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": UNDERSTOOD}}}),
)
OPEN311 = schemathesis.openapi.from_asgi(
    "/open311/openapi.json",
    shared_app(),
    config=Config.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": [*UNDERSTOOD, 400]}}}),
)
EXAMPLES = 20
OFTEN = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@JSON_API.parametrize()
@OFTEN
def test_the_json_api_keeps_its_contract(operator: Api, case: Case) -> None:
    vars(RATES).update(vars(generous()))
    case.call_and_validate(headers=operator.headers)


@OPEN311.parametrize()
@OFTEN
def test_open311_keeps_its_contract(operator: Api, case: Case) -> None:
    vars(RATES).update(vars(generous()))
    case.call_and_validate(headers=operator.headers)
