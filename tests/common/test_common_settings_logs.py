"""Settings stop a wrong start by name; logs carry no personal data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from common import logs
from common.settings import ROOT, Settings


def read(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type,call-arg]


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOGE_WEB_PORT", "9123")
    monkeypatch.setenv("XIAOGE_CITY_NAME", "海州市")
    assert (read().web_port, read().city_name) == (9123, "海州市")


def test_a_wrong_value_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOGE_WEB_PORT", "many")
    with pytest.raises(ValidationError, match="web_port"):
        read()


def test_wechats_key_must_have_its_length() -> None:
    with pytest.raises(ValidationError, match="43 characters"):
        read(wechat_aes_key="short")
    assert read(wechat_aes_key="a" * 43).wechat_aes_key.get_secret_value() == "a" * 43


def test_the_database_lies_in_the_var_folder_unless_set(tmp_path: Path) -> None:
    assert read(var=tmp_path, database_url="").database == f"sqlite:///{tmp_path / 'xiaoge.db'}"
    assert read(database_url="postgresql://x/y").database == "postgresql://x/y"
    assert read().var == ROOT / "var"


def test_secrets_do_not_show() -> None:
    shown = repr(read(wechat_token="s3cret", telegram_token="t0ken", engine_token="eng1ne"))
    assert not any(secret in shown for secret in ("s3cret", "t0ken", "eng1ne"))


def test_no_personal_data_reaches_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("test")
    logs.log().info("handled", message_id=7, text="我叫王秀兰", phone="13912345678", place="幸福里3号楼", user="openid")
    line = capsys.readouterr().err.strip().splitlines()[-1]
    data = json.loads(line)
    assert (data["event"], data["message_id"], data["process"], data["level"]) == ("handled", 7, "test", "info")
    assert data["text"] == "<5 characters withheld>"
    assert not any(said in line for said in ("王秀兰", "13912345678", "幸福里", "openid"))
