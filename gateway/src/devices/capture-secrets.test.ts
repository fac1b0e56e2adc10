import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { REPLY } from '../drivers/osdp/codes.js';
import { encodePacket } from '../drivers/osdp/packet.js';
import { encodeCommand } from '../drivers/pn532/frame.js';
import { Pn532Link } from '../drivers/pn532/link.js';
import { CaptureRing } from './capture-ring.js';
import { SupervisorBench } from './supervisor.fixture.js';

const PIN = '471108';
const PACK = Uint8Array.of(0xab, 0xcd);

/** Everything that a capture file could show, as text and as hex. */
function shown(ring: CaptureRing): string {
  const bytes = Buffer.concat(ring.pieces().map((piece) => piece.bytes));
  return `${bytes.toString('latin1')} ${bytes.toString('hex')}`;
}

describe('the capture of an OSDP keypad', () => {
  const keys = Uint8Array.of(0, PIN.length, ...Buffer.from(PIN));
  const pressed = encodePacket({
    address: 3,
    isReply: true,
    sequence: 1,
    hasCrc: true,
    code: REPLY.keypad,
    data: keys,
  });
  const broken = Uint8Array.from(pressed);
  broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 0x10;

  it.each([
    ['whole', [pressed]],
    ['with a wrong check', [broken]],
    ['cut before its end', [pressed.subarray(0, pressed.length - 3)]],
    ['without its beginning', [pressed.subarray(4)]],
    ['in two reads', [pressed.subarray(0, 9), pressed.subarray(9)]],
  ])('holds none of the digits of a packet that came %s, at no moment', async (_how, chunks) => {
    const bench = new SupervisorBench('osdp', { options: { address: 3 } });
    bench.supervisor.start();
    await bench.advance(250);
    const before = shown(bench.supervisor.capture).length;
    for (const chunk of chunks) {
      bench.port.last.receive(Buffer.from(chunk));
      expect(shown(bench.supervisor.capture)).not.toMatch(/4711|1108|34373131|31313038/);
    }
    await bench.advance(1_000);
    const text = shown(bench.supervisor.capture);
    expect(text).not.toMatch(/4711|1108|34373131|31313038/);
    // That something came is seen.
    expect(text.length).toBeGreaterThan(before);
    await bench.supervisor.stop();
  });
});

describe('the capture of a keypad behind a Wiegand bridge', () => {
  it('holds no key, whether its line is understood, torn or never ended, and still every card', async () => {
    const bench = new SupervisorBench('wiegand');
    await bench.startReady();
    const { last } = bench.port;
    last.receive('\r\n26:2F623AE\r\n');
    last.receive('4:4\r\n4:7\r\n');
    last.receive('4;1\r\n4:1\r');
    last.receive('x4:0\r\n8:C8\r\n');
    last.receive('26:2F623AE\r\n');
    last.receive('4:8');
    const text = shown(bench.supervisor.capture);
    expect(text).not.toMatch(/4[:;]|8:/);
    expect(text.match(/26:2F623AE/g)).toHaveLength(2);
    await bench.supervisor.stop();
  });
});

describe('the capture of a PN532', () => {
  const ACK = Uint8Array.of(0, 0, 0xff, 0, 0xff, 0);
  const answer = encodeCommand(Uint8Array.of(0x43, 0, ...PACK));

  function fixture() {
    const clock = new ManualClock();
    const ring = new CaptureRing();
    const link = new Pn532Link({
      clock,
      write: async (bytes) => ring.add('out', clock.monoMs(), bytes),
      onTimeout: () => undefined,
      onSecretWritten: () => ring.conceal(),
    });
    const heard = (bytes: Uint8Array): void => ring.add('in', clock.monoMs(), bytes);
    const sent = link.send('a password', Uint8Array.of(0x42, 0x1b, 1, 2, 3, 4), {
      timeoutMs: 100,
      isSecret: true,
      isRepeatable: false,
    });
    sent.catch(() => undefined);
    heard(ACK);
    link.receive({ type: 'ack' });
    return { clock, ring, link, heard, sent };
  }

  it('holds neither the password of an NTAG nor the PACK that answers it', async () => {
    const { ring, link, heard, sent } = fixture();
    heard(answer.subarray(0, 6));
    heard(answer.subarray(6));
    link.receive({ type: 'response', code: 0x43, data: Uint8Array.of(0, ...PACK) });
    await sent;
    expect(shown(ring)).not.toMatch(/01020304|abcd/);
    ring.add('out', 0, Uint8Array.of(0x4a));
    heard(Uint8Array.of(0x5a));
    expect(shown(ring)).toContain('4a5a');
  });

  it('holds no PACK that came broken and was asked for again, nor one that came after the time for it', async () => {
    const { clock, ring, link, heard } = fixture();
    heard(answer);
    link.receivedBroken();
    heard(answer);
    clock.advance(200);
    heard(answer);
    expect(shown(ring)).not.toContain('abcd');
  });
});
