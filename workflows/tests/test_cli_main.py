"""`ons` answers help at once, an expected error in one line, and each with its own exit code."""

import io
import shlex
import subprocess
import sys

import pytest
import typer

from workflows.cli import main
from workflows.cli.app import app

COMMANDS = typer.main.get_command(app).commands


def ons(*argv, home=None, environ=None):
    out, err = io.StringIO(), io.StringIO()
    told = {"ONS_HOME": str(home)} if home else {}
    code = main(list(argv), {**told, **(environ or {})}, out=out, err=err)
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_a_help_with_an_example_that_it_understands(name):
    command = COMMANDS[name]
    example = shlex.split(command.epilog.partition("\n")[0].removeprefix("Example: "))

    assert len(command.help) > 20
    assert example[:2] == ["ons", name]
    command.make_context(name, example[2:])


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_is_explained(name):
    assert [p.name for p in COMMANDS[name].params if not p.help and p.name != "help"] == []


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["run"], "Missing argument 'PATH'."),
        (["bogus"], "No such command 'bogus'."),
        (["datasets", "--bogus"], "No such option: --bogus"),
        (["run", "nowhere.csv"], "nowhere.csv does not exist"),
        (["dataset", "carga-enrgia"], "there is no dataset 'carga-enrgia'"),
        (["executions", "--status", "DONE"], "--status DONE: expected one of RUNNING"),
        (["query", "SELECT 1; SELECT 2"], "expected exactly one SELECT, got 2 statements"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(tmp_path, argv, said):
    code, out, err = ons(*argv, home=tmp_path / "home")

    assert (code, out) == (2, "")
    assert err.startswith(f"error: {said}")
    assert err.count("\n") == 1


def test_a_wrong_setting_is_named_before_anything_is_made(tmp_path):
    code, out, err = ons("datasets", home=tmp_path / "home", environ={"ONS_WORKERS": "none"})

    assert (code, out) == (2, "")
    assert err == "error: ONS_WORKERS: expected a whole number, 1 or more, got 'none'\n"
    assert not (tmp_path / "home").exists()


def test_without_a_command_the_help_is_shown_as_an_error():
    code, out, err = ons()

    assert (code, out) == (2, "")
    assert "Usage: ons" in err


def test_home_may_stand_before_or_behind_the_command(tmp_path):
    for argv in (
        ["--home", str(tmp_path / "a"), "datasets"],
        ["datasets", "--home", str(tmp_path / "b")],
        ["datasets", f"--home={tmp_path / 'c'}"],
    ):
        assert ons(*argv, home=tmp_path / "never")[0] == 0

    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "c"]


def test_the_help_needs_nothing_heavy():
    code = (
        "import sys; from workflows.cli import main; main(['--help']);"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "Usage: ons" in done.stdout
    heavy = {"duckdb", "tantivy", "rich.console", "yaml", "jsonschema", "sqlite3", "stepfunctions"}
    assert heavy & set(done.stderr.split()) == set()


def test_what_the_terminals_encoding_lacks_is_escaped(tmp_path):
    command = [sys.executable, "-c", "from workflows.cli import main; raise SystemExit(main())"]
    done = subprocess.run(
        [*command, "--home", str(tmp_path / "h"), "query", "SELECT 'São → Jo\udce3o'"],
        capture_output=True, check=False, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, b"error: the query is not valid text\n")

    done = subprocess.run(
        [*command, "--home", str(tmp_path / "h"), "query", "SELECT 'São → João' AS a"],
        capture_output=True, check=True, env={"PYTHONIOENCODING": "latin-1", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.stdout.decode("latin-1").split("\n")[2] == "São \\u2192 João"


def test_a_reader_that_goes_away_is_no_error_of_ours(tmp_path):
    command = f"{sys.executable} -c 'from workflows.cli import main; raise SystemExit(main())'"
    line = f"{command} query 'FROM range(1000000)' --format csv --home {tmp_path / 'h'} | head -2"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("range\n0\n", "")
