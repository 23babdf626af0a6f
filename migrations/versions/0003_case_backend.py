"""the case backend: clock, catalogue, whistles, extensions, evaluations, emergencies, hash-chained history, API"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

from common.db import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = [
    "audit_line",
    "history_seal",
    "webhook",
    "address",
    "api_key",
    "catalogue",
    "emergency",
    "idempotent_request",
    "duplicate_suggestion",
    "evaluation",
    "extension",
    "ticket_meaning",
    "upstream_link",
    "whistle",
    "delivery",
    "whistle_call",
]


def _ticket_columns() -> list[sa.Column]:
    return [
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("mediation", sa.String(length=16), nullable=True),
        sa.Column("emergency", sa.Integer(), nullable=True),
        sa.Column("risk", sa.String(length=8), nullable=False, server_default="green"),
        sa.Column("risk_reasons", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("visit_due", UTCDateTime(), nullable=True),
        sa.Column("place_sure", sa.Float(), nullable=True),
        sa.Column("address", sa.Integer(), nullable=True),
        sa.Column("county", sa.String(length=32), nullable=True),
        sa.Column("street", sa.String(length=32), nullable=True),
        sa.Column("community", sa.String(length=32), nullable=True),
        sa.Column("helpers", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("level", sa.String(length=16), nullable=False, server_default="community"),
        sa.Column("supervised", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("verify_due", UTCDateTime(), nullable=True),
        sa.Column("verified_at", UTCDateTime(), nullable=True),
        sa.Column("feedback_due", UTCDateTime(), nullable=True),
        sa.Column("feedback_at", UTCDateTime(), nullable=True),
        sa.Column("close_due", UTCDateTime(), nullable=True),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("suspended_at", UTCDateTime(), nullable=True),
        sa.Column("next_due", UTCDateTime(), nullable=True),
        sa.Column("warned", sa.String(length=16), nullable=True),
        sa.Column("overdue", sa.String(length=16), nullable=True),
        sa.Column("extensions", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("returns", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("reopenings", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("score", sa.String(length=16), nullable=True),
        sa.Column("events_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("head", sa.String(length=64), nullable=False, server_default=""),
    ]


INDEXES = [
    "ix_ticket_closed_at",
    "ix_ticket_community_due",
    "ix_ticket_community_rest",
    "ix_ticket_due",
    "ix_ticket_grid_due",
    "ix_ticket_grid_rest",
    "ix_ticket_merged_into",
    "ix_ticket_phone",
    "ix_ticket_status_id",
    "ix_ticket_street_due",
    "ix_ticket_street_rest",
    "ix_ticket_type_grid_created",
    "ix_ticket_unit_due",
    "ix_ticket_unit_rest",
    "ix_ticket_visit_due",
    "ix_ticket_updated_at",
    "ix_ticket_verify_due",
    "ix_ticket_feedback_due",
    "ix_ticket_close_due",
]
OLD_INDEXES = ("category", "grid", "status", "unit", "urgent")
APPEND_ONLY = ("ticket_event", "audit_line")


def upgrade() -> None:
    _new_tables()
    op.add_column("conversation", sa.Column("evaluating", sa.JSON(), nullable=True))
    op.add_column("area", sa.Column("shape", sa.JSON(), nullable=True))
    for name in OLD_INDEXES:
        op.drop_index(f"ix_ticket_{name}", table_name="ticket")
    with op.batch_alter_table("ticket") as batch_op:
        for column in _ticket_columns():
            batch_op.add_column(column)
        batch_op.create_foreign_key("fk_ticket_merged_into", "ticket", ["merged_into"], ["id"])
        batch_op.create_foreign_key("fk_ticket_emergency", "emergency", ["emergency"], ["id"])
    for of in ([], ["unit"], ["street"], ["community"], ["grid"]):
        name = "_".join(["ix_ticket", *of])
        owed, rest = sa.text("next_due IS NOT NULL"), sa.text("next_due IS NULL")
        due = [*of, "next_due", "id"]
        op.create_index(f"{name}_due", "ticket", due, postgresql_where=owed, sqlite_where=owed)
        if of:
            op.create_index(f"{name}_rest", "ticket", [*of, "status", "id"], postgresql_where=rest, sqlite_where=rest)
    op.create_index("ix_ticket_status_id", "ticket", ["status", "id"])
    op.create_index("ix_ticket_type_grid_created", "ticket", ["type", "grid", "created_at"])
    for column in ("updated_at", "verify_due", "feedback_due", "close_due"):
        op.create_index(f"ix_ticket_{column}", "ticket", [column])
    for column in ("closed_at", "merged_into", "phone", "visit_due"):
        known = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_ticket_{column}", "ticket", [column], postgresql_where=known, sqlite_where=known)
    op.drop_index("ix_ticket_event_ticket_id", table_name="ticket_event")
    with op.batch_alter_table("ticket_event") as batch_op:
        batch_op.add_column(sa.Column("seq", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("unit", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("data", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("hash", sa.String(length=64), nullable=True))
    _chain()
    with op.batch_alter_table("ticket_event") as batch_op:
        batch_op.alter_column("seq", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("hash", existing_type=sa.String(length=64), nullable=False)
        batch_op.create_unique_constraint("uq_ticket_event_seq", ["ticket_id", "seq"])
    op.create_index("ix_ticket_event_at_action", "ticket_event", ["at", "action"])
    with op.batch_alter_table("unit") as batch_op:
        batch_op.drop_column("handles")
    _areas()
    for table in APPEND_ONLY:
        _seal(table)


def downgrade() -> None:
    for table in APPEND_ONLY:
        _unseal(table)
    with op.batch_alter_table("unit") as batch_op:
        batch_op.add_column(sa.Column("handles", sa.JSON(), nullable=False, server_default="[]"))
    _handles()
    op.drop_index("ix_ticket_event_at_action", table_name="ticket_event")
    with op.batch_alter_table("ticket_event") as batch_op:
        batch_op.drop_constraint("uq_ticket_event_seq", type_="unique")
        for name in ("seq", "unit", "data", "hash"):
            batch_op.drop_column(name)
    op.create_index("ix_ticket_event_ticket_id", "ticket_event", ["ticket_id"])
    op.execute("UPDATE ticket_event SET action = 'redo' WHERE action = 'reopen' AND before = 'evaluating'")
    # States the version before does not know: what comes nearest there, in the histories too.
    for table, column in (("ticket", "status"), ("ticket_event", "before"), ("ticket_event", "after")):
        op.execute(f"UPDATE {table} SET {column} = 'handling' WHERE {column} IN ('suspended', 'contested')")
        op.execute(f"UPDATE {table} SET {column} = 'registered' WHERE {column} = 'collected'")
        op.execute(f"UPDATE {table} SET {column} = 'closed' WHERE {column} = 'merged'")
    for name in INDEXES:
        op.drop_index(name, table_name="ticket")
    with op.batch_alter_table("ticket") as batch_op:
        batch_op.drop_constraint("fk_ticket_merged_into", type_="foreignkey")
        batch_op.drop_constraint("fk_ticket_emergency", type_="foreignkey")
        for column in _ticket_columns():
            batch_op.drop_column(column.name)
    for name in OLD_INDEXES:
        op.create_index(f"ix_ticket_{name}", "ticket", [name])
    with op.batch_alter_table("area") as batch_op:
        batch_op.drop_column("shape")
    with op.batch_alter_table("conversation") as batch_op:
        batch_op.drop_column("evaluating")
    for table in reversed(TABLES):
        op.drop_table(table)


def _chain() -> None:
    """Number the lines of each ticket's history and chain their hashes, as cases/history.py does from now on."""
    connection = op.get_bind()
    # A bad evaluation used to be called redo, like a failed verification.
    connection.execute(
        sa.text("UPDATE ticket_event SET action = 'reopen' WHERE action = 'redo' AND before = 'evaluating'")
    )
    event = sa.table(
        "ticket_event",
        *(sa.column(n, _TYPES.get(n)) for n in _EVENT),
    )
    ticket = sa.table("ticket", *(sa.column(n, _TYPES.get(n)) for n in _FOUND))
    numbers = dict(connection.execute(sa.select(ticket.c.id, ticket.c.number)).all())
    ends: dict[int, tuple[int, str]] = {}
    found: dict[int, dict[str, object]] = {}
    rows = connection.execute(sa.select(event).order_by(event.c.ticket_id, event.c.id)).mappings().all()
    for row in rows:
        seq, before = ends.get(row["ticket_id"], (0, numbers[row["ticket_id"]]))
        line = {
            "seq": seq + 1,
            "at": row["at"].isoformat(timespec="microseconds"),
            **{k: row[k] for k in ("role", "actor", "action", "before", "after", "note")},
            "unit": None,
            "data": EARLIER,
        }
        text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()
        connection.execute(event.update().where(event.c.id == row["id"]).values(seq=seq + 1, hash=digest, data=EARLIER))
        ends[row["ticket_id"]] = (seq + 1, digest)
        _learn(found.setdefault(row["ticket_id"], {"reopenings": 0, "returns": 0}), row)
    for identity, (count, head) in ends.items():
        values = {"events_count": count, "head": head, **found[identity]}
        connection.execute(ticket.update().where(ticket.c.id == identity).values(**values))


