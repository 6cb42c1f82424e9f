"""The command `whence`. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import typer

from ..engine.limits.threads import PATIENCE
from . import (
    audit,
    bench,
    datasets,
    explain,
    generate,
    info,
    jobs,
    models,
    panel,
    selftest,
    taking,
    variants,
    workbench,
)
from .life import check, compare, compress, taught, train
from .server import config, db, keys, log, serve, worker
from .terminal.trouble import INTERRUPTED, PIPE_CLOSED, USAGE, message_of

application = typer.Typer(
    name="whence",
    help="See where a prediction comes from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
application.command()(serve.serve)
application.command()(worker.worker)
application.command()(explain.explain)
application.command()(panel.panel)
application.command()(explain.predict)
application.command()(generate.generate)
application.add_typer(models.application, name="models")
application.add_typer(jobs.application, name="jobs")
datasets.application.command()(workbench.slices)
datasets.application.command()(workbench.issues)
datasets.application.command()(variants.variants)
datasets.application.command()(taking.report)
datasets.application.command()(taking.search)
application.add_typer(datasets.application, name="datasets")
application.add_typer(keys.application, name="keys")
application.command()(log.log)
application.command()(config.config)
application.add_typer(db.application, name="db")
application.add_typer(audit.application, name="audit")
application.command()(info.methods)
application.command()(train.train)
application.command()(taught.taught)
application.command()(compress.compress)
application.command()(compare.compare)
application.command()(check.check)
application.command()(selftest.selftest)
application.command()(bench.bench)
application.command()(info.version)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits: 0 done, 1 some rows failed, 2 a mistake in one line on stderr, 130 interrupted."""
    _set_up()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # JSON is UTF-8 whatever the terminal's settings say
    try:
        code = application(arguments, prog_name="whence", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # `whence … | head`: the reader has enough. Python flushes stdout once more at exit, into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = PIPE_CLOSED
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        if (message := message_of(error)) is None:
            raise
        print(f"whence: {message}", file=sys.stderr)
        code = USAGE
    sys.exit(code if isinstance(code, int) else 0)


def _set_up() -> None:
    """Libraries neither talk nor call home: what a command prints is its answer. Their threads sleep soon."""
    for name, value in (
        *PATIENCE.items(),
        ("HF_HUB_OFFLINE", "1"),
        ("HF_HUB_DISABLE_PROGRESS_BARS", "1"),
        ("TRANSFORMERS_VERBOSITY", "error"),
        ("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1"),
        ("TOKENIZERS_PARALLELISM", "false"),
    ):
        os.environ.setdefault(name, value)
