import { describe, expect, it } from 'vitest';
import { NACK } from './codes.js';
import type { Gt521fLink } from './link.js';
import { Gt521fModule } from './module.js';

const MODEL = { templateBytes: 498, width: 258, height: 202 };

/** A module that refuses every command for this reason. */
function refusing(parameter: number): Gt521fModule {
  const link = { ask: async () => ({ isAck: false, parameter }) };
  const module = new Gt521fModule(link as unknown as Gt521fLink, MODEL);
  module.slots.note([1, 2]);
  return module;
}

describe('a template that is deleted', () => {
  it('does not count as gone where the module refused', async () => {
    const module = refusing(NACK.badId);
    await expect(module.deleteTemplate(1)).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
    // Nobody knows: neither number of fingers is a surprise.
    expect([module.slots.areKnown, module.slots.areAs(2)]).toEqual([false, true]);
  });

  it.each([NACK.notUsed, NACK.databaseEmpty])('counts as gone where there is none (%i)', async (reason) => {
    const module = refusing(reason);
    await module.deleteTemplate(1);
    expect([module.slots.areAs(1), module.slots.areAs(2)]).toEqual([true, false]);
  });
});
