"""One owner's part on SecretFlow's SPU, as a process of its own beside the owner's data.

Lines of JSON on standard input say what to do, lines of JSON on standard output what came of it; see secretflow.ts. Tables are not read here:
what the owner's own program made of them lies in a folder that it names. Two parties, protocol Cheetah over 64 bits, and no third.
"""

import json
import os
import queue
import resource
import struct
import sys
import threading

from traces import remove_traces

# Libraries of the engine write to standard output, too: what is told goes to the one that was there first.
told = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
said = queue.Queue()


def tell(line):
    told.write(json.dumps(line) + "\n")
    told.flush()


def listen():
    for line in sys.stdin:
        said.put(json.loads(line))
    # Whoever started this is gone.
    os._exit(3)


def used():
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return mine.ru_utime + mine.ru_stime


class Fault(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def put(link, to, parts):
    """Lengths, then the bytes: nothing of a peer is ever read as anything but bytes."""
    link.send(to, struct.pack("<I%dQ" % len(parts), len(parts), *map(len, parts)) + b"".join(parts))


def get(link, source, most):
    data = bytes(link.recv(source))
    try:
        (count,) = struct.unpack_from("<I", data)
        if count > most:
            raise ValueError
        lengths = struct.unpack_from("<%dQ" % count, data, 4)
        at = 4 + 8 * count
        if at + sum(lengths) != len(data):
            raise ValueError
        parts = []
        for length in lengths:
            parts.append(data[at : at + length])
            at += length
        return parts
    except (struct.error, ValueError):
        raise Fault("compute.peerMalformed", "the other party's message is none")


parts_most = 65536


class Party:
    def __init__(self, job):
        import numpy
        import spu
        from spu.libspu import link

        self.numpy, self.spu = numpy, spu
        self.rank, self.other = job["rank"], 1 - job["rank"]
        desc = link.Desc()
        desc.id = job["job"]
        desc.connect_retry_times = max(1, job["meetMs"] // 1000)
        desc.connect_retry_interval_ms = 1000
        desc.recv_timeout_ms = job["silenceMs"]
        for rank, address in enumerate(job["addresses"]):
            desc.add_party(str(rank), address)
        try:
            self.link = link.create_brpc(desc, self.rank)
        except Exception as error:
            raise Fault("compute.peerSilent", "the other party did not come: %s" % str(error)[:120])

    def hello(self, digest, commitment):
        """The same terms on both sides, and the commitment that the other shows."""
        put(self.link, self.other, [digest.encode(), commitment.encode(), self.spu.__version__.encode()])
        theirs = [part.decode("ascii", "replace") for part in get(self.link, self.other, 3)]
        if len(theirs) != 3 or theirs[0] != digest:
            raise Fault("compute.termsDiffer", "the other party means other terms")
        if theirs[2] != self.spu.__version__:
            raise Fault("compute.engineDiffers", "the other party has version %s" % theirs[2][:40])
        return theirs[1]

    def intersect(self, table, out, both):
        """
        Own rows whose keys the other has, in one order at both; the file has the columns key and row, each key once. Without `both` the first
        party alone is told.
        """
        from spu import psi

        config = psi.PsiExecuteConfig(
            protocol_conf=psi.PsiProtocolConfig(
                protocol=psi.PsiProtocol.PROTOCOL_KKRT, receiver_rank=0, broadcast_result=both
            ),
            input_params=psi.InputParams(path=table, selected_keys=["key"], keys_unique=True),
            output_params=psi.OutputParams(path=out),
        )
        try:
            psi.psi_execute(config, self.link)
        finally:
            remove_traces()
        if not both and self.rank != 0:
            return None
        with open(out) as lines:
            header = next(lines).strip().replace('"', "").split(",")
            place = header.index("row")
            rows = [int(line.strip().split(",")[place].strip('"')) for line in lines]
        self.numpy.array(rows, dtype="<u4").tofile(out)
        return len(rows)

    def sum(self, targets, rows, groups, least, recipients, names):
        """
        Of each target a sum for each group. `by` says who has the groups' matrix and `of` who has the vector; where both are one party, it
        has summed up by itself. With `least`, a group that has fewer rows stays nought.
        """
        numpy, spu = self.numpy, self.spu
        import jax
        import jax.numpy as jnp
        from spu.utils import frontend

        jax.config.update("jax_enable_x64", True)
        config = spu.RuntimeConfig(protocol=spu.ProtocolKind.CHEETAH, field=spu.FieldType.FM64)
        io = spu.Io(2, config)
        runtime = spu.Runtime(self.link, config)
        shapes, files, owners = [], [], []
        for target in targets:
            if target["by"] == target["of"]:
                shapes.append((groups,))
                files.append(target.get("sums"))
                owners.append(target["of"])
            else:
                shapes += [(groups, rows), (rows,)]
                files += [target.get("matrix"), target.get("vector")]
                owners += [target["by"], target["of"]]
        inputs = ["in%d" % at for at in range(len(shapes))]
        for name, shape, file, owner in zip(inputs, shapes, files, owners):
            if owner == self.rank:
                values = numpy.fromfile(file, dtype="<i8").reshape(shape)
                shares = io.make_shares(values, spu.Visibility.VIS_SECRET)
                theirs = shares[self.other]
                put(self.link, self.other, [theirs.meta, *theirs.share_chunks])
                runtime.set_var(name, shares[self.rank])
            else:
                runtime.set_var(name, self.share(get(self.link, owner, parts_most)))

        counted = [at for at, target in enumerate(targets) if target["rows"]]

        def query(*columns):
            columns = iter(columns)
            sums = []
            for target in targets:
                first = next(columns)
                sums.append(first if target["by"] == target["of"] else jnp.dot(first, next(columns)))
            if least is None:
                return jnp.stack(sums)
            enough = (sums[counted[0]] >= least).astype(jnp.int64)
            return jnp.stack([*(one * enough for one in sums), enough])

        examples = [numpy.zeros(shape, dtype="i8") for shape in shapes]
        executable, _ = frontend.compile(
            frontend.Kind.JAX,
            query,
            examples,
            {},
            inputs,
            [spu.Visibility.VIS_SECRET] * len(inputs),
            lambda out: ["out%d" % at for at in range(len(out))],
        )
        runtime.run(executable)
        own = runtime.get_var(executable.output_names[0])
        opened = None
        for to in recipients:
            if to == self.rank:
                theirs = self.share(get(self.link, self.other, parts_most))
                both = [own, theirs] if self.rank == 0 else [theirs, own]
                opened = numpy.asarray(io.reconstruct(both)).astype("i8").tolist()
            else:
                put(self.link, to, [own.meta, *own.share_chunks])
        return opened

    def share(self, parts):
        if len(parts) < 2:
            raise Fault("compute.peerMalformed", "the other party's share is none")
        share = self.spu.libspu.Share()
        share.meta, share.share_chunks = parts[0], parts[1:]
        return share

    def names(self, owner, names, recipients):
        """Names of groups go to a recipient that is not their owner."""
        for to in recipients:
            if to == owner:
                continue
            if self.rank == owner:
                put(self.link, to, [json.dumps(names).encode()])
            elif self.rank == to:
                return json.loads(get(self.link, owner, 1)[0])
        return names if self.rank == owner else None

    def tell_groups(self, owner, groups):
        """How many there are is known to both, as it is without this engine."""
        if self.rank == owner:
            put(self.link, self.other, [b"%d" % groups])
            return groups
        text = get(self.link, owner, 1)[0]
        if not text.isdigit() or len(text) > 9:
            raise Fault("compute.peerMalformed", "the other party tells no number of groups")
        return int(text)


def play(job):
    party = Party(job)
    peer = party.hello(job["digest"], job["commitment"])
    tell({"met": True, "peerCommitment": peer, "version": party.spu.__version__})
    while True:
        step = said.get()
        do = step["do"]
        if do == "intersect":
            tell({"rows": party.intersect(step["table"], step["out"], step["both"])})
        elif do == "sum":
            groups = step["groups"]
            if step["groupsOf"] is not None:
                groups = party.tell_groups(step["groupsOf"], groups)
                if groups * step["rows"] > step["cellsMost"]:
                    raise Fault("compute.sizeCap", "%d groups are too many here" % groups)
            opened = party.sum(
                step["targets"], step["rows"], groups, step["least"], step["recipients"], step["names"]
            ) if groups else ([[] for _ in range(len(step["targets"]) + (step["least"] is not None))] if party.rank in step["recipients"] else None)
            names = step["names"]
            if step["groupsOf"] is not None:
                names = party.names(step["groupsOf"], names, step["recipients"])
            tell({"opened": None if opened is None else [[str(one) for one in row] for row in opened], "names": names})
        else:
            party.link.stop_link()
            tell({"ended": True, "cpuSeconds": round(used(), 3), "peakBytes": peak()})
            return


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if len(sys.argv) > 1 and sys.argv[1] == "version":
    from importlib.metadata import version

    tell({"version": version("spu")})
    sys.exit(0)
threading.Thread(target=listen, daemon=True).start()
try:
    play(said.get())
    code = 0
except Fault as fault:
    tell({"fault": {"code": fault.code, "message": str(fault)}})
    code = 1
except BaseException as error:
    text = str(error)
    silent = "timeout" in text.lower() or "timed out" in text.lower()
    tell({"fault": {"code": "compute.peerSilent" if silent else "compute.engineFailed", "message": text[:200]}})
    code = 1
told.flush()
# The engine's own threads do not all end by themselves.
os._exit(code)
