import { gatewayEventSchema } from '@rollcall/protocol/gateway-event';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { stampOf, storeFixture } from '../store/store.fixture.js';
import { createRecordRefusedFinger, type RecordRefusedFingerOptions } from './record-refused-finger.js';

function fixture(over: Partial<RecordRefusedFingerOptions> = {}) {
  const f = storeFixture({ writer: { schedule: setImmediate } });
  const record = createRecordRefusedFinger({
    stampAt: stampOf(f.clock),
    append: (row) => f.writer.append(row),
    log: silentLog,
    ...over,
  });
  const refuse = () =>
    record({
      deviceId: 'line-r101',
      reason: 'liveness',
      monoMs: f.clock.monoMs(),
      wallMs: f.clock.wallMs(),
    });
  return { ...f, refuse };
}

describe('a finger that is not a living one', () => {
  it('case 117: is on disk as an event of its place, time and reason before the light, and nothing else', async () => {
    const f = fixture();
    const at = new Date(f.clock.wallMs()).toISOString();
    expect(await f.refuse()).toBe('not_recognized');
    const [row, ...others] = f.store.outbox.read(1, 100);
    expect([row?.kind, others]).toEqual(['event', []]);
    const event = gatewayEventSchema.parse({ seq: row?.seq, ...JSON.parse(row?.body ?? '') });
    expect(event.detail).toEqual({ type: 'finger_refused', device_id: 'line-r101', reason: 'liveness' });
    expect(event.occurred_at).toBe(at);
  });

  it.each<[string, RecordRefusedFingerOptions['append']]>([
    ['is full', async () => ({ kept: false, code: 'STORE_FULL' })],
    [
      'fails',
      async () => {
        throw new Error('no disk');
      },
    ],
  ])('is nobody’s all the same when the disk %s', async (_what, append) => {
    expect(await fixture({ append }).refuse()).toBe('not_recognized');
  });
});
