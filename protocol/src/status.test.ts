import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';
import { BOOT_ID, STORE_ID, status } from './sample-messages.test-support.js';
import { type Status, statusSchema, supersedes } from './status.js';

const OTHER_BOOT = STORE_ID;
const said = (state: Status['state'], session: number, boot_id = BOOT_ID) => ({ state, session, boot_id });

describe('a status', () => {
  it('survives the wire as birth and as will', () => {
    expectRoundTrip<Status>(statusSchema, status);
    expectRoundTrip<Status>(statusSchema, { ...status, state: 'offline' });
  });

  it('is refused with the place', () => {
    expectRefusals<Status>(statusSchema, status, [
      ['v', 0, 'v:'],
      ['state', 'asleep', 'state'],
      ['session', 0, 'session'],
      ['boot_id', null, 'boot_id'],
      ['software', 'x'.repeat(33), 'software'],
      ['at', '2026-07-07', 'at:'],
    ]);
  });
});

describe('which status is newer', () => {
  it('is the birth of a later connection, and the will of the same one', () => {
    expect(supersedes(said('online', 13), said('online', 12))).toBe(true);
    expect(supersedes(said('offline', 12), said('online', 12))).toBe(true);
    expect(supersedes(said('offline', 13), said('online', 12))).toBe(true);
  });

  it('is never a will that overtook the birth after it', () => {
    expect(supersedes(said('offline', 11), said('online', 12))).toBe(false);
    expect(supersedes(said('offline', 11, OTHER_BOOT), said('online', 12))).toBe(false);
  });

  it('is no birth delivered again after its will', () => {
    expect(supersedes(said('online', 12), said('offline', 12))).toBe(false);
    expect(supersedes(said('online', 11), said('offline', 12))).toBe(false);
  });

  it('is the birth of another boot, whose new disk counts from 1 again, and its will', () => {
    expect(supersedes(said('online', 1, OTHER_BOOT), said('online', 57))).toBe(true);
    expect(supersedes(said('offline', 1, OTHER_BOOT), said('online', 1, OTHER_BOOT))).toBe(true);
    expect(supersedes(said('offline', 12, OTHER_BOOT), said('online', 12))).toBe(false);
  });

  it('is the last of one boot whatever the order of arrival', () => {
    const lifetime = fc.integer({ min: 1, max: 8 }).chain((sessions) => {
      const all = Array.from({ length: sessions }, (_, index) => [
        said('online', index + 1),
        said('offline', index + 1),
      ]);
      return fc.shuffledSubarray(all.flat(), { minLength: all.length * 2, maxLength: all.length * 2 });
    });
    fc.assert(
      fc.property(lifetime, (messages) => {
        const [first, ...rest] = messages;
        const last = rest.reduce(
          (known, next) => (known !== undefined && supersedes(next, known) ? next : known),
          first,
        );
        expect(last).toEqual(said('offline', messages.length / 2));
      }),
    );
  });
});
