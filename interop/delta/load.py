"""Times the whole table through the share and the same files over plain HTTP, in turn: load.py TABLE ROUNDS URL…"""

import json
import sys
import time

import delta_sharing
import pandas as pd

table, rounds, urls = sys.argv[1], int(sys.argv[2]), sys.argv[3:]


def timed(read):
    begun = time.perf_counter()
    frame = read()
    return (time.perf_counter() - begun) * 1000, len(frame)


def plain():
    return pd.concat([pd.read_parquet(url) for url in urls], ignore_index=True)


def shared():
    return delta_sharing.load_as_pandas(table)


times = {"shareMs": [], "plainMs": []}
counts = set()
for turn in range(rounds + 1):
    for name, read in (("shareMs", shared), ("plainMs", plain)):
        spent, count = timed(read)
        counts.add(count)
        if turn > 0:  # the first warms both
            times[name].append(spent)
assert len(counts) == 1, counts
print(json.dumps({**times, "rows": counts.pop()}))
