"""Reads a table share with the official client and compares with the truth: read.py PROFILE TABLE TRUTH.json

Prints one JSON line for each thing looked at: {"what": …, "holds": true | false, "seen": …}.
"""

import contextlib
import io
import json
import sys
from datetime import datetime

import delta_sharing
import pandas as pd
import pyarrow.parquet as pq
from delta_sharing.protocol import DeltaSharingProfile, Table
from delta_sharing.reader import DeltaSharingReader
from delta_sharing.rest_client import DataSharingRestClient

profile, table, truth_path = sys.argv[1:4]
with open(truth_path) as file:
    truth = json.load(file)
url = f"{profile}#{table}"
share, schema, name = table.split(".")


def tell(what, holds, seen=""):
    print(json.dumps({"what": what, "holds": bool(holds), "seen": str(seen)[:300]}), flush=True)


def look(what, check):
    """The client talks on standard output; only our lines may stand there."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            holds, seen = check()
    except Exception as error:  # told, not raised: the other checks still run
        holds, seen = False, repr(error)
    tell(what, holds, seen)


def sorted_rows(frame, key="id"):
    return frame.sort_values(key, kind="stable").reset_index(drop=True)


def expected(path):
    return pq.read_table(path).to_pandas(date_as_object=True)


def same(frame, path, key="id"):
    wanted = expected(path)
    got = frame[list(wanted.columns)].copy()
    # The two readers of the client choose different units and classes for the same values.
    for column in wanted.columns:
        if str(wanted[column].dtype).startswith("datetime64") or str(got[column].dtype).startswith("datetime64"):
            got[column] = pd.to_datetime(got[column], utc=True).astype("datetime64[us, UTC]")
            wanted[column] = pd.to_datetime(wanted[column], utc=True).astype("datetime64[us, UTC]")
    try:
        pd.testing.assert_frame_equal(sorted_rows(got, key), sorted_rows(wanted, key), check_dtype=False)
        return True, f"{len(got)} rows"
    except AssertionError as error:
        return False, error


def leaf(op, column, value, kind):
    children = [{"op": "column", "name": column, "valueType": kind}, {"op": "literal", "value": value, "valueType": kind}]
    return {"op": op, "children": children}


client = delta_sharing.SharingClient(profile)
look("lists shares", lambda: ([one.name for one in client.list_shares()] == [share], client.list_shares()))
look("lists all tables", lambda: ([(one.share, one.schema, one.name) for one in client.list_all_tables()] == [(share, schema, name)], client.list_all_tables()))
look("version", lambda: (delta_sharing.get_table_version(url) == 1, delta_sharing.get_table_version(url)))
look("protocol", lambda: (delta_sharing.get_table_protocol(url).min_reader_version == 1, ""))
look("metadata in the delta format", lambda: (json.loads(delta_sharing.get_table_metadata(url).schema_string)["type"] == "struct", ""))
look("metadata in the parquet format", lambda: (delta_sharing.get_table_metadata(url, use_delta_format=False).num_files == truth["files"], ""))

for given, words in ((None, "as it chooses"), (False, "parquet"), (True, "delta")):
    look(f"the whole table, {words}", lambda: same(delta_sharing.load_as_pandas(url, use_delta_format=given), truth["now"]))
    look(f"version 0, {words}", lambda: same(delta_sharing.load_as_pandas(url, version=0, use_delta_format=given), truth["before"]))
    look(f"a limit, {words}", lambda: (lambda got: (len(got) == 10 and got["id"].is_unique, len(got)))(delta_sharing.load_as_pandas(url, limit=10, use_delta_format=given)))
look("in batches", lambda: same(delta_sharing.load_as_pandas(url, convert_in_batches=True), truth["now"]))
look("as of a time", lambda: same(delta_sharing.load_as_pandas(url, timestamp=truth["between"]), truth["before"]))

rest = DataSharingRestClient(DeltaSharingProfile.read_from_file(profile))
asked = Table(name=name, share=share, schema=schema)


def hinted(frame, column, keep):
    """All that match, and fewer than all: whole files were left out."""
    wanted = expected(truth["now"])
    wanted = wanted[keep(wanted[column])]
    got = frame[keep(frame[column])]
    right = sorted(got["id"]) == sorted(wanted["id"])
    return right and len(frame) < truth["rows"], f"{len(wanted)} match, {len(frame)} of {truth['rows']} came"


last = truth["last"]
look("JSON hints", lambda: hinted(delta_sharing.load_as_pandas(url, jsonPredicateHints=json.dumps(leaf("greaterThan", "id", str(last), "long"))), "id", lambda ids: ids > last))
look("SQL hints", lambda: hinted(DeltaSharingReader(asked, rest, predicateHints=[f"id > {last}"], use_delta_format=False).to_pandas(), "id", lambda ids: ids > last))
look("hints not understood", lambda: same(DeltaSharingReader(asked, rest, predicateHints=["abs(id) < (select 1)"], use_delta_format=False).to_pandas(), truth["now"]))

for given, words in ((None, "parquet"), (True, "delta")):
    look(f"changes, {words}", lambda: same(delta_sharing.load_table_changes_as_pandas(url, starting_version=1, ending_version=1, use_delta_format=given).assign(order=lambda frame: frame["id"].astype(str) + frame["_change_type"]), truth["changes"], "order"))
    look(f"changes from the beginning, {words}", lambda: (lambda got: (len(got) == truth["changesFromBeginning"], len(got)))(delta_sharing.load_table_changes_as_pandas(url, starting_version=0, use_delta_format=given)))
