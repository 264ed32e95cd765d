"""Peers of `psi` in Python, each party a process of its own, told as one line of JSON.

psi-peer.py openmined ROWS           OpenMined's native library, both of its parties here, from lists in memory to a list
psi-peer.py kkrt|rr22 RANK PORT PORT INPUT OUTPUT    a party of SecretFlow's, file to file over loopback
"""

import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../packages/private-compute/src/engines"))
from traces import remove_traces  # noqa: E402


def openmined(rows):
    import private_set_intersection.python as psi

    def keys(first):
        return ["110101%d" % (100_000_000_000 + (first + at) * 7919) for at in range(rows)]

    own, others = keys(0), keys(rows // 2)

    def work():
        server = psi.server.CreateWithNewKey(True)
        client = psi.client.CreateWithNewKey(True)
        setup = server.CreateSetupMessage(0.0, rows, others, psi.DataStructure.RAW)
        request = client.CreateRequest(own)
        response = server.ProcessRequest(request)
        common = len(client.GetIntersection(setup, response))
        return common, sum(len(one.SerializeToString()) for one in (setup, request, response))

    return work


def secretflow(protocol, rank, ports, table, out):
    import spu.libpsi as psi
    from spu.libspu import link

    def work():
        desc = link.Desc()
        for party, port in enumerate(ports):
            desc.add_party(str(party), "127.0.0.1:%d" % port)
        channel = link.create_brpc(desc, rank)
        config = psi.PsiExecuteConfig(
            protocol_conf=psi.PsiProtocolConfig(
                protocol=getattr(psi.PsiProtocol, "PROTOCOL_" + protocol.upper()), receiver_rank=0
            ),
            input_params=psi.InputParams(path=table, selected_keys=["id"], keys_unique=True),
            output_params=psi.OutputParams(path=out, disable_alignment=True),
        )
        report = psi.psi_execute(config, channel)
        remove_traces()
        channel.stop_link()
        return report.intersection_count, None

    return work


peer = sys.argv[1]
work = (
    openmined(int(sys.argv[2]))
    if peer == "openmined"
    else secretflow(peer, int(sys.argv[2]), [int(one) for one in sys.argv[3:5]], sys.argv[5], sys.argv[6])
)
begun, cpu = time.perf_counter(), time.process_time()
common, sent = work()
print(
    json.dumps(
        {
            "common": common,
            "milliseconds": round((time.perf_counter() - begun) * 1000),
            "cpuSeconds": round(time.process_time() - cpu, 2),
            "bytes": sent,
        }
    )
)
