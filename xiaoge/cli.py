"""The command line's table of contents."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated

import typer

from xiaoge import backend_cli, duplicates_cli, figures_cli, knowledge_cli, places_cli
from xiaoge.failing import fail

app = typer.Typer(
    help="小格 Xiaoge: conversational intake for grid matters. Each command's --help says enough to work from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
tickets = typer.Typer(help="Look at tickets and move them along.", no_args_is_help=True)
handovers = typer.Typer(help="Conversations that wait for a person.", no_args_is_help=True)
model = typer.Typer(
    help="Trained models of language understanding: list them, go back to an earlier one.", no_args_is_help=True
)
app.add_typer(db, name="db")
app.add_typer(model, name="model")
app.add_typer(handovers, name="handovers")
app.add_typer(tickets, name="tickets")
app.add_typer(backend_cli.audit, name="audit")
app.add_typer(backend_cli.catalogue, name="catalogue")
app.add_typer(backend_cli.emergency, name="emergency")
app.add_typer(backend_cli.keys, name="keys")
app.add_typer(places_cli.app, name="places")
app.add_typer(figures_cli.app, name="figures")
app.add_typer(duplicates_cli.app, name="duplicates")
app.add_typer(knowledge_cli.app, name="kb")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(installed("xiaoge"))


@app.command()
def up() -> None:
    """Serve: the engine, the action server, the web app and the worker, until Ctrl-C.

    Brings the database up to date first and loads the sample city into an empty one. Settings come from the
    environment (XIAOGE_...) or .env; see docs/settings.md. Logs are in var/logs.
    """
    from xiaoge.serve import serve

    raise typer.Exit(serve())


@app.command()
def train(
    city: Annotated[Path | None, typer.Option(help="Folder with the city's CSV files, for its place names.")] = None,
    ship: Annotated[
        bool,
        typer.Option("--ship", help="For maintainers: also write nlu/data/vectors.npz, which comes with the corpus."),
    ] = False,
) -> None:
    """Train language understanding on the written corpus (nlu/data). One to three minutes."""
    from xiaoge.training import train_model

    train_model(city, ship)


@app.command()
def classify(
    file: Annotated[
        Path | None, typer.Argument(help='JSONL with {"id","text"} a line; default: standard input.')
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write; default: standard output.")] = None,
) -> None:
    """Classify messages, JSONL in, JSONL out. Needs no server.

    Each line out has id, intent, category, type, confidence (of the category), candidates (likeliest first), also,
    why (the words that spoke for the first candidate against the second), urgent, entities. A bad line is reported with its number on standard error, the rest go on, and the exit status is 1.
    """
    from xiaoge.classify import classify_lines

    raise typer.Exit(classify_lines(file, out))


@app.command()
def ask(
    question: Annotated[
        str | None, typer.Argument(help="A legal question; left out: asks for one after the other.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--in", help='JSONL with {"id","question"} a line instead; "-": standard input.')
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write JSONL; default: standard output.")] = None,
) -> None:
    """Answer a legal question from the knowledge base. Needs no server.

    With --in each line out has id, answered (false: nothing in the knowledge base is trusted to answer it), sure (0 to 1), and entries, likeliest
    first, each with id, title, score and the statutes it rests on. A bad line is reported with its number on standard error, the rest
    go on, and the exit status is 1.
    """
    import sys

    from xiaoge.asking import ask_lines, ask_on, ask_once

    piped = question is None and not sys.stdin.isatty()
    if file or piped:
        raise typer.Exit(ask_lines(None if file is None or str(file) == "-" else file, out))
    if question and Path(question).suffix == ".jsonl":
        raise typer.Exit(ask_lines(Path(question), out))
    raise typer.Exit(ask_once(question) if question else ask_on())


@app.command()
def evaluate(
    file: Annotated[
        Path,
        typer.Argument(
            help='Labelled messages: JSONL or YAML with {"text","category","type",...}, or a folder of signals; '
            "see docs/understanding.md."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for report.json and the pictures.")] = None,
    title_only: Annotated[bool, typer.Option("--title-only", help="Read only the titles of the messages.")] = False,
    variants: Annotated[
        bool, typer.Option("--variants", help="Also: does the label stay under full width, Traditional, emoji, typos?")
    ] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Only the main figures.")] = False,
) -> None:
    """Measure understanding on labelled messages: accuracy, calibration, doubt, urgency, entities.

    Mistakes in the file are listed with file and line, and nothing is measured then.
    """
    from xiaoge.evaluation import evaluate_file

    raise typer.Exit(evaluate_file(file, out, title_only, variants, brief))


@app.command()
def learn(
    city: Annotated[Path | None, typer.Option(help="Folder with the city's CSV files, for its place names.")] = None,
    allow: Annotated[float, typer.Option(help="How much worse a figure may get, e.g. 0.005.", min=0, max=0.1)] = 0.0,
    keep: Annotated[int, typer.Option(help="How many models to keep on disk.", min=2)] = 10,
) -> None:
    """Train with the corrections operators made to tickets; serve the new model only if it is no worse.

    It is judged on the frozen regression sets in nlu/held_out, and says what changed there. Exits with status 1 when
    the new model was not promoted.
    """
    from xiaoge.learning import learn as run

    raise typer.Exit(run(city, allow, keep))


@model.command("list")
def model_list() -> None:
    """List the models on disk, newest first, with their scores."""
    from xiaoge.models import print_models

    print_models()


@model.command("use")
def model_use(identity: Annotated[str, typer.Argument(help="A model's id, or the first letters of it.")]) -> None:
    """Serve with another model from the next start on."""
    from xiaoge.models import use_model

    raise typer.Exit(use_model(identity))


@app.command(
    "outward",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
)
def outward(context: typer.Context) -> None:
    """Webhooks and platforms above: subscribers, what could not be delivered, exchanging tickets. See 'outward --help'."""
    from cases.outward.__main__ import main as outward_main
    from common.logs import configure

    configure("outward")
    raise typer.Exit(outward_main(context.args or ["--help"]))


@app.command()
def chat() -> None:
    """Talk with the assistant in the terminal, against the running stack ('xiaoge up' in another window)."""
    from xiaoge.terminal import chat_loop

    raise typer.Exit(chat_loop())


@app.command()
def demo() -> None:
    """Start a throw-away stack, play a resident over the WeChat endpoint, print conversation and ticket.

    Exits with status 1 if no ticket came out.
    """
    from xiaoge.demo import play

    raise typer.Exit(play())


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help='JSONL with {"id","title","text","category"} a line.')],
    limit: Annotated[int | None, typer.Option(help="Only the first so many messages.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the figures and every conversation as JSON.")] = None,
) -> None:
    """Send real messages through the WeChat endpoint in AES mode and print how they fared.

    Each message comes from a new resident with a partner that answers the follow-up questions. A throw-away stack
    is started for it. Exits with status 1 if one of them ended neither in a ticket nor with a person.
    """
    from xiaoge.replay import replay_file

    raise typer.Exit(replay_file(file, limit, report))


@app.command("telegram-poll")
def telegram_poll() -> None:
    """Fetch Telegram messages by polling, for a trial without a public address. Runs beside 'xiaoge up' until Ctrl-C.

    Needs XIAOGE_TELEGRAM_TOKEN. Turns a webhook off that may be set.
    """
    import asyncio

    from bot.channels.telegram import Telegram
    from bot.polling import poll
    from common.logs import configure
    from common.settings import settings

    if not settings().telegram_token.get_secret_value():
        raise fail("XIAOGE_TELEGRAM_TOKEN is not set: get one from @BotFather and put it into .env")
    configure("telegram-poll")
    asyncio.run(poll(Telegram(settings())))


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database (XIAOGE_DATABASE_URL, default SQLite in var/) to the newest schema."""
    from common.db import upgrade
    from common.settings import settings

    upgrade()
    typer.echo(f"up to date: {settings().database.split('@')[-1]}")


