"""One plaintext query on Spark, next to the data: a job as JSON on standard input, its rows or its fault as one line of JSON on standard
output. See spark.ts."""

import datetime
import decimal
import json
import math
import os
import sys

# Spark writes to standard output, too: what is told goes to the one that was there first.
told = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def tell(line):
    told.write(json.dumps(line, ensure_ascii=False) + "\n")
    told.flush()


def cell(value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= 2**53 - 1 else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) <= 2**53 - 1 else value
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (datetime.date, datetime.datetime)):
        return str(value)
    return str(value)


def run(job):
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "%dm" % job["memoryMB"],
        "spark.local.dir": job["folder"],
        "spark.sql.warehouse.dir": job["folder"],
        "spark.sql.catalogImplementation": "in-memory",
        # As in the SQL that is signed: names in double quotes, and what does not fit is an error.
        "spark.sql.ansi.enabled": "true",
        "spark.sql.ansi.doubleQuotedIdentifiers": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.log.level": "OFF",
    }
    builder = SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    wanted = {name.lower() for name in job["columns"]}
    for table in job["tables"]:
        frame = spark.read.parquet(table["path"])
        # Other columns are not there for the query.
        frame.select([frame["`%s`" % name.replace("`", "``")] for name in frame.columns if name.lower() in wanted]).createTempView(
            table["name"]
        )
    rows = spark.sql(job["sql"], args=job["values"]).limit(job["rowsMax"] + 1).collect()
    if len(rows) > job["rowsMax"]:
        return {"fault": "rows"}
    return {"rows": [[cell(value) for value in row] for row in rows]}


try:
    answer = run(json.loads(sys.stdin.readline()))
except BaseException as error:
    # The engine's words may quote values: its kind is enough.
    answer = {"fault": "memory" if "OutOfMemoryError" in str(error) else "failed", "kind": type(error).__name__}
tell(answer)
# Without its parent's pipe it would wait for Java to end.
os._exit(0)
