"""Celery with tasks that do nothing: python3 celery_jobs.py fill|work ITEMS CONCURRENCY PORT

`work` prints the seconds from the first finished task to the last, of all.
"""

import os
import subprocess
import sys
import time

import redis
from celery import Celery

port = os.environ.get("BENCH_PORT") or sys.argv[4]
app = Celery("celery_jobs", broker=f"redis://127.0.0.1:{port}/0")
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=16)


@app.task
def nothing(text):
    pass


def work(items, concurrency):
    server = redis.Redis(port=int(port))
    words = ["worker", "--concurrency", concurrency, "--loglevel", "CRITICAL", "--without-gossip", "--without-mingle"]
    command = [sys.executable, "-m", "celery", "--app", "celery_jobs", *words]
    environment = os.environ | {"BENCH_PORT": port}
    folder = os.path.dirname(os.path.abspath(__file__))
    worker = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while server.llen("celery") == items:
        time.sleep(0.005)
    start = time.monotonic()
    while server.llen("celery") + server.hlen("unacked") > 0:
        time.sleep(0.005)
    print(time.monotonic() - start)
    worker.terminate()
    worker.wait()


if __name__ == "__main__":
    what, items, concurrency = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if what == "fill":
        with app.pool.acquire(block=True) as connection:
            for _ in range(items):
                nothing.apply_async(("x" * 88,), connection=connection)
    else:
        work(items, concurrency)
