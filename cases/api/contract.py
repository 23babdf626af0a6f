"""The OpenAPI document, put right where FastAPI says what the apps do not do."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import FastAPI


def _exact(parameter: dict[str, Any]) -> None:
    """A parameter that is not sent is missing; none can be null."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        parameter["schema"] = {**kinds[0], **schema}


def _document(app: FastAPI) -> dict[str, Any]:
    made = FastAPI.openapi(app)
    for operations in made["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                _exact(parameter)
            # FastAPI's own answer to what does not fit, which the apps never give.
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        made["components"]["schemas"].pop(name, None)
    return made


def put_right(app: FastAPI) -> None:
    """Have ``app`` give the document that holds."""
    app.openapi = partial(_document, app)  # type: ignore[method-assign]
