"""Train stock Rasa and this pipeline on the same corpus, test both on the same labelled file, print a table.

.venv/bin/python benchmarks/understanding/run.py FILE [--epochs 30] [--longest 150] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import measured
import yaml

from nlu import corpus
from nlu.measure import labelled
from nlu.taxonomy import taxonomy
from nlu.text.normalise import for_model

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ROWS = (
    ("category, first guess right", "top1", "{:.3f}"),
    ("category, in the first three", "top3", "{:.3f}"),
    ("training, seconds", "train_seconds", "{:.0f}"),
    ("a message, median ms", "median_ms", "{:.1f}"),
    ("a message, 99th percentile ms", "p99_ms", "{:.1f}"),
    ("peak memory, MB", "megabytes", "{:.0f}"),
)


def _examples(longest: int) -> dict[str, list[str]]:
    """The corpus by category; messages that are no matter by their intent."""
    found: dict[str, list[str]] = {}
    for utterance in measured.no_longer_than(longest, corpus.load(taxonomy())):
        name = utterance.category if utterance.type else utterance.intent
        found.setdefault(name, []).extend(for_model(view) for view in utterance.views)
    return found


def prepare(folder: Path, file: Path, epochs: int, longest: int) -> int:
    """Write both sides' input. Returns how many messages are read."""
    nlu = [
        {"intent": name, "examples": "".join(f"- {text}\n" for text in texts)}
        for name, texts in _examples(longest).items()
    ]
    (folder / "nlu.yml").write_text(
        yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True, width=10**6), encoding="utf-8"
    )
    config = yaml.safe_load((HERE / "stock_rasa.yml").read_text(encoding="utf-8"))
    config["pipeline"][-1]["epochs"] = epochs
    (folder / "config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    messages = [{"text": m.whole, "category": m.category} for m in labelled.read(file, taxonomy())]
    (folder / "messages.json").write_text(json.dumps(messages, ensure_ascii=False), encoding="utf-8")
    return len(messages)


def table(rasa: dict[str, Any], own: dict[str, Any]) -> str:
    """Both sides' figures as a Markdown table; the last column is this pipeline's over stock Rasa's."""
    lines = ["| | stock Rasa | 小格 | ratio |", "|---|---:|---:|---:|"]
    for name, key, form in ROWS:
        lines.append(f"| {name} | {form.format(rasa[key])} | {form.format(own[key])} | {own[key] / rasa[key]:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="labelled messages, JSONL or YAML")
    parser.add_argument("--epochs", type=int, default=30, help="passes of stock Rasa's classifier (default 30)")
    parser.add_argument(
        "--longest",
        type=int,
        default=150,
        help="characters of the longest messages both learn from; 0: all (stock Rasa then takes hours; default 150)",
    )
    parser.add_argument("--keep", type=Path, help="folder to work in and keep; default: a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            count = prepare(folder, arguments.file, arguments.epochs, arguments.longest)
        except (labelled.LabelledError, corpus.CorpusError) as error:
            sys.exit(str(error))
        quiet = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
        for python, script in (("engine/.venv", "stock_rasa.py"), (".venv", "own.py")):
            print(f"{script}: training and reading {count} messages ...", file=sys.stderr)
            command = [ROOT / python / "bin/python", HERE / script, folder, str(arguments.longest)]
            subprocess.run(command, env=quiet, cwd=ROOT, check=True)
        figures = [json.loads((folder / name).read_text()) for name in ("rasa.json", "own.json")]
    print(
        f"{count} messages; stock Rasa trained for {arguments.epochs} epochs; "
        f"messages learnt from: {f'up to {arguments.longest} characters' if arguments.longest else 'all'}\n"
    )
    print(table(*figures))


if __name__ == "__main__":
    main()
