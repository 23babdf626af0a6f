"""From a message to its reading: intent, category, matter type, urgency, entities."""