@db.command("load-city")
def db_load_city(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder with areas, places, units, workers .csv; default: the sample city.")
    ] = None,
) -> None:
    """Load a city's areas, places, units and grid workers. With a mistake in a file nothing is changed."""
    from cases import city
    from common.db import transaction, upgrade

    upgrade()
    try:
        with transaction() as session:
            counts = city.load(session, folder or city.SAMPLE)
    except city.CityError as error:
        raise fail(str(error)) from None
    typer.echo("loaded: " + ", ".join(f"{n} {k}" for k, n in counts.items()))


@tickets.command("list")
def tickets_list(
    status: Annotated[str | None, typer.Option(help="Only tickets in this state.")] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="Only urgent ones.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many, newest first.")] = 20,
) -> None:
    """List tickets, newest first."""
    from xiaoge.ticketing import print_list

    print_list(status, urgent or None, limit)


@tickets.command("show")
def tickets_show(number: Annotated[str, typer.Argument(help="Ticket number, in any spelling.")]) -> None:
    """Show a ticket with its history."""
    from xiaoge.ticketing import print_ticket

    raise typer.Exit(print_ticket(number))


@tickets.command("act")
def tickets_act(
    number: Annotated[str, typer.Argument(help="Ticket number, in any spelling.")],
    action: Annotated[
        str,
        typer.Argument(
            help="dispatch, accept, feedback, suspend, resume, return, finish, redo, verify, reopen, withdraw, refuse ..."
        ),
    ],
    role: Annotated[str, typer.Option(help="operator, worker, department, supervisor or resident")] = "operator",
    actor: Annotated[str | None, typer.Option(help="Who you are, for the history.")] = None,
    note: Annotated[str | None, typer.Option(help="Reason or result; owed for return, finish, redo, refuse.")] = None,
    unit: Annotated[
        str | None, typer.Option(help="Code of the unit to dispatch to; default: the one it is with.")
    ] = None,
) -> None:
    """Move a ticket along its workflow; the resident is told."""
    from xiaoge.ticketing import act_on

    raise typer.Exit(act_on(number, action, role, actor, note, unit))


