#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two reports whose lines came together in a log that does not say whose each is: an OOM, and the failed request of another CPU. What is not
told to be mixed must be right in every field, and who asked and who died must be right in any case. Usage: check_interleaved.py
PRINT-EVENTS"""
import os
import random
import sys

import check_reports
import reports

# Of what kind it was, who asked, who died.
SURE = ("kind", "comm", "pid", "order")


def nested(outer, inner, at):
    """The other report whole, between two lines."""
    return outer[:at] + inner + outer[at:]


def merged(one, other, chance):
    """Lines of both in their order, in turns of some lines."""
    one, other, lines = list(one), list(other), []
    while one or other:
        source = one if one and (not other or chance.random() < 0.5) else other
        for _ in range(min(len(source), chance.choice((1, 1, 2, 5)))):
            lines.append(source.pop(0))
    return lines


def is_sure(key):
    return key in SURE or key.startswith("kill.")


def compare(name, events, rights):
    """(fields wrong, events told to be mixed)"""
    wrong = mixed = 0
    if len(events) != 2:
        print(f"{name}: {len(events)} events")
        return 1, 0
    for right in rights:
        have = [event for event in events.values() if event["kind"] == right["kind"]]
        if len(have) != 1:
            print(f"{name}: {len(have)} events of kind {right['kind']}")
            return 1, 0
        is_mixed = have[0]["is_partial"] == "1"
        mixed += is_mixed
        for key in sorted(set(have[0]) | set(right)):
            want = str(right[key]) if key in right else None
            if key == "is_partial" or have[0].get(key) == want or (is_mixed and not is_sure(key)):
                continue
            print(f"{name}: {right['kind']}: {key}: right is {want}, the plugin has {have[0].get(key)}")
            wrong += 1
    return wrong, mixed


def main():
    program = os.path.realpath(sys.argv[1])
    wrong = mixed = n = n_nested = nested_mixed = 0
    for number, name in enumerate(reports.ERAS):
        outer, inner = reports.global_oom(name, 7), reports.failure(name, 8)
        page = reports.ERAS[name]["page"]
        chance = random.Random(number)
        first = next(i for i, line in enumerate(outer.lines) if line.startswith("active_anon:"))
        for at in (1, first - 1, *chance.sample(range(first + 1, len(outer.lines)), 4), len(outer.lines) - 2, len(outer.lines) - 1):
            here, told = compare(f"{name} nested at {at}", check_reports.parse(program, nested(outer.lines, inner.lines, at), page),
                                 (outer.right, inner.right))
            wrong += here
            n += 1
            # From its numbers on a report cannot be taken for another.
            if at > first:
                n_nested += 1
                nested_mixed += told
        for seed in range(4):
            lines = merged(outer.lines, inner.lines, random.Random(seed))
            here, told = compare(f"{name} merged {seed}", check_reports.parse(program, lines, page), (outer.right, inner.right))
            wrong += here
            mixed += told
            n += 1
    print(f"{n} pairs of reports, {wrong} fields wrong; {mixed} events of merged ones told to be mixed; "
          f"{n_nested} nested behind the first numbers, {nested_mixed} events of those told to be mixed")
    sys.exit(1 if wrong or nested_mixed else 0)


if __name__ == "__main__":
    main()
