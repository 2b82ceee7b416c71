"""Reads a statement's rows with awswrangler: `wrangler WORKGROUP DATABASE STATEMENT OPTIONS`.

Options are those of `read_sql_query`, in JSON. Prints the rows as text and the columns' types.
"""

import json
import sys

import awswrangler

from tests.clients.programs.rows import as_text

if __name__ == "__main__":
    workgroup, database, statement, options = sys.argv[1:]
    read = awswrangler.athena.read_sql_query(
        statement, database=database, workgroup=workgroup, **json.loads(options)
    )
    frames = list(read) if "chunksize" in json.loads(options) else [read]
    json.dump(
        {
            "types": {name: str(dtype) for name, dtype in frames[0].dtypes.items()},
            "frames": [len(frame) for frame in frames],
            "rows": [
                [as_text(value) for value in row]
                for frame in frames
                for row in zip(*(list(frame[name]) for name in frame.columns), strict=True)
            ],
        },
        sys.stdout,
    )
