"""Where things are: from what residents call a place, or where they set a pin, to its grid and dwelling."""

from cases.places.addresses import AddressError, BadRow, ImportReport, import_addresses
from cases.places.earth import gcj02_to_wgs84
from cases.places.index import Match, PlaceIndex
from cases.places.library import buildings
from cases.places.match import AddressMatch, match_address
from cases.places.pins import grid_of_pin
from cases.places.qr import qr_sheet
from cases.places.reading import ENOUGH
from cases.places.shapes import ShapeError, load_shapes

__all__ = [
    "ENOUGH",
    "AddressError",
    "AddressMatch",
    "BadRow",
    "ImportReport",
    "Match",
    "PlaceIndex",
    "ShapeError",
    "buildings",
    "gcj02_to_wgs84",
    "grid_of_pin",
    "import_addresses",
    "load_shapes",
    "match_address",
    "qr_sheet",
]
