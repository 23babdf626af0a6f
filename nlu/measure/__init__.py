"""How well messages are understood: labelled sets, figures, reports. Nothing here is needed to serve."""
