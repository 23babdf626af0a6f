"""Entities good enough to file by: places, times, phones, people, ticket numbers, organisations, money."""
