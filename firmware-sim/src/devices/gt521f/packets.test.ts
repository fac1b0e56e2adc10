import gt521f from '@rollcall/protocol/vectors/gt521f.json' with { type: 'json' };
import { expect, it } from 'vitest';
import { Gt521fReader, response } from './packets.js';

/** One answer of 12 bytes, written with blanks. */
const ANSWER_CHARACTERS = 35;

it('understands every question of the vectors, and answers byte by byte', () => {
  const dialogs = gt521f.vectors.filter(({ name }) => !/wrong|damaged|noise/.test(name));
  const steps: { host?: string; device?: string }[] = dialogs.flatMap(({ dialog }) => dialog);
  const hosts = steps.flatMap(({ host }) => (host === undefined ? [] : [host.replaceAll(' ', '')]));
  expect(hosts.length).toBeGreaterThan(100);
  for (const host of hosts) {
    expect(new Gt521fReader().push(Buffer.from(host, 'hex')), host).toHaveLength(1);
  }
  const answers = steps.flatMap(({ device }) =>
    device?.length === ANSWER_CHARACTERS ? [device.replaceAll(' ', '')] : [],
  );
  expect(answers.length).toBeGreaterThan(100);
  for (const answer of answers) {
    const parameter = Buffer.from(answer, 'hex').readUInt32LE(4);
    const encoded = Buffer.from(response(answer.slice(16, 18) === '30', parameter)).toString('hex');
    expect(encoded.toUpperCase()).toBe(answer);
  }
});
