"""`ons redrive`: goes on with what failed, and says where that would be in vain."""

import io
from pathlib import Path

from tasks.adapters.embedded.clock import SystemClock, SystemJitter
from workflows.cli import main
from workflows.engine.engine import Engine

PASSES = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
FAILS = {"StartAt": "Broken", "States": {"Broken": {"Type": "Fail", "Error": "E"}}}


def ons(*argv, home):
    out, err = io.StringIO(), io.StringIO()
    code = main(list(argv), {"ONS_HOME": str(home)}, out=out, err=err)
    return code, out.getvalue(), err.getvalue()


def ended(home: Path, definition, *, stop=False) -> str:
    """An execution that was stopped, or failed, in a home that commands know."""
    assert ons("executions", home=home)[0] == 0
    engine = Engine(home, {"m": definition}, None, clock=SystemClock(), jitter=SystemJitter())
    id = engine.start("m", {"origin": "/in/a.csv"}, name="one")
    if stop:
        engine.stop(id)
    else:
        engine.run([id])
    engine.close()
    return id


def test_goes_on_with_what_was_stopped(tmp_path):
    ended(tmp_path, PASSES, stop=True)

    code, out, err = ons("redrive", "one", home=tmp_path)

    assert (code, out, err) == (0, "one SUCCEEDED\n", "")


def test_a_fail_state_is_not_entered_in_vain(tmp_path):
    ended(tmp_path, FAILS)

    code, out, err = ons("redrive", "one", home=tmp_path)

    assert (code, out) == (2, "")
    assert err == (
        "error: one ended in Broken, a Fail state: a redrive would enter it and fail again; "
        "run the file anew: ons run /in/a.csv\n"
    )


def test_what_cannot_be_redriven_is_refused_with_the_reason(tmp_path):
    done = ended(tmp_path, PASSES)

    code, out, err = ons("redrive", "one", home=tmp_path)

    assert (code, out) == (2, "")
    assert err == (
        f"error: {done} cannot be redriven: Execution is SUCCEEDED and cannot be redriven\n"
    )
