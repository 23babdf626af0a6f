"""Distances on the ground, and the two coordinate systems pins come in.

Everything stored is WGS 84, as satellites give it. Maps and phones sold in mainland China show GCJ-02, which the State
Bureau of Surveying shifts by up to 700 m; WeChat's location messages come in GCJ-02, Telegram's and a browser's in
WGS 84. Who receives a GCJ-02 pin converts it at once with :func:`gcj02_to_wgs84`.
"""

from __future__ import annotations

import math

EARTH = 6_371_000.0  # metres, mean radius

# Krasovsky 1940, on which GCJ-02 is computed.
_AXIS = 6_378_245.0
_ECCENTRICITY = 0.00669342162296594323  # squared


def metres(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Distance in metres between two positions in degrees, good enough within a city."""
    x = math.radians(lng2 - lng1) * math.cos(math.radians((lat1 + lat2) / 2))
    y = math.radians(lat2 - lat1)
    return EARTH * math.hypot(x, y)


def _in_china(lat: float, lng: float) -> bool:
    """Inside the rectangle in which the published formula shifts."""
    return 0.8293 <= lat <= 55.8271 and 72.004 <= lng <= 137.8347


def _shift(lat: float, lng: float) -> tuple[float, float]:
    x, y = lng - 105.0, lat - 35.0
    ripple = 20.0 * math.sin(6.0 * math.pi * x) + 20.0 * math.sin(2.0 * math.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (ripple + 20.0 * math.sin(math.pi * y) + 40.0 * math.sin(math.pi * y / 3.0)) * 2.0 / 3.0
    north += (160.0 * math.sin(math.pi * y / 12.0) + 320.0 * math.sin(math.pi * y / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (ripple + 20.0 * math.sin(math.pi * x) + 40.0 * math.sin(math.pi * x / 3.0)) * 2.0 / 3.0
    east += (150.0 * math.sin(math.pi * x / 12.0) + 300.0 * math.sin(math.pi * x / 30.0)) * 2.0 / 3.0
    radians = math.radians(lat)
    curve = 1.0 - _ECCENTRICITY * math.sin(radians) ** 2
    meridian = _AXIS * (1.0 - _ECCENTRICITY) / (curve * math.sqrt(curve))
    parallel = _AXIS / math.sqrt(curve) * math.cos(radians)
    return math.degrees(north / meridian), math.degrees(east / parallel)


def wgs84_to_gcj02(lat: float, lng: float) -> tuple[float, float]:
    """A WGS 84 position in GCJ-02, in degrees; outside China it stays as it is.

    Source: the formula published as eviltransform (github.com/googollee/eviltransform).
    """
    if not _in_china(lat, lng):
        return lat, lng
    north, east = _shift(lat, lng)
    return lat + north, lng + east


def gcj02_to_wgs84(lat: float, lng: float) -> tuple[float, float]:
    """A GCJ-02 position (a WeChat pin) in WGS 84, in degrees, to about a centimetre.

    The shift has no closed inverse: the position whose shift leads here is approached step by step.
    """
    if not _in_china(lat, lng):
        return lat, lng
    found_lat, found_lng = lat, lng
    for _ in range(10):
        north, east = _shift(found_lat, found_lng)
        if abs(found_lat + north - lat) < 1e-9 and abs(found_lng + east - lng) < 1e-9:
            break
        found_lat, found_lng = lat - north, lng - east
    return found_lat, found_lng
