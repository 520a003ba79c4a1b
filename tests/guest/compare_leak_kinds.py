# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the module loser lost and kept, piece by piece, against what memopsy calls lost: a table of kinds."""
import bisect
import collections
import json
import sys

import truth

dump, folder, program = truth.arguments()
said = folder / "run" / "record" / "leak-kinds"
if not said.exists():
    truth.skip("no module loser in this guest")

# Held only by a number that is no address: to call them suspect is all that anybody can do.
BY_NUMBER = {"by-physical", "page-by-pfn"}
# The truth says that nothing in them names the module.
NAMELESS = {"no-name", "socket", "sock", "skb", "skb-data"}

listed = json.loads(truth.run(program, "leaks", dump, "--list", "--suspects", "--json"))["data"]["lost_objects"]
found = {int(row["address"], 16): row for row in listed}
starts = sorted(found)


def row_of(address):
    """The lost piece that an address lies in: struct socket, say, lies within what its cache hands out."""
    at = bisect.bisect_right(starts, address) - 1
    return found[starts[at]] if at >= 0 and address < starts[at] + found[starts[at]]["bytes"] else None



class Kind:
    def __init__(self):
        self.fate = None
        self.truth = self.likely = self.suspect = self.owned = self.wrong_size = self.n_bytes = self.likely_bytes = 0


kinds = collections.OrderedDict()
known = set()
for line in said.read_text().splitlines():
    name, fate, unit, inverted, n_bytes = line.split()
    address = int(inverted, 16) ^ 0xFFFFFFFFFFFFFFFF
    kind = kinds.setdefault(name, Kind())
    kind.fate = fate
    kind.truth += 1
    kind.n_bytes += int(n_bytes)
    row = row_of(address)
    known.add(int(row["address"], 16) if row else address)
    if unit == "pages":
        known |= {address + page for page in range(0, int(n_bytes), 4096)}
    if not row:
        continue
    kind.likely += row["confidence"] == "likely"
    kind.likely_bytes += int(n_bytes) if row["confidence"] == "likely" else 0
    kind.suspect += row["confidence"] == "suspect"
    kind.owned += row["owner"] == "loser"
    kind.wrong_size += row["bytes"] < int(n_bytes)

wrong = 0
print(f"{'kind':18} {'fate':5} {'truth':>6} {'likely':>7} {'suspect':>8} {'missed':>7} {'wrong':>6} {'owner named':>12}")
totals = collections.Counter()
for name, kind in kinds.items():
    is_lost = kind.fate == "lost"
    missed = kind.truth - kind.likely - kind.suspect if is_lost else 0
    named_wrongly = 0 if is_lost else kind.likely + (0 if name in BY_NUMBER else kind.suspect)
    print(f"{name:18} {kind.fate:5} {kind.truth:6} {kind.likely:7} {kind.suspect:8} {missed:7} {named_wrongly:6} "
          f"{kind.owned:8}" + (" (no name in it)" if name in NAMELESS else ""))
    totals["lost"] += kind.truth if is_lost else 0
    totals["likely"] += kind.likely if is_lost else 0
    totals["suspect"] += kind.suspect if is_lost else 0
    totals["missed"] += missed
    totals["bytes"] += kind.n_bytes if is_lost else 0
    totals["likely_bytes"] += kind.likely_bytes if is_lost else 0
    totals["wrong"] += named_wrongly
    totals["size"] += kind.wrong_size
    if is_lost and name not in NAMELESS:
        totals["nameless"] += kind.likely + kind.suspect - kind.owned

# What the truth does not list: objects that go with lost sockets and files, and what an idle machine shows anyway.
others = collections.Counter()
for address, row in found.items():
    if address not in known and row["confidence"] != "on purpose":
        others[(row["cache"], row["confidence"], row["owner"])] += 1
for (cache, confidence, owner), count in sorted(others.items(), key=str):
    print(f"beside the truth: {count} of {cache}, {confidence}, owner {owner}")
print(f"{totals['lost']} pieces lost in truth: {totals['likely']} named likely, {totals['suspect']} suspect, "
      f"{totals['missed']} missed; {totals['wrong']} held ones called lost, {totals['size']} too small, "
      f"{totals['nameless']} without their owner; by bytes {totals['likely_bytes'] / totals['bytes']:.2%} are named likely")
sys.exit(1 if totals["missed"] > totals["lost"] // 100 or totals["wrong"] or totals["size"] or
         totals["likely_bytes"] < 0.99 * totals["bytes"] else 0)
