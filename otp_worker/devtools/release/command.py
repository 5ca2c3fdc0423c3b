"""``otp-worker release``: what is published of a version."""

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from otp_worker.devtools.release.build import release as build
from otp_worker.devtools.setup.bootstrap import Checkout

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to put it; it must not exist.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of words.")]
Commit = Annotated[str, typer.Option(help="What to build; what is not committed is never in it.")]


def release(folder: Folder, commit: Commit = "HEAD", json: Json = False) -> None:
    """Build wheel and source from a commit, twice, and refuse bytes that differ; with a bill of materials."""
    made = build(Checkout.ours().root, folder.absolute(), commit)
    lines = [f"{digest}  {name}" for name, digest in made.files.items()]
    said = "\n".join([f"commit {made.commit}", *lines, f"twine: {made.checked}"])
    typer.echo(json_module.dumps(asdict(made), indent=2) if json else said)
