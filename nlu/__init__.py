"""Chinese language understanding for grid matters: text, entities, intent, category, matter type, urgency.

Plain Python that runs both in the app (CPython 3.11+) and in Rasa's environment (3.10), so that operators,
the command line and the bot all see the same reading of a message. Start at ``nlu.understand.pipeline``.
"""
