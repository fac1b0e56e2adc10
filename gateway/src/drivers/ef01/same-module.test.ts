import { describe, expect, it } from 'vitest';
import { KnownSlots } from '../finger/known-slots.js';
import type { Ef01Module } from './module.js';
import type { ProductInformation, SystemParameters } from './parameters.js';
import { SameModule } from './same-module.js';

/** A clone that keeps no notes and tells no product: nothing but its parameters and its slots tell it from another. */
class Clone {
  product: ProductInformation | undefined;
  parameters: SystemParameters = {
    systemId: 9,
    capacity: 150,
    securityLevel: 3,
    address: 0xffffffff,
    packetBytes: 128,
    baud: 57_600,
  };
  readonly slots = new KnownSlots();
  index: number[] = [0, 1];

  async readParameters(): Promise<SystemParameters> {
    return this.parameters;
  }

  async readNotepad(): Promise<undefined> {
    return undefined;
  }

  async readIndex(): Promise<number[]> {
    return this.index;
  }
}

describe('a clone without a name', () => {
  it('is another one when it has other slots, or is of another kind', async () => {
    const clone = new Clone();
    const same = new SameModule(clone as unknown as Ef01Module, undefined);
    expect(await same.check()).toBe(true);
    clone.slots.note([0, 1]);
    expect(await same.check()).toBe(true);
    clone.index = [0, 2];
    expect(await same.check()).toBe(false);
    clone.index = [0, 1];
    clone.parameters = { ...clone.parameters, capacity: 300 };
    expect(await same.check()).toBe(false);
  });
});
