"""Times the whole table, the same table from another server, and its files over plain HTTP, in turn: load.py TABLE OTHER ROUNDS URL…"""

import json
import sys
import time

import delta_sharing
import pandas as pd

table, other, rounds, urls = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]


def timed(read):
    begun = time.perf_counter()
    frame = read()
    return (time.perf_counter() - begun) * 1000, len(frame)


def plain():
    return pd.concat([pd.read_parquet(url) for url in urls], ignore_index=True)


reads = {
    "shareMs": lambda: delta_sharing.load_as_pandas(table),
    "floorMs": lambda: delta_sharing.load_as_pandas(other),
    "plainMs": plain,
}
times = {name: [] for name in reads}
counts = set()
for turn in range(rounds + 1):
    for name, read in reads.items():
        spent, count = timed(read)
        counts.add(count)
        if turn > 0:  # the first warms all
            times[name].append(spent)
assert len(counts) == 1, counts
print(json.dumps({**times, "rows": counts.pop()}))
