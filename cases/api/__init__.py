"""The HTTP interfaces of the case backend: the JSON API (``docs/api.md``) and Open311 GeoReport v2 (``docs/open311.md``)."""
