"""A web service as a worker: FastAPI, on uvicorn."""

import os

from fastapi import FastAPI, Request, Response

app = FastAPI()
processed = os.open("processed", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


@app.post("/jobs")
async def process(request: Request):
    os.write(processed, await request.body() + b"\n")
    return Response(status_code=204)
