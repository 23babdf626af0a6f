"""What leaves the case backend for other systems: signed webhooks, and an upstream hotline platform."""
