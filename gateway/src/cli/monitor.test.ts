import { describe, expect, it } from 'vitest';
import { findDriver } from '../drivers/registry.js';
import { describeEvent, monitor, parseDriverOptions } from './monitor.js';

const STAMP = { monoMs: 1, wallMs: Date.UTC(2026, 6, 1, 4, 30) };

function options(driverId: string, ...pairs: string[]): unknown {
  const driver = findDriver(driverId);
  if (driver === undefined) throw new Error(driverId);
  return parseDriverOptions(driver, pairs);
}

describe('monitor', () => {
  it('takes options as key=value, by the schema of the driver', () => {
    expect(options('line', 'baud=9600', 'order=le')).toMatchObject({ baud: 9600, order: 'le' });
    expect(options('rdm6300', 'single_frame=true')).toEqual({ hold_off_ms: 500, single_frame: true });
    expect(options('pn532', 'technologies=["a","felica"]', 'aid="123456"')).toMatchObject({
      technologies: ['a', 'felica'],
      aid: '123456',
    });
    expect(() => options('pn532', 'technologies=["a"')).toThrow(/no JSON/);
    expect(() => options('line', 'bud=9600')).toThrow(
      /--option\.bud: is not an option; did you mean "baud"\?/,
    );
    expect(() => options('line', 'baud=1')).toThrow(/--option\.baud: must be one of 9600/);
    expect(() => options('line', 'baud')).toThrow(/key=value/);
  });

  it('refuses an unknown driver with the known ones, and a port that is none', async () => {
    await expect(monitor({ driver: 'rdm', port: '/dev/x', option: [] })).rejects.toThrow(/line, .*rdm6300/);
    await expect(monitor({ driver: 'line', port: 'ttyUSB0', option: [] })).rejects.toThrow(
      /--port must be an absolute path/,
    );
  });

  it('refuses a capture file that cannot be written before it reads anything', async () => {
    await expect(
      monitor({ driver: 'line', port: '/dev/x', option: [], capture: '/nonexistent/capture.json' }),
    ).rejects.toThrow(/--capture \/nonexistent\/capture\.json cannot be written/);
  });

  it('says how many keys were pressed, never which: they may be a PIN', () => {
    expect(describeEvent({ type: 'keys', digits: '471108#' }, STAMP)).toEqual({
      type: 'keys',
      at: '2026-07-01T04:30:00.000Z',
      count: 7,
    });
  });

  it('prints a card in full, strongest form first', () => {
    const values = { u32: 'number32:4A8D694F', full: 'iso14443a:4A8D694F' };
    expect(
      describeEvent({ type: 'card', read: { technology: 'iso14443a', values }, unverified: true }, STAMP),
    ).toEqual({
      type: 'card',
      at: '2026-07-01T04:30:00.000Z',
      uid: 'iso14443a:4A8D694F',
      technology: 'iso14443a',
      values,
      unverified: true,
    });
    expect(describeEvent({ type: 'card_removed' }, STAMP)).toEqual({
      type: 'card_removed',
      at: '2026-07-01T04:30:00.000Z',
    });
  });
});
