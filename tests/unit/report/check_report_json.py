#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads JSON reports of the sample writer as a user's program would.

    check_report_json.py values WRITER            what the documents say
    check_report_json.py schema WRITER SCHEMA     that they are what docs/report-schema.json promises
    check_report_json.py memory WRITER MODULE     what is left of them when the Nth allocation fails, for each N

Exit status 77 is a skip: python3-jsonschema is missing.
"""

import copy
import json
import os
import subprocess
import sys

KINDS = ["everything", "aborted", "large"]


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def documents(writer):
    found = {}
    for kind in KINDS:
        printed = subprocess.run([writer, kind], check=True, stdout=subprocess.PIPE).stdout
        text = printed.decode("utf-8", errors="strict")
        found[kind] = json.loads(text, parse_constant=refuse_constant)
    return found


def check_values(found):
    everything = found["everything"]
    exact, bound, unknown = everything["data"]["kinds"]
    assert exact == {
        "text": "text", "count": 1234567, "signed": -1234567, "bytes": 1234567, "address": "0xffff888000001000",
        "pfn": 1234567, "percent": 1234.567, "bool": True, "seconds": 0.001234567, "time": "2024-11-22T06:30:00Z",
        "size_kib": 1234567, "flags": "0x12d687"}, exact
    assert bound["count"] == {"at_least": 1234567} and bound["seconds"] == {"at_least": 0.001234567}, bound
    assert bound["address"] is None and bound["bool"] is None and bound["time"] is None, bound
    assert set(unknown.values()) == {None}, unknown
    assert [row["name"] for row in everything["data"]["zones"]] == [
        "DMA32", "No\\x1b[31mr\\xffmal\\x0a", "a-zone-whose-name-is-longer-than-any-zone-of-the-kernel-has",
        "ümläut 中"]
    assert everything["status"] == "partial" and everything["error"] is None
    assert list(everything["columns"]) == list(everything["data"])
    for name, columns in everything["columns"].items():
        rows = everything["data"][name]
        for row in [rows] if isinstance(rows, dict) else rows:
            assert list(row) == [column["key"] for column in columns], name

    aborted = found["aborted"]
    assert aborted["status"] == "partial" and aborted["error"] == "interrupted while reading mem_map"
    assert aborted["data"]["late"] == [] and aborted["data"]["zones"] == everything["data"]["zones"]

    large = found["large"]["data"]["kinds_record"]
    assert large["count"] == 2**64 - 1 and large["signed"] == -2**63 and large["pfn"] == 2**64 - 1, large
    assert large["text"] == '\\xff\\x00\\x1b"\\' and large["time"] == f"@{2**63 - 1}", large
    assert found["large"]["status"] == "complete"


def broken_variants(document):
    """Documents that the schema must refuse, or it would promise nothing."""
    def change(path, value):
        changed = copy.deepcopy(document)
        at = changed
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        return changed

    yield change(["schema"], "other")
    yield change(["status"], "fine")
    yield change(["data", "kinds", 0, "count"], [1])
    yield change(["data", "kinds", 1, "count"], {"at_most": 1})
    yield change(["findings", 0, "severity"], "bad")
    yield change(["findings", 0, "evidence", 0, "value"], {"x": 1})
    yield change(["columns", "zones", 0, "kind"], "number")
    missing = copy.deepcopy(document)
    del missing["sections"]
    yield missing


def check_schema(found, path):
    try:
        import jsonschema
    except ImportError:
        print("skipped: python3-jsonschema is missing")
        sys.exit(77)
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    validator_class = jsonschema.validators.validator_for(schema)
    validator_class.check_schema(schema)
    validator = validator_class(schema)
    for kind, document in found.items():
        for error in validator.iter_errors(document):
            sys.exit(f"{kind}: {error.json_path}: {error.message}")
    for number, broken in enumerate(broken_variants(found["everything"])):
        assert not validator.is_valid(broken), f"the schema accepts broken document {number}"


def check_memory(writer, module):
    failed = 0
    for number in range(1, 600):
        environment = dict(os.environ, LD_PRELOAD=os.path.abspath(module), MEMOPSY_TEST_FAIL=str(number))
        writing = subprocess.run([writer, "everything"], env=environment, capture_output=True, check=False)
        assert writing.returncode in (0, 2), f"allocation {number}: exit status {writing.returncode}"
        if writing.returncode == 2:
            assert writing.stderr == b"out of memory\n", f"allocation {number}: {writing.stderr}"
            failed += 1
        if writing.stdout:
            document = json.loads(writing.stdout)
            assert document["status"] == "partial", f"allocation {number}"
            expected = "out of memory" if writing.returncode else None
            assert document["error"] == expected, f"allocation {number}: {document['error']}"
        else:
            assert writing.returncode == 2, f"allocation {number}: nothing written, and no error"
    # The preloaded module did its work.
    assert failed > 50, f"only {failed} allocations failed"


def main():
    if sys.argv[1] == "memory":
        check_memory(sys.argv[2], sys.argv[3])
        return
    found = documents(sys.argv[2])
    if sys.argv[1] == "values":
        check_values(found)
    else:
        check_schema(found, sys.argv[3])


main()
