"""Set the project up from a bare CPython 3.11+: uv, both environments, the trained models.

Standard library only, because it runs before anything is installed. Each step is skipped when the files
it depends on have not changed since it last succeeded (a stamp holds their hash), so a second run is quick.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APP_PYTHON = ROOT / ".venv/bin/python"
ENGINE = ROOT / "engine"
ENGINE_PYTHON = ENGINE / ".venv/bin/python"
LOCKS = (  # (input, output, python version)
    ("requirements/app.in", "requirements/app.txt", "3.11"),
    ("requirements/dev.in", "requirements/dev.txt", "3.11"),
    ("engine/requirements.in", "engine/requirements.txt", "3.10"),
)


def say(text: str) -> None:
    print(f"[setup] {text}", flush=True)


def fail(text: str) -> None:
    print(f"[setup] {text}", file=sys.stderr, flush=True)
    raise SystemExit(1)


def digest(*paths: Path, extra: str = "") -> str:
    """Hash of the contents of files and of whole folders, in a fixed order."""
    total = hashlib.sha256(extra.encode())
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" in file.parts:
                continue
            total.update(str(file.relative_to(ROOT)).encode())
            total.update(file.read_bytes())
    return total.hexdigest()


def run(args: list[str | Path], cwd: Path = ROOT, **env: str) -> None:
    # A pyenv shim that started this script pins its own version for children; the engine needs another one.
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYENV_VERSION", "PYENV_DIR")}
    subprocess.run([str(a) for a in args], cwd=cwd, check=True, env={**inherited, **env})


def find_uv() -> Path:
    """uv from the PATH, or one installed from PyPI into .tools/."""
    found = shutil.which("uv")
    if found:
        return Path(found)
    home = ROOT / ".tools/uv"
    uv = home / "bin/uv"
    if uv.exists():
        return uv
    say("installing uv into .tools/ ...")
    quiet = ["-q", "--disable-pip-version-check"]
    try:
        run([sys.executable, "-m", "venv", home])
        run([home / "bin/python", "-m", "pip", "install", *quiet, "uv"])
    except (subprocess.CalledProcessError, OSError):
        shutil.rmtree(home, ignore_errors=True)
        try:  # Debian without python3-venv may still have pip
            run([sys.executable, "-m", "pip", "install", *quiet, "--target", home, "uv"])
        except (subprocess.CalledProcessError, OSError):
            fail("could not install uv. Either install it (pip install uv) or, on Debian: apt-get install python3-venv")
    return uv


def stamped(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value


def app_environment(uv: Path, dev: bool) -> None:
    lock = ROOT / ("requirements/dev.txt" if dev else "requirements/app.txt")
    version = ".".join(map(str, sys.version_info[:3]))
    value = digest(lock, ROOT / "pyproject.toml", extra=version)
    stamp = ROOT / (".venv/.stamp-dev" if dev else ".venv/.stamp-app")
    if stamped(stamp, value):
        return
    if not APP_PYTHON.exists() or subprocess.run([APP_PYTHON, "-c", ""], check=False).returncode:
        run([uv, "venv", "-q", "--clear", "--python", sys.executable, ROOT / ".venv"])
    say(f"installing the app's libraries ({lock.name}) ...")
    run([uv, "pip", "install", "-q", "--compile-bytecode", "--require-hashes", "--python", APP_PYTHON, "-r", lock])
    run([uv, "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--python", APP_PYTHON, "-e", ROOT])
    if dev:  # the development lock holds everything of the app's
        (ROOT / ".venv/.stamp-app").write_text(
            digest(ROOT / "requirements/app.txt", ROOT / "pyproject.toml", extra=version)
        )
    stamp.write_text(value)


def engine_environment(uv: Path) -> None:
    lock = ENGINE / "requirements.txt"
    stamp = ENGINE / ".venv/.stamp"
    value = digest(lock)
    if stamped(stamp, value):
        return
    say("installing the dialogue engine (Rasa, about 3 GB unpacked, a few minutes the first time) ...")
    try:
        # From engine/, so that pyenv and uv read engine/.python-version.
        run([uv, "venv", "-q", "--clear", "--no-project", "--python", "3.10", ".venv"], cwd=ENGINE)
    except subprocess.CalledProcessError:
        fail(
            "the dialogue engine needs CPython 3.10 and none was found or could be fetched.\n"
            "        With pyenv: pyenv install 3.10    or put a python3.10 on the PATH, then run make again."
        )
    run(
        [uv, "pip", "install", "-q", "--compile-bytecode", "--require-hashes", "--python", ENGINE_PYTHON, "-r", lock],
        cwd=ENGINE,
    )
    stamp.write_text(value)


def understanding() -> None:
    """Train the language understanding when corpus, taxonomy or training code changed."""
    nlu = ROOT / "nlu"
    value = digest(
        nlu / "corpus.py",
        nlu / "signal_corpus.py",
        nlu / "data",
        nlu / "entities",
        nlu / "taxonomy",
        nlu / "text",
        nlu / "understand",
        ROOT / "requirements/app.txt",
        ROOT / "cases/sample_city",
    )
    stamp = ROOT / "models/.stamp-nlu"
    if stamped(stamp, value) and (ROOT / "models/nlu/current").exists():
        return
    say("training language understanding (one to three minutes) ...")
    run([APP_PYTHON, "-m", "xiaoge.cli", "train"])
    stamp.write_text(value)


def dialogue() -> None:
    """Train the Rasa rules when domain, rules, pipeline or components changed."""
    value = digest(ROOT / "config.yml", ROOT / "bot/dialogue", ROOT / "nlu/components", ENGINE / "requirements.txt")
    stamp = ROOT / "models/.stamp-dialogue"
    if stamped(stamp, value) and list((ROOT / "models/dialogue").glob("*.tar.gz")):
        return
    say("training the dialogue rules (about half a minute) ...")
    shutil.rmtree(ROOT / "models/dialogue", ignore_errors=True)
    command = (
        f"{ENGINE_PYTHON} -m rasa train --config config.yml --domain bot/dialogue/domain --data bot/dialogue/rules"
    )
    command += " --out models/dialogue --fixed-model-name dialogue"
    quiet = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
    done = subprocess.run(
        command.split(),
        cwd=ROOT,
        env={**os.environ, **quiet, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    if done.returncode or not (ROOT / "models/dialogue/dialogue.tar.gz").exists():
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
        fail("Rasa could not train on bot/dialogue; what it said is above.")
    stamp.write_text(value)


def lock(uv: Path) -> None:
    for source, target, version in LOCKS:
        say(f"locking {target} ...")
        args: list[str | Path] = [
            uv,
            "pip",
            "compile",
            "-q",
            "--upgrade",
            "--generate-hashes",
            "--no-emit-index-url",
            "--python-version",
            version,
            source,
            "-o",
            target,
        ]
        if version == "3.11":
            args.append("--universal")
        if target.endswith("dev.txt"):
            args += ["-c", "requirements/app.txt"]
        run(args, UV_CUSTOM_COMPILE_COMMAND="make lock")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    parser.add_argument("--lock", action="store_true", help="only refresh the lock files")
    options = parser.parse_args()
    started = time.monotonic()
    uv = find_uv()
    if options.lock:
        lock(uv)
        return
    try:
        app_environment(uv, options.dev)
        engine_environment(uv)
        (ROOT / "models").mkdir(exist_ok=True)
        understanding()
        dialogue()
    except subprocess.CalledProcessError as error:
        fail(
            f"this step failed (exit status {error.returncode}); what it printed is above. Running make again resumes here."
        )
    if time.monotonic() - started > 5:
        say(f"ready after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
