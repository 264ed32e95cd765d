"""A peer as a process of its own, for `shares`: SecretFlow SPU over 64 bits, its nodes as threads that pass messages in memory, from columns
in memory to the opened result: by ABY3 among three, or by Semi2k between two, whose correlated randomness one of them makes for both (what it
calls a trusted first party). Sums by groups are a product with a secret matrix that has a row for each group, which its owner made of its own
column. Prints JSON. Arguments: rows, protocol, groups."""

import json
import resource
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

import spu
import spu.utils.simulation as simulation

rows = int(sys.argv[1])
parties, protocol = {"aby3": (3, spu.ProtocolKind.ABY3), "semi2k": (2, spu.ProtocolKind.SEMI2K)}[sys.argv[2]]
numbers = np.random.default_rng(1)
amount, least = (numbers.integers(-(10**9), 10**9, rows, dtype=np.int64) for _ in range(2))
score = numbers.integers(-(10**9), 10**9, rows, dtype=np.int64)
taken = numbers.integers(0, 2, rows, dtype=np.int64)

groups = int(sys.argv[3])
members = (np.arange(rows) % groups == np.arange(groups)[:, None]).astype(np.int64)

simulator = simulation.Simulator.simple(parties, protocol, spu.FieldType.FM64)
queries = {
    "filtered": (lambda x, b: jnp.sum(x * b), (amount, taken)),
    "compared": (lambda x, y, v: jnp.sum((x < y) * v), (least, score, amount)),
    "fewGroups": (lambda m, x: jnp.dot(m, x), (members, amount)),
}


def seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


told = {}
for name, (query, columns) in queries.items():
    simulation.sim_jax(simulator, query)(*[column[..., :16] for column in columns])
    wall, cpu = time.perf_counter(), seconds()
    found = np.asarray(simulation.sim_jax(simulator, query)(*columns))
    told[name] = {
        "milliseconds": round((time.perf_counter() - wall) * 1000),
        "cpuSeconds": round(seconds() - cpu, 3),
        "right": bool((found == np.asarray(query(*columns))).all()),
    }
print(json.dumps(told))
