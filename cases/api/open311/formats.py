"""The two formats of Open311, by the address's ending: ``.xml`` and ``.json``, one made from the other's structure.

As the specification has it (the "Spark convention"), a list is in XML an element around elements of one other name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Scope

XML, JSON = "xml", "json"
FORMATS = (XML, JSON)
MEDIA = {XML: "text/xml", JSON: "application/json"}
# What the elements of a list are called.
_ITEMS = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2 Characters


def format_of(scope: Scope) -> str:
    """The format an address asks for; XML, which the specification requires, when it says none."""
    return JSON if str(scope.get("path", "")).endswith(".json") else XML


def _element(name: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, dict):
        element.extend(_element(key, part) for key, part in value.items())
    elif isinstance(value, list):
        element.extend(_element(_ITEMS[name], part) for part in value)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = _ILLEGAL.sub("", str(value))
    return element


def render(
    form: str,
    root: str,
    found: Sequence[BaseModel] | BaseModel,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """An answer.

    Args:
        form: one of ``FORMATS``.
        root: name of the root element in XML.
        found: one thing, or a list of them.
        status: of HTTP.
        headers: more headers.
    """
    data: Any = (
        found.model_dump(mode="json") if isinstance(found, BaseModel) else [f.model_dump(mode="json") for f in found]
    )
    if form == JSON:
        body = json.dumps(data, ensure_ascii=False).encode()
    else:
        body = ElementTree.tostring(_element(root, data), encoding="UTF-8", xml_declaration=True)
    # Pages of other makers may read what everybody may read.
    headers = {"Access-Control-Allow-Origin": "*", **(headers or {})}
    return Response(body, status, headers, media_type=f"{MEDIA[form]}; charset=utf-8")
