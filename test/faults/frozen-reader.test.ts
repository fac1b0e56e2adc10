import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';

describe('a reader that hangs', () => {
  let campus: Campus;
  beforeAll(async () => {
    const readers = ['line-1', 'line-2', 'line-3'].map((id) => ({ id, driver: 'line' as const }));
    campus = await Campus.start({ gateways: [{ id: 'gw-a', readers }] });
  });
  afterAll(() => campus?.stop());

  it('holds up nobody else, and is itself again when it wakes', async () => {
    const [frozen, second, third] = ['line-1', 'line-2', 'line-3'].map((id) => campus.reader(id));
    if (frozen === undefined || second === undefined || third === undefined)
      throw new Error('readers are missing');
    await campus.tapNewCard(frozen);
    await inflictFault(frozen.device, 'freeze', {});
    for (let round = 0; round < 20; round++) {
      expect(await Promise.all([campus.tapNewCard(second), campus.tapNewCard(third)])).toEqual([
        'green',
        'green',
      ]);
    }
    await inflictFault(frozen.device, 'thaw', {});
    expect(await campus.tapNewCard(frozen)).toBe('green');
    await expectGreensArePunches(campus);
  });
});
