import { type MessagePort, parentPort } from 'node:worker_threads';
import { isRollcallError } from '@rollcall/protocol/errors';
import { Shard, type StoredTemplate } from '../gallery/shard.js';
import { loadSearch } from './load-kernels.js';
import { packTemplates, unpackTemplates } from './packed-templates.js';
import type { Numbered, ShardAnswer, ShardRequest } from './shard-messages.js';

/** Templates in one answer; about a megabyte. */
const READ_MAX = 256;

/** One thread of a gallery: a shard with kernels of its own. Answers every request, in their order. */
function serve(port: MessagePort): void {
  const shard = new Shard(loadSearch());
  port.on('message', ({ number, message }: Numbered<ShardRequest>) => {
    const answer: Numbered<ShardAnswer> = { number, message: answerTo(shard, message) };
    port.postMessage(answer);
  });
}

function answerTo(shard: Shard, request: ShardRequest): ShardAnswer {
  try {
    return handle(shard, request);
  } catch (error) {
    // Only typed errors have words that are known to hold nothing of a template.
    if (isRollcallError(error)) return { kind: 'failed', code: error.code, message: error.message };
    return { kind: 'failed', code: 'INTERNAL', message: 'A thread of the gallery failed' };
  }
}

function handle(shard: Shard, request: ShardRequest): ShardAnswer {
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
