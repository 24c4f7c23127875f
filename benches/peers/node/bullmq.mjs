// BullMQ with jobs that do nothing: node bullmq.mjs fill|work ITEMS CONCURRENCY PORT
// `work` prints the seconds from the worker's start to its last job.
import { Queue, Worker } from 'bullmq';

const [what, ...numbers] = process.argv.slice(2);
const [items, concurrency, port] = numbers.map(Number);
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };

if (what === 'fill') {
  const queue = new Queue('bench', { connection });
  const job = { name: 'nothing', data: { text: 'x'.repeat(88) }, opts: { removeOnComplete: true } };
  for (let added = 0; added < items; added += 500) {
    await queue.addBulk(Array(Math.min(500, items - added)).fill(job));
  }
  await queue.close();
} else {
  let completed = 0;
  const start = process.hrtime.bigint();
  const worker = new Worker('bench', async () => {}, { connection, concurrency });
  await new Promise((resolve) => worker.on('completed', () => ++completed === items && resolve()));
  console.log(Number(process.hrtime.bigint() - start) / 1e9);
  process.exit(0);
}
