import { identify } from './identity.js';
import type { Ef01Module } from './module.js';

/** Tells whether the module on the line is still the one with which the connection began. */
export class SameModule {
  readonly #module: Ef01Module;
  readonly #identity: string | undefined;
  readonly #kind: string;

  /** @param module as it was opened, its parameters and product read. */
  constructor(module: Ef01Module, identity: string | undefined) {
    this.#module = module;
    this.#identity = identity;
    this.#kind = kindOf(module);
  }

  /**
   * By its parameters, its product, the name that it keeps for us, and its index table: clones have no more than that.
   * Nothing is written: a module without a name is another one.
   */
  async check(): Promise<boolean> {
    const module = this.#module;
    await module.readParameters();
    if (module.product !== undefined) await module.readProduct();
    if (kindOf(module) !== this.#kind) return false;
    if ((await identify(module, undefined)) !== this.#identity) return false;
    // Some clones have no index table: there the slots are never known.
    return !module.slots.areKnown || module.slots.areAs(await module.readIndex());
  }
}

function kindOf({ parameters, product }: Ef01Module): string {
  return JSON.stringify([parameters?.systemId, parameters?.capacity, parameters?.address, product]);
}
