"""The clock: which days are worked (``calendar``), time counted on them (``time``), what is owed by when (``limits``)."""
