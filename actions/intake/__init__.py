"""The intake: what is known of the matter, what an answer means, what to ask next. No Rasa, no database."""
