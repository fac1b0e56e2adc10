import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import express from 'express';

/** The floor of the comparison: Express 5, a JSON body read and a JSON answer written, and nothing else. */
export async function startBareExpress(): Promise<{ port: number; stop(): Promise<number> }> {
  const worker = new Worker(fileURLToPath(import.meta.url));
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return { port, stop: () => worker.terminate() };
}

if (!isMainThread) {
  const app = express();
  app.use(express.json());
  app.post('/scan/', (request, response) => {
    response.json({ mark: 'present', session: (request.body as { session?: string }).session ?? null });
  });
  const server = app.listen(0, '127.0.0.1', () =>
    parentPort?.postMessage((server.address() as AddressInfo).port),
  );
}
