"""Residents' photos: checked, stripped of camera data (GPS included), kept on disk under a random id."""

from __future__ import annotations

import io
import secrets
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy.orm import Session

from bot.model import Photo
from common.db import now
from common.settings import settings

MAX_SIDE = 2400
MAX_PIXELS = 60_000_000


class NotAPhotoError(ValueError):
    """The bytes are no picture we can show."""


def keep(session: Session, conversation_id: str, data: bytes) -> str:
    """Store a picture and return its id.

    The picture is written anew as JPEG, at most MAX_SIDE pixels a side, without any metadata.

    Raises:
        NotAPhotoError: not a picture, or one of absurd size.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NotAPhotoError("too many pixels")
            picture = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPhotoError("not a picture") from error
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    identity = secrets.token_hex(12)
    target = path(identity)
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.save(target, "JPEG", quality=85)
    session.add(
        Photo(
            id=identity,
            conversation_id=conversation_id,
            media_type="image/jpeg",
            size=target.stat().st_size,
            added_at=now(),
        )
    )
    return identity


def path(identity: str) -> Path:
    """Where a photo lies."""
    return settings().photos / identity[:2] / f"{identity}.jpg"
