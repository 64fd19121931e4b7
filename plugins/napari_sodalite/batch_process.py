"""A folder measured in a process of its own: ``python -m napari_sodalite.batch_process`` with an order on stdin.

The first line of stdin is the order, a JSON object; each line of stdout is an event, one too. When stdin closes, by a
cancel or because napari is gone, the run ends as after Ctrl-C: with the tables of what was measured.
"""

from __future__ import annotations

import _thread
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from sodalite.errors import RecipeError, SodaliteError


def main() -> int:
    """Run the order and return 0, or 1 when it ended early or with an error."""
    order = json.loads(sys.stdin.readline())
    # what a script starts in the background ignores Ctrl-C, and a cancel, which comes as one, would too
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_watch, daemon=True).start()
    try:
        _run(order)
    except KeyboardInterrupt:
        _tell(event="cancelled")
        return 1
    except SodaliteError as error:
        _tell(event="error", message=str(error))
        return 1
    return 0


def _run(order: dict[str, Any]) -> None:
    from sodalite.batch import Reading, Request, run_batch
    from sodalite.batch.resources import choose_limits
    from sodalite.batch.run import inputs_of
    from sodalite.recipe import recipe_model

    out = Path(order["out"])
    if not order["out"]:
        raise RecipeError("Results: no folder is named; choose where the results go.")
    recipe = recipe_model(order["kind"]).from_fields(order["recipe"])
    reading = Reading(order["pixel_size_um"])
    request = Request(recipe, order["inputs"], out, reading, figures=order["figures"], resume=order["resume"])
    _, inputs = inputs_of(request)
    _tell(event="inputs", inputs=[[item.image, str(item.source), str(out / item.folder)] for item in inputs])
    report = run_batch(request, choose_limits(order["workers"]), _listen)
    _tell(event="end", measured=len(report.measured), found=report.found)


def _listen(step: Any) -> None:
    failure = None if step.failure is None else step.failure.message
    _tell(event="image", done=step.done, total=step.total, image=step.image, kept=step.reused, failure=failure)


def _tell(**event: Any) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def _watch() -> None:
    """End the run when nobody listens any more."""
    sys.stdin.read()
    _thread.interrupt_main()


if __name__ == "__main__":
    sys.exit(main())
