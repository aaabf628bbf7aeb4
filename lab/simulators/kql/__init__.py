"""Log Analytics' answers: the app's KQL, translated into DuckDB's SQL and run on the tenant's rows.

``store`` keeps the rows and answers; ``translation`` makes the SQL, which the ``sql_`` modules
shorten; ``kept`` keeps it for the next lab.
"""
