import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export function forEachLine(stream: Readable, onLine: (text: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
}