@tickets.command("evaluate")
def tickets_evaluate(
    number: Annotated[str, typer.Argument(help="Ticket number, in any spelling.")],
    score: Annotated[str, typer.Argument(help="satisfied, fair or unsatisfied")],
    reason: Annotated[str | None, typer.Option(help="Why; owed when unsatisfied.")] = None,
    actor: Annotated[str | None, typer.Option(help="Who you are, for the history.")] = None,
) -> None:
    """Take down what a resident said of the outcome on the phone. An unsatisfied one reopens the ticket."""
    from xiaoge.ticketing import evaluate

    raise typer.Exit(evaluate(number, score, reason, actor))


@tickets.command("merge")
def tickets_merge(
    number: Annotated[str, typer.Argument(help="The ticket that ends.")],
    into: Annotated[str, typer.Argument(help="The ticket that is handled.")],
    actor: Annotated[str | None, typer.Option(help="Who you are, for the history.")] = None,
) -> None:
    """Merge two reports of one matter; both residents hear the outcome."""
    from xiaoge.ticketing import merge

    raise typer.Exit(merge(number, into, actor))


@tickets.command("correct")
def tickets_correct(
    number: Annotated[str, typer.Argument(help="Ticket number, in any spelling.")],
    type_: Annotated[
        str, typer.Argument(metavar="TYPE", help="Code of the right matter type, e.g. environment.noise.")
    ],
    urgent: Annotated[
        bool | None, typer.Option("--urgent/--not-urgent", help="The right urgency; default: leave it.")
    ] = None,
    role: Annotated[str, typer.Option(help="operator, worker, department or supervisor")] = "operator",
    actor: Annotated[str | None, typer.Option(help="Who you are, for the history.")] = None,
) -> None:
    """Say what a ticket's matter really is. It goes to the right unit, and 'xiaoge learn' learns from it."""
    from xiaoge.ticketing import correct

    raise typer.Exit(correct(number, type_, urgent, role, actor))


@handovers.command("list")
def handovers_list() -> None:
    """List them, longest waiting first: conversation, since when, what it is about, the resident's last words."""
    from xiaoge.ticketing import print_handovers

    print_handovers()


@handovers.command("reply")
def handovers_reply(
    conversation: Annotated[str, typer.Argument(help="Its id, or the first letters of it.")],
    text: Annotated[str, typer.Argument(help="What the resident is told.")],
) -> None:
    """Write to the resident. The assistant stays silent until 'xiaoge handovers done'."""
    from bot import handover
    from common.db import transaction

    try:
        with transaction() as session:
            handover.reply(session, conversation, text)
    except (handover.NoConversationError, ValueError) as error:
        raise fail(str(error)) from None
    typer.echo("queued; it goes out by the resident's channel")


@handovers.command("done")
def handovers_done(conversation: Annotated[str, typer.Argument(help="Its id, or the first letters of it.")]) -> None:
    """Hand a conversation back to the assistant."""
    from bot import handover
    from common.db import transaction

    try:
        with transaction() as session:
            handover.hand_back(session, conversation)
    except handover.NoConversationError as error:
        raise fail(str(error)) from None
    typer.echo("handed back")


def main() -> None:
    """Entry point."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
