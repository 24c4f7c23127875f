"""Runs workers of real frameworks at full speed, kills them and their consumer again and again, and counts every item.

    python3 -m venv venv && venv/bin/pip install fastapi uvicorn && npm install express
    venv/bin/python benches/workers/kills.py --qscale target/release/qscale fastapi express lines batches

Consumer and worker are killed with SIGKILL every few seconds. Items are numbers; a worker writes down each one before it answers.
"""

import argparse
import collections
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CONSUME = ["--lease", "2s", "--max-crashes", "1000000", "--max-attempts", "1000000", "--backoff", "10ms..200ms"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def serve(kind, port, folder):
    """Starts the web service of a kind; none for workers that the consumer starts."""
    if kind == "fastapi":
        command = [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--app-dir", HERE, "--port", str(port)]
        command += ["--log-level", "critical", "--no-access-log"]
    elif kind == "express":
        command = ["node", HERE / "express_app.js", str(port)]
    else:
        return None
    environment = os.environ | {"NODE_PATH": os.path.abspath("node_modules")}
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)


def handler(kind, port):
    if kind in ("fastapi", "express"):
        return ["--concurrency", "16", "--handler", "http", "--url", f"http://127.0.0.1:{port}/jobs"]
    calls = ["--concurrency", "4", "--batch", "50"] if kind == "batches" else ["--concurrency", "16", "--per-process", "8"]
    return [*calls, "--handler", "lines", "--", sys.executable, HERE / "lines_worker.py"]


def children(process):
    """Returns the workers that a consumer has started."""
    found = subprocess.run(["pgrep", "-P", str(process.pid), "-f", "lines_worker"], capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(kind, qscale, seconds):
    with tempfile.TemporaryDirectory() as folder:
        port, redis_port = free_port(), free_port()
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        server = ["redis-server", "--port", str(redis_port), "--save", "", "--bind", "127.0.0.1"]
        redis = subprocess.Popen(server, **quiet)
        url = f"redis://127.0.0.1:{redis_port}"
        connect = ["--redis", url, "--connect-for", "10s", "--quiet"]

        def consume():
            return subprocess.Popen([qscale, "consume", *connect, *CONSUME, *handler(kind, port)], **quiet)

        produce = [qscale, "produce", *connect, "--rate", "max", "--max-backlog", "4000", "--payload", "{seq}"]
        producer = subprocess.Popen(produce, **quiet)
        service, consumer = serve(kind, port, folder), consume()
        kills, start = collections.Counter(), time.monotonic()
        next_consumer, next_worker = start + 5, start + 3
        while time.monotonic() < start + seconds:
            time.sleep(0.05)
            if time.monotonic() >= next_consumer:
                consumer.kill()
                consumer.wait()
                consumer, next_consumer = consume(), next_consumer + 5
                kills["consumer"] += 1
            if time.monotonic() >= next_worker:
                next_worker += 3
                if service:
                    service.kill()
                    service.wait()
                    service = serve(kind, port, folder)
                    kills["worker"] += 1
                for pid in children(consumer)[:1]:
                    kill(pid)
                    kills["worker"] += 1
        producer.terminate()
        producer.wait()
        processed = pathlib.Path(folder, "processed")
        in_time = processed.read_bytes().count(b"\n")
        settled = [qscale, "watch", "--redis", url, "--until-settled", "--every", "200ms", "--output", "json"]
        verdict = subprocess.run(settled, capture_output=True, text=True, cwd=folder, timeout=120).stdout.splitlines()[-1]
        consumer.terminate()
        consumer.wait()
        if service:
            service.kill()
            service.wait()
        items = collections.Counter(processed.read_text().split())
        pushed = int(subprocess.run(["redis-cli", "-p", str(redis_port), "HGET", "{mylist}:stats", "pushed"],
                                    capture_output=True, text=True).stdout)
        redis.terminate()
        redis.wait()
        lost, again = pushed - len(items), sum(items.values()) - len(items)
        print(f"{kind:8} {in_time / seconds:8.0f} items/s  {pushed} pushed, {lost} lost, {again} processed again  "
              f"{kills['consumer']} consumers and {kills['worker']} workers killed  {verdict}", flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("--qscale", default="target/release/qscale", type=os.path.abspath)
parser.add_argument("--seconds", default=60, type=float)
parser.add_argument("kinds", nargs="+", choices=["fastapi", "express", "lines", "batches"])
arguments = parser.parse_args()
for kind in arguments.kinds:
    run(kind, arguments.qscale, arguments.seconds)
