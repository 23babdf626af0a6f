"""Tables of the case backend."""

from cases.model.areas import LEVELS, Address, Area, CatalogueRow, Place, Unit, Worker
from cases.model.handling import AuditLine, Emergency, Extension, HistorySeal, Whistle, WhistleCall
from cases.model.outside import ApiKey, Delivery, IdempotentRequest, UpstreamLink, Webhook
from cases.model.tickets import (
    DuplicateSuggestion,
    Evaluation,
    Ticket,
    TicketAttachment,
    TicketCorrection,
    TicketEvent,
    TicketMeaning,
    TicketSequence,
)

__all__ = [
    "LEVELS",
    "Address",
    "ApiKey",
    "Area",
    "AuditLine",
    "CatalogueRow",
    "Delivery",
    "DuplicateSuggestion",
    "Emergency",
    "Evaluation",
    "Extension",
    "HistorySeal",
    "IdempotentRequest",
    "Place",
    "Ticket",
    "TicketAttachment",
    "TicketCorrection",
    "TicketEvent",
    "TicketMeaning",
    "TicketSequence",
    "Unit",
    "UpstreamLink",
    "Webhook",
    "Whistle",
    "WhistleCall",
    "Worker",
]