# Marks a line written before the workflow was one table: by the rules of then, which allowed some things more.
EARLIER = {"earlier": True}
_EVENT = ("id", "ticket_id", "at", "role", "actor", "action", "before", "after", "note", "seq", "hash", "data")
_MOMENTS = ("verified_at", "feedback_at", "finished_at", "closed_at")
_FOUND = ("id", "number", "events_count", "head", "reopenings", "returns", *_MOMENTS)
_TYPES = {"at": UTCDateTime(), "data": sa.JSON(), **dict.fromkeys(_MOMENTS, UTCDateTime())}


def _learn(known, line) -> None:
    """What a line of its history says of a ticket's clock."""
    action, at = line["action"], line["at"]
    if action in ("accept", "finish"):
        known.setdefault("verified_at", at)
    if action == "finish":
        known.setdefault("feedback_at", at)
        known["finished_at"] = at
    if line["after"] in ("registered", "dispatched", "handling"):
        known["finished_at"] = None
    if line["after"] != line["before"]:
        known["closed_at"] = at if line["after"] == "closed" else None
    known["reopenings"] += action == "reopen"
    known["returns"] += action == "return"


def _handles() -> None:
    """The matter types each unit handles, which the version before dispatches by, from the catalogue."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT unit.code, catalogue.type FROM catalogue JOIN unit ON unit.code = catalogue.unit "
            "WHERE catalogue.area = COALESCE(unit.area, '') ORDER BY catalogue.type"
        )
    ).all()
    handled: dict[str, list[str]] = {}
    for code, type_ in rows:
        handled.setdefault(code, []).append(type_)
    unit = sa.table("unit", sa.column("code"), sa.column("handles", sa.JSON()))
    for code, types in handled.items():
        connection.execute(unit.update().where(unit.c.code == code).values(handles=types))


def _areas() -> None:
    """Fill in the areas above each ticket's grid."""
    connection = op.get_bind()
    areas = {c: (p, level) for c, p, level in connection.execute(sa.text("SELECT code, parent, level FROM area"))}
    for grid in [g for (g,) in connection.execute(sa.text("SELECT DISTINCT grid FROM ticket WHERE grid IS NOT NULL"))]:
        above, code = {}, grid
        while code in areas:
            above[areas[code][1]] = code
            code = areas[code][0]
        connection.execute(
            sa.text("UPDATE ticket SET community = :community, street = :street, county = :county WHERE grid = :grid"),
            {"grid": grid, **{level: above.get(level) for level in ("community", "street", "county")}},
        )


