"""The engine of a command works on the platform's own objects."""

import io

from workflows.cli.runtime import open_runtime
from workflows.cli.terminal import Terminal
from workflows.engine.context import execution_arn
from workflows.engine.definition import load
from workflows.engine.objects import BUCKET


def _machine():
    inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
             "StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}  # fmt: skip
    state = {
        "Type": "Map",
        "ItemProcessor": inner,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Parameters": {"Bucket": BUCKET, "Prefix": "in/"},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": BUCKET, "Prefix": "results"},
        },
        "End": True,
    }
    return load("lister", {"StartAt": "M", "States": {"M": state}})


def test_a_distributed_map_lists_what_is_stored_and_stores_its_results(tmp_path):
    terminal = Terminal(
        environ={"ONS_HOME": str(tmp_path / "home")}, out=io.StringIO(), err=io.StringIO()
    )
    with open_runtime(terminal) as runtime:
        runtime.platform.objects.put("in/a", b"1")
        runtime.platform.objects.put("in/b", b"22")
        id = runtime.engine.launch(_machine(), execution_arn("lister", "one"), "one", "{}")

        runtime.engine.run([id])

        (run,) = runtime.engine.map_runs(id)
        listed = [child.input for child in runtime.engine.children(run.arn)]
        written = runtime.engine.describe(id).output["ResultWriterDetails"]
        with runtime.platform.objects.open(written["Key"]) as manifest:
            assert run.arn.encode() in manifest.read()
    assert [(item["Key"], item["Size"]) for item in listed] == [("in/a", 1), ("in/b", 2)]
