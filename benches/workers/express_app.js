// A web service as a worker: Express.
const express = require("express");
const fs = require("fs");

const processed = fs.openSync("processed", "a");
const app = express();
app.use(express.text({ type: "*/*" }));
app.post("/jobs", (request, response) => {
  fs.writeSync(processed, `${request.body}\n`);
  response.sendStatus(204);
});
app.listen(Number(process.argv[2]), "127.0.0.1");
