import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { drivers } from '@rollcall/gateway/drivers/registry';
import { describe, expect, it } from 'vitest';
import { projectFiles, ROOT } from './tree.js';

describe.each(drivers.map((driver) => driver.id))('driver %s', (id) => {
  it.each([
    ['a driver', `gateway/src/drivers/${id}.ts`],
    ['an independent simulated device', `firmware-sim/src/devices/${id}.ts`],
    ['vectors', `protocol/vectors/${id}.json`],
    ['a page for the technician', `docs/readers/${id}.md`],
  ])('has %s', (_what, path) => {
    expect(existsSync(join(ROOT, path)), path).toBe(true);
  });
});

describe('the driver registry', () => {
  it('omits no driver that has vectors', () => {
    const withVectors = projectFiles()
      .filter((name) => /^protocol\/vectors\/[^/]+\.json$/.test(name))
      .map((name) => name.slice('protocol/vectors/'.length, -'.json'.length));
    expect(drivers.map((driver) => driver.id).sort()).toEqual(withVectors.sort());
  });
});
