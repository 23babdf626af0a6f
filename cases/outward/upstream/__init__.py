"""The platform above: its matters become tickets here, tickets go up to it, and either hears how the other's stands."""