def _seal(table: str) -> None:
    """Let the database itself refuse to change what is written."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '%: lines are only ever added', TG_TABLE_NAME; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table}: lines are only ever added'); END"
        )


def _unseal(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        return
    for what in ("update", "delete"):
        op.execute(f"DROP TRIGGER {table}_no_{what}")


def _new_tables() -> None:
    op.create_table(
        "audit_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "history_seal",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("secret", sa.String(length=100), nullable=False),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("grid", sa.String(length=32), nullable=False),
        sa.Column("estate", sa.String(length=100), nullable=False),
        sa.Column("road", sa.String(length=100), nullable=False),
        sa.Column("building", sa.String(length=20), nullable=False),
        sa.Column("stairwell", sa.String(length=20), nullable=False),
        sa.Column("door", sa.String(length=20), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lng", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grid"],
            ["area.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_address_estate", "address", ["estate", "building"])
    op.create_index("ix_address_grid", "address", ["grid"])
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=True),
        sa.Column("area", sa.String(length=32), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["area"],
            ["area.code"],
        ),
        sa.ForeignKeyConstraint(
            ["unit"],
            ["unit.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "catalogue",
        sa.Column("type", sa.String(length=48), nullable=False),
        sa.Column("area", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("helpers", sa.JSON(), nullable=False),
        sa.Column("standard", sa.String(length=500), nullable=False),
        sa.Column("verify_days", sa.Integer(), nullable=False),
        sa.Column("feedback_days", sa.Integer(), nullable=False),
        sa.Column("close_days", sa.Integer(), nullable=False),
        sa.Column("urgent_hours", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit"],
            ["unit.code"],
        ),
        sa.PrimaryKeyConstraint("type", "area"),
    )
    op.create_table(
        "emergency",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("matters", sa.JSON(), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=True),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("announced_by", sa.String(length=64), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit"],
            ["unit.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_emergency_until", "emergency", ["until"])
    op.create_table(
        "idempotent_request",
        sa.Column("api_key_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"],
            ["api_key.id"],
        ),
        sa.PrimaryKeyConstraint("api_key_id", "key"),
    )
    op.create_index("ix_idempotent_request_at", "idempotent_request", ["at"])
    op.create_table(
        "duplicate_suggestion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["other_id"],
            ["ticket.id"],
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ticket_id", "other_id"),
    )
    op.create_index("ix_duplicate_suggestion_other_id", "duplicate_suggestion", ["other_id"])
    op.create_index("ix_duplicate_suggestion_ticket_id", "duplicate_suggestion", ["ticket_id"])
    op.create_table(
        "evaluation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("score", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(length=64), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_evaluation_at", "evaluation", ["at"])
    op.create_index("ix_evaluation_ticket_id", "evaluation", ["ticket_id"])
    op.create_table(
        "extension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_extension_ticket_id", "extension", ["ticket_id"])
    op.create_table(
        "ticket_meaning",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("encoder", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.PrimaryKeyConstraint("ticket_id"),
    )
    op.create_table(
        "upstream_link",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("remote_id", sa.String(length=100), nullable=False),
        sa.Column("remote_status", sa.String(length=32), nullable=True),
        sa.Column("pushed_event", sa.Integer(), nullable=True),
        sa.Column("pulled_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.PrimaryKeyConstraint("ticket_id", "system"),
        sa.UniqueConstraint("system", "remote_id"),
    )
    op.create_table(
        "whistle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("called_by", sa.String(length=64), nullable=True),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_whistle_ended_at", "whistle", ["ended_at"])
    op.create_index("ix_whistle_ticket_id", "whistle", ["ticket_id"])
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", UTCDateTime(), nullable=False),
        sa.Column("delivered_at", UTCDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["ticket_event.id"],
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhook.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("webhook_id", "event_id"),
    )
    op.create_index("ix_delivery_order", "delivery", ["webhook_id", "ticket_id", "event_id"])
    op.create_index("ix_delivery_waiting", "delivery", ["state", "next_try"])
    op.create_table(
        "whistle_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("whistle_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("due", UTCDateTime(), nullable=False),
        sa.Column("checked_in_at", UTCDateTime(), nullable=True),
        sa.Column("checked_in_by", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("missed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit"],
            ["unit.code"],
        ),
        sa.ForeignKeyConstraint(
            ["whistle_id"],
            ["whistle.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_whistle_call_unit", "whistle_call", ["unit"])
    op.create_index("ix_whistle_call_whistle_id", "whistle_call", ["whistle_id"])
