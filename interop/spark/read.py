"""Reads a table share with Spark's Delta Sharing source: read.py PROFILE TABLE JARS. Prints one JSON object."""
import glob
import json
import sys

from pyspark.sql import SparkSession

profile, table, jars = sys.argv[1:4]
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.jars", ",".join(glob.glob(jars + "/*.jar")))
    .config("spark.ui.enabled", "false")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.host", "127.0.0.1")
    # The share is on this machine, and its addresses are plain HTTP.
    .config("spark.delta.sharing.network.sslTrustAll", "true")
    .getOrCreate()
)
frame = spark.read.format("deltaSharing").load(f"{profile}#{table}")
print(
    json.dumps(
        {
            "columns": frame.columns,
            "rows": frame.count(),
            "sum": int(frame.selectExpr("sum(id)").first()[0]),
            "some": frame.where("id < 10").count(),
        }
    )
)
