"""A worker of `consume --handler lines` that acknowledges each item; on a pipe, what its loop over JSON reaches alone."""

import json
import sys

for line in sys.stdin:
    job = json.loads(line)
    print(json.dumps({"id": job["id"], "ack": True}), flush=True)
