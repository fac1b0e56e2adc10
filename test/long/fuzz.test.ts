import type { DriverEvent, DriverSession } from '@rollcall/gateway/drivers/driver';
import { drivers } from '@rollcall/gateway/drivers/registry';
import { RollcallError } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { decodeSignedBatch } from '@rollcall/protocol/signed-batch';
import { parseTopic } from '@rollcall/protocol/topics';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Each property gets this long; what it reaches differs from machine to machine, what it proves does not. */
const BUDGET_MS = 15_000;
const LONG = { numRuns: 100_000_000, interruptAfterTimeLimit: BUDGET_MS, markInterruptAsFailure: false };
/** The drivers share the time of two properties: more families must not make the suite longer. */
const DRIVER_BUDGET_MS = Math.round((2 * BUDGET_MS) / drivers.length);
const EACH_DRIVER = { ...LONG, interruptAfterTimeLimit: DRIVER_BUDGET_MS };
const CHUNK_BYTES_MAX = 1_200;

/** What devices really send, so that the fuzzer does not have to find it. */
const SEEDS = [
  'CARD,04A1B2C3D4E5F6,A,000001*',
  'HELLO,rollcall,1.0,1*2F\n',
  'GONE,04A1B2C3D4E5F6,000001*',
  'HB,000010*',
  '\u00020F00A1B2C31F\u0003',
  '\u0002000000000000\u0003',
  'Card UID: 4A 8D 69 4F\r\n',
  '{"uid":"4A8D694F"}\n',
  '0x4A, 0x8D, 0x69, 0x4F\n',
  '74,141,105,79\n',
  '1250781519\n',
];

const chunk = fc.oneof(
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: CHUNK_BYTES_MAX }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(...SEEDS).map((text) => Uint8Array.from(Buffer.from(text, 'latin1'))),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('\n', '\r\n', '\u0002', '\u0003', '*', ',')
      .map((text) => Uint8Array.from(Buffer.from(text))),
  },
);

function session(driverId: string): { session: DriverSession; events: DriverEvent[]; clock: ManualClock } {
  const driver = drivers.find(({ id }) => id === driverId);
  if (driver === undefined) throw new Error(`there is no driver ${driverId}`);
  const clock = new ManualClock();
  const events: DriverEvent[] = [];
  return {
    clock,
    events,
    session: driver.open({
      deviceId: 'fuzzed',
      options: driver.options.parse({}),
      clock,
      write: () => Promise.resolve(),
      setBaud: () => Promise.resolve(),
      features: { set: () => Promise.resolve(), get: () => Promise.resolve(new Uint8Array(9)) },
      randomBytes: (count) => new Uint8Array(count),
      terminal: {
        keep: async ({ logs = [] }) => ({ fresh: logs.length, repeated: 0 }),
        recall: () => undefined,
        clockState: () => 'synced',
      },
      readSecret: () => '',
      takeTurn: async () => () => undefined,
      conceal: () => undefined,
      giveUp: () => undefined,
      emit: (event) => events.push(event),
      capture: () => undefined,
      count: () => undefined,
    }),
  };
}

function takesReports(driverId: string): boolean {
  return drivers.find(({ id }) => id === driverId)?.link.kind === 'hid';
}

/** What a session made of its bytes: which cards, in which order. */
function cardsOf(events: readonly DriverEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'card' ? [JSON.stringify(event.read)] : []));
}

describe.each(drivers.map(({ id }) => id))('the driver %s, fed anything', (driverId) => {
  it('never throws and leaves no timer behind', { timeout: BUDGET_MS * 4 }, () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 30 }), (chunks) => {
        const { session: fed, clock } = session(driverId);
        for (const bytes of chunks) {
          fed.onBytes(bytes);
          clock.advance(50);
        }
        fed.close();
        expect(clock.pendingTimers).toBe(0);
      }),
      EACH_DRIVER,
    );
  });

  // Nothing splits a report.
  it.skipIf(takesReports(driverId))(
    'reads the same cards however the bytes are split',
    { timeout: BUDGET_MS * 4 },
    () => {
      fc.assert(
        fc.property(
          fc.array(chunk, { maxLength: 12 }),
          fc.array(fc.nat({ max: 40 }), { minLength: 1 }),
          (chunks, cuts) => {
            const bytes = Buffer.concat(chunks);
            const whole = session(driverId);
            whole.session.onBytes(bytes);
            const split = session(driverId);
            for (let from = 0, cut = 0; from < bytes.length; cut++) {
              const size = Math.max(1, cuts[cut % cuts.length] ?? 1);
              split.session.onBytes(bytes.subarray(from, from + size));
              from += size;
            }
            expect(cardsOf(split.events)).toEqual(cardsOf(whole.events));
            whole.session.close();
            split.session.close();
          },
        ),
        EACH_DRIVER,
      );
    },
  );
});

describe('what arrives from the network', () => {
  it('is either a signed batch or a RollcallError', { timeout: BUDGET_MS * 4 }, () => {
    const header = fc.constantFrom(
      '{"v":1,"key_id":"0123456789abcdef","signature":"x"}\n',
      '{"v":2}\n',
      '{"v":1}\n',
      '\n',
      '{',
    );
    const message = fc
      .tuple(fc.option(header, { nil: '' }), fc.uint8Array({ maxLength: 800 }))
      .map(([head, tail]) => Uint8Array.from([...Buffer.from(head), ...tail]));
    fc.assert(
      fc.property(message, (bytes) => {
        try {
          const { body } = decodeSignedBatch(bytes);
          expect(body.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(RollcallError);
        }
      }),
      LONG,
    );
  });

  it('is a topic of the contract or none', { timeout: BUDGET_MS * 4 }, () => {
    const part = fc.oneof(
      fc.constantFrom(
        'rollcall',
        'v1',
        'gw-a',
        'up',
        'down',
        'device',
        'status',
        'punch',
        'cmd',
        'ack',
        '+',
        '#',
        '',
      ),
      fc.string({ maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
        const topic = parseTopic(parts.join('/'));
        if (topic !== undefined) expect(topic.gatewayId).toMatch(/^[a-z0-9][a-z0-9-]{0,30}$/);
      }),
      LONG,
    );
  });
});
