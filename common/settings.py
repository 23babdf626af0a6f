"""Settings, read from the environment (``XIAOGE_...``) and a ``.env`` file in the working folder.

``docs/settings.md`` lists them with their meaning; a wrong value stops the start with its name.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """All settings. Nested names use two underscores in the environment: none are needed so far."""

    model_config = SettingsConfigDict(env_prefix="XIAOGE_", env_file=".env", extra="ignore")

    # Where things are
    var: Path = Field(ROOT / "var", description="Folder for the database, photos and logs")
    database_url: str = Field("", description="SQLAlchemy address; empty: SQLite in the var folder")
    timezone: str = "Asia/Shanghai"

    # The four processes, all on loopback; put a reverse proxy before web_port
    web_host: str = "127.0.0.1"
    web_port: int = 8000
    public_url: str = Field(
        "", description="Where residents reach the web app, https://host; empty: the chat gives no links"
    )
    engine_port: int = 5005
    actions_port: int = 5055

    # The engine
    engine_token: SecretStr = Field(SecretStr(""), description="Guards the engine's own API; `xiaoge up` makes one")
    engine_timeout: float = Field(25.0, description="Seconds to wait for the engine's answer to one message")
    engine_attempts: int = Field(60, description="Tries before a message is handed to a person")

    idle_minutes: int = Field(30, description="Minutes of silence after which an unfinished report is filed as it is")

    # The city
    city_name: str = "云溪市"
    office_hours: str = "工作日上午8:30到下午5:30"
    hotline: str = "12345"

    # WeChat Official Account; the channel is off while the token is empty
    wechat_token: SecretStr = SecretStr("")
    wechat_aes_key: SecretStr = Field(SecretStr(""), description="43 characters; empty: plain mode only")
    wechat_app_id: str = ""
    wechat_secret: SecretStr = SecretStr("")
    wechat_api: str = Field("https://api.weixin.qq.com/cgi-bin/", description="WeChat's API; tests point it at a fake")
    wechat_reply_window: float = Field(4.5, description="Seconds in which the passive reply must leave")
    wechat_freshness: int = Field(600, description="Seconds a signed request stays valid; older ones are replays")
    wechat_push_hours: int = Field(
        48, description="Hours after the resident's last message in which pushes are allowed"
    )
    wechat_push_limit: int = Field(5, description="Pushes allowed per resident message")

    # Telegram; off while the token is empty
    telegram_token: SecretStr = SecretStr("")
    telegram_webhook_secret: SecretStr = SecretStr("")
    telegram_api: str = "https://api.telegram.org/bot"

    # Reading aloud in WeChat and Telegram
    speech: bool = Field(True, description="Send a voice message when a resident asks to have something read aloud")

    # Limits
    max_body: int = Field(256 * 1024, description="Largest webhook body, bytes")
    max_text: int = Field(5000, description="Longest text read in one message, characters")
    max_photo: int = Field(10 * 1024 * 1024, description="Largest photo, bytes")

    @field_validator("wechat_aes_key")
    @classmethod
    def _aes_key_length(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) != 43:
            raise ValueError("must be the 43 characters shown as EncodingAESKey on WeChat's console")
        return value

    @field_validator("public_url")
    @classmethod
    def _address_of_the_page(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("must be an address such as https://xiaoge.example.cn")
        return value.rstrip("/")

    @property
    def database(self) -> str:
        """The database's address, with the default filled in."""
        return self.database_url or f"sqlite:///{self.var / 'xiaoge.db'}"

    @property
    def photos(self) -> Path:
        """Folder for residents' photos."""
        return self.var / "photos"

    @property
    def engine_url(self) -> str:
        """The engine's address on loopback."""
        return f"http://127.0.0.1:{self.engine_port}"

    @property
    def actions_url(self) -> str:
        """The action server's address on loopback."""
        return f"http://127.0.0.1:{self.actions_port}"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()  # type: ignore[call-arg]
