import { type MessagePort, parentPort } from 'node:worker_threads';
import { isRollcallError } from '@rollcall/protocol/errors';
import { extract } from '../extract/extract.js';
import { Shard, type StoredTemplate } from '../gallery/shard.js';
import type { Kernels } from '../kernels/kernels.js';
import { encodeTemplate } from '../template/record.js';
import { loadKernels, loadSearch } from './load-kernels.js';
import { packTemplates, unpackTemplates } from './packed-templates.js';
import type { Numbered, ShardAnswer, ShardRequest } from './shard-messages.js';

/** Templates in one answer; about a megabyte. */
const READ_MAX = 256;

interface Thread {
  shard: Shard;
  kernels: Kernels;
}

/** One thread of a gallery: a shard with kernels of its own. Answers every request, in their order. */
function serve(port: MessagePort): void {
  const thread = { shard: new Shard(loadSearch()), kernels: loadKernels() };
  port.on('message', ({ number, message }: Numbered<ShardRequest>) => {
    const answer: Numbered<ShardAnswer> = { number, message: answerTo(thread, message) };
    port.postMessage(answer);
  });
}

function answerTo(thread: Thread, request: ShardRequest): ShardAnswer {
  try {
    return handle(thread, request);
  } catch (error) {
    // Only typed errors have words that are known to hold nothing of a template.
    if (isRollcallError(error)) return { kind: 'failed', code: error.code, message: error.message };
    return { kind: 'failed', code: 'INTERNAL', message: 'A thread of the gallery failed' };
  }
}

function handle({ shard, kernels }: Thread, request: ShardRequest): ShardAnswer {
  switch (request.kind) {
    case 'add':
      shard.add(request.id, request.finger, request.record);
      return { kind: 'done' };
    case 'store':
      for (const template of unpackTemplates(request.templates)) shard.store(template);
      return { kind: 'done' };
    case 'remove':
      return { kind: 'removed', wasThere: shard.remove(request.id) };
    case 'begin':
      shard.begin(request.probe);
      return { kind: 'done' };
    case 'round':
      return { kind: 'ranked', ranked: shard.answer(request.round) };
    case 'extract': {
      const { template, quality } = extract(request.image, kernels);
      return { kind: 'extracted', record: encodeTemplate(template), quality };
    }
    case 'read': {
      const templates: StoredTemplate[] = [];
      for (let at = request.from; at < shard.size && templates.length < READ_MAX; at += 1) {
        templates.push(shard.at(at));
      }
      const next = request.from + templates.length;
      return {
        kind: 'read',
        templates: packTemplates(templates),
        next: next < shard.size ? next : undefined,
      };
    }
  }
}

if (parentPort !== null) serve(parentPort);
