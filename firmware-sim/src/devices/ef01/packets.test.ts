import ef01 from '@rollcall/protocol/vectors/ef01.json' with { type: 'json' };
import { expect, it } from 'vitest';
import { PacketReader, packet } from './packets.js';

it('takes every frame of the vectors apart and puts it together again byte by byte', () => {
  const frames = ef01.vectors
    .filter(({ name }) => !/wrong|damaged|noise/.test(name))
    .flatMap(({ dialog }) => dialog.flatMap((step) => [step.host, step.device]))
    .flatMap((hex) => (hex === undefined ? [] : [hex.replaceAll(' ', '')]));
  expect(frames.length).toBeGreaterThan(300);
  for (const frame of frames) {
    const [read] = new PacketReader().push(Buffer.from(frame, 'hex'));
    const { kind = 0, content = new Uint8Array(), address } = read ?? {};
    expect(read?.isIntact, frame).toBe(true);
    const encoded = Buffer.from(packet(kind, content, address)).toString('hex');
    expect(encoded.toUpperCase()).toBe(frame);
  }
});
