"""A worker that exchanges lines with qscale, one or a batch at a time."""

import json
import os
import sys

processed = os.open("processed", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for line in sys.stdin:
    message = json.loads(line)
    batch = message if isinstance(message, list) else [message]
    os.write(processed, "".join(job["item"] + "\n" for job in batch).encode())
    answer = {"ack": True} if isinstance(message, list) else {"id": message["id"], "ack": True}
    print(json.dumps(answer), flush=True)
