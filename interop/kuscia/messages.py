"""Lines of JSON {path, request, answer} held to Kuscia's own message definitions: a field too many, or of another type, is told."""

import json
import sys

from google.protobuf import json_format
from kuscia.proto.api.v1alpha1.kusciaapi import domaindata_pb2, domaindatagrant_pb2, job_pb2

services = {
    "domaindata": (domaindata_pb2, {"create": "CreateDomainData", "query": "QueryDomainData", "delete": "DeleteDomainData"}),
    "domaindatagrant": (domaindatagrant_pb2, {"create": "CreateDomainDataGrant", "delete": "DeleteDomainDataGrant"}),
    "job": (job_pb2, {"create": "CreateJob", "query": "QueryJob", "approve": "ApproveJob", "stop": "StopJob"}),
}

for line in open(sys.argv[1]):
    one = json.loads(line)
    group, verb = one["path"].split("/")[-2:]
    module, verbs = services[group]
    for kind, of in (("request", "Request"), ("answer", "Response")):
        message = getattr(module, verbs[verb] + of)()
        try:
            json_format.ParseDict(one[kind], message)
            print(json.dumps({"what": "%s/%s %s" % (group, verb, kind), "holds": True, "seen": ""}))
        except json_format.ParseError as error:
            print(json.dumps({"what": "%s/%s %s" % (group, verb, kind), "holds": False, "seen": str(error)[:300]}))
