"""Papers: what a guided interview ends in, printed large, with the draft to take along."""
