# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures as a table for people and as JSON for programs."""

import json
import os
import pathlib

PROGRAMS = ("memopsy", "crash", "drgn")
NOISY = 0.15  # of the mean: a standard deviation that says that other work disturbed the runs


def seconds_text(figure):
    if figure is None:
        return "-"
    if "times" not in figure:
        return "skip" if figure["note"].startswith("skipped") else "fails"
    seconds = figure["times"]["median"]
    return f"{seconds:.4f}" if seconds < 1 else f"{seconds:.2f}"


def memory_text(figure):
    if figure is None or "times" not in figure:
        return "-"
    return f"{figure['private_mib']:.0f}/{figure['peak_rss_mib']:.0f}"


def ratio(row, peer):
    """How many of memopsy's runs fit into one of the peer's; None where either has no figure."""
    ours, theirs = row["programs"].get("memopsy"), row["programs"].get(peer)
    if not ours or not theirs or "times" not in ours or "times" not in theirs:
        return None
    return theirs["times"]["median"] / ours["times"]["median"]


def ratio_text(row, peer):
    value = ratio(row, peer)
    return "-" if value is None else f"{value:.1f}x" if value < 100 else f"{value:.0f}x"


def table_lines(rows):
    head = ["operation, types", "memopsy s", "crash s", "drgn s", "vs crash", "vs drgn"]
    head += [f"{program} MiB" for program in PROGRAMS]
    body = [
        [row["title"]]
        + [seconds_text(row["programs"].get(program)) for program in PROGRAMS]
        + [ratio_text(row, peer) for peer in PROGRAMS[1:]]
        + [memory_text(row["programs"].get(program)) for program in PROGRAMS]
        for row in rows
    ]
    widths = [max(len(line[i]) for line in [head, *body]) for i in range(len(head))]
    for line in [head, *body]:
        cells = [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        yield "  ".join(cells)


def figure_notes(figure):
    if figure and figure.get("note"):
        yield figure["note"]
    times = figure.get("times") if figure else None
    if times and times["stddev"] and times["stddev"] > NOISY * times["mean"]:
        yield f"noisy: {times['min']:.4f} to {times['max']:.4f} s in {times['runs']} runs"


def note_lines(rows):
    titles = {}
    for row in rows:
        for program, figure in row["programs"].items():
            for note in figure_notes(figure):
                titles.setdefault(f"{program} {note}", []).append(row["title"])
    for note, where in titles.items():
        yield f"  {note} ({'; '.join(where)})"


def print_dump(facts, vmlinux, rows, core):
    memory = f", {facts['memory_mib']} MiB of memory" if facts["memory_mib"] else ""
    print(f"\n{facts['path']}: {facts['format']}, {facts['file_mib']} MiB{memory}")
    print(f"vmlinux: {vmlinux or 'none: only what the dump itself says; no peer runs'}\n")
    for line in table_lines(rows):
        print(line)
    notes = list(note_lines(rows))
    if notes:
        print("\nSkipped, failed, partial or disturbed:")
        print("\n".join(notes))
    print("\nInside one process (bench-core):" if core["lines"] else f"\nbench-core: {core['note']}")
    for line in core["lines"]:
        print(f"  {line}")


def print_legend():
    print(
        "\nWhole commands, median seconds, files in the page cache. MiB: private memory (largest sample) / peak RSS,"
        "\nwhich counts the mapped file too. cold: types from the vmlinux, no cache; warm: from memopsy's cache of it;"
        "\ndump: from the dump alone (the peers always read the vmlinux)."
    )


def write_json(path, document):
    """Aside, then renamed: never half a file."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(json.dumps(document, indent=2) + "\n")
    os.replace(aside, path)
