"""The web app: WeChat's and Telegram's webhooks, the residents' page, health."""
