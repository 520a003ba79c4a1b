# SPDX-License-Identifier: LGPL-2.1-or-later
"""What live-runs brought back from a guest: `check_live_runs.py FOLDER ROUNDS`. On the quiet guest every number of every file of
/proc that memopsy prints is held against what the kernel said before and after; of the runs under load none may end by a signal or
hang, call anything lost or say that memory was overwritten."""
import gzip
import json
import pathlib
import re
import sys

FILES = "meminfo slabinfo vmallocinfo zoneinfo buddyinfo vmstat pagetypeinfo iomem modules".split()
# How many of a file's numbers may have moved, by what memopsy itself takes: free pages and their blocks, its own anonymous ones.
MOVED_SHARE = {"iomem": 0, "modules": 0, "slabinfo": 0.04, "vmallocinfo": 0.04}
USUAL_SHARE = 0.25
COMMANDS = "usage slabinfo leaks slabcheck owners procrank files report".split()
SLACK = 48 << 10  # KiB, pages or events: a small program on a small machine moves less
CLAIMS = re.compile("leaks-lost|slab-(freelist|free-twice|count|overlapped|without|miscounted|overwritten)|free-(list|blocks|pages)|"
                    "mem-map-contradiction|page-tables-(outside|repeated|miscounted)|mm-without|iomem-broken|panic|oops")


def numbers(line):
    return [int(number) for number in re.findall(r"(?<![\w.])-?\d+(?![\w.])", line)]


def words(line):
    return re.sub(r"\d+", "#", line)


def lines_by_key(text):
    """Lines by what stands in them beside numbers, and how many of those came before."""
    found, seen = {}, {}
    for line in text.splitlines():
        key = " ".join(words(line).split()[:3])
        seen[key] = seen.get(key, 0) + 1
        found[key, seen[key]] = line
    return found


def compare_file(folder, name, wrong):
    before, ours, after = (lines_by_key((folder / f"{name}.{kind}").read_text(errors="replace"))
                           for kind in ("before", "memopsy", "after"))
    if (folder / f"{name}.status").read_text().strip() != "0":
        wrong.append(f"{name}: status {(folder / f'{name}.status').read_text().strip()}: {(folder / f'{name}.err').read_text()[:200]}")
    fields = equal = 0
    for key, line in before.items():
        if key not in ours:
            if key in after:
                wrong.append(f"{name}: memopsy has no line like {line!r}")
            continue
        said, known, later = numbers(ours[key]), numbers(line), numbers(after.get(key, line))
        if len(said) != len(known) or len(known) != len(later):
            wrong.append(f"{name}: {ours[key]!r} is not of the form of {line!r}")
            continue
        for value, a, b in zip(said, known, later):
            fields += 1
            equal += min(a, b) <= value <= max(a, b)
            if not min(a, b) - SLACK <= value <= max(a, b) + SLACK:
                wrong.append(f"{name}: {ours[key]!r}: {value}, the kernel said {a} and {b}")
    if not fields or fields - equal > fields * MOVED_SHARE.get(name, USUAL_SHARE):
        wrong.append(f"{name}: only {equal} of {fields} numbers are what the kernel said before or after")
    return fields, equal


def check_json(folder, command, number, wrong):
    """Returns how much was said to have moved."""
    path = folder / f"{command}.{number}.gz"
    if not path.exists():
        wrong.append(f"round {number}: no output of {command}")
        return None
    document = json.loads(gzip.decompress(path.read_bytes()))
    for finding in document["findings"]:
        if CLAIMS.search(finding["id"]) and finding["severity"] != "info":
            wrong.append(f"round {number}: {command} claims {finding['id']}: {finding['verdict']} "
                         f"{[evidence['value'] for evidence in finding['evidence']]}"[:400])
    for group in document["data"].get("leaks") or []:
        if group["confidence"] == "likely":
            wrong.append(f"round {number}: {command} calls {group['objects']} of {group['cache']} lost")
    for row in document["data"].get("slabcheck") or []:
        wrong.append(f"round {number}: slabcheck has {row}"[:300])
    score = document["data"].get("consistency")
    if command == "report" and not score:
        wrong.append(f"round {number}: the report has no score of consistency")
    return score[0]["score_percent"] if score else None


def main():
    folder, rounds = pathlib.Path(sys.argv[1]) / "live", int(sys.argv[2])
    wrong, fields, equal, scores = [], 0, 0, []
    for name in FILES:
        more = compare_file(folder, name, wrong)
        fields, equal = fields + more[0], equal + more[1]
    runs = [line.split() for line in (folder / "runs").read_text().splitlines()]
    if len(runs) != rounds * len(COMMANDS):
        wrong.append(f"{len(runs)} runs came back of {rounds * len(COMMANDS)}")
    for number, command, status, seconds in runs:
        if status not in ("0", "1"):
            wrong.append(f"round {number}: {command} ended with {status} after {seconds} s")
    for number in range(1, rounds + 1):
        for command in ("leaks", "slabcheck", "report"):
            score = check_json(folder, command, number, wrong)
            scores += [score] if score is not None else []
    offlined = len((folder / "offlined").read_text().splitlines()) if (folder / "offlined").exists() else 0
    print("\n".join(wrong) or
          f"{equal} of {fields} numbers of a quiet guest are the kernel's; {len(runs)} runs under load (longest "
          f"{max(int(run[3]) for run in runs)} s, {offlined} memory blocks offlined meanwhile), no claim; at least "
          f"{min(scores, default=0):.0f} to {max(scores, default=0):.0f} % of memory stayed during a report")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
