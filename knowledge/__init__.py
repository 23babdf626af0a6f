"""The place of curated legal knowledge. There is none yet: legal questions are referred to 12348 and the legal-aid desks."""
