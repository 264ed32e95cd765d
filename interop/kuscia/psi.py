"""One owner's part of a job as SecretFlow's PSI image plays it: its PsiConfig as the job has it, read strictly, files of a folder in the place of its storage."""

import os
import sys

from google.protobuf import json_format
from spu import psi
from spu.libspu import link

config_text, storage, folder, rank, first, second = sys.argv[1:7]
config = json_format.Parse(config_text, psi.PsiConfig())
for io in (config.input_config, config.output_config):
    if os.path.dirname(io.path) != storage:
        sys.exit("%s is not in the storage of a node" % io.path)
    io.path = os.path.join(folder, os.path.basename(io.path))
desc = link.Desc()
desc.recv_timeout_ms = 60000
desc.connect_retry_times = 60
desc.connect_retry_interval_ms = 1000
for at, address in enumerate((first, second)):
    desc.add_party(str(at), address)
context = link.create_brpc(desc, int(rank))
report = psi.psi(config, context)
context.stop_link()
print(report.intersection_count, flush=True)
os._exit(0)
