import type { EnrollArgs } from '@rollcall/protocol/enrollment';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import type { EnrollmentEngine } from './enrollment-engine.js';
import type { KeepTemplate } from './keep-template.js';
import { type Report, takeFingers } from './take-fingers.js';
import { type SensorSlots, takeOnSensor } from './take-on-sensor.js';

/** A scanner that takes no attendance until it is given back. */
export interface ReservedScanner {
  sensor: FingerSensor;
  slots: SensorSlots;
  release(): void;
}

/** Where templates come from and go to. */
export interface Templates {
  openEngine(): EnrollmentEngine;
  /** Whether anything is enrolled that the engine can compare. */
  hasEngineTemplates(): boolean;
  keep: KeepTemplate;
}

export interface RunEnrollmentOptions {
  args: EnrollArgs;
  reserved: ReservedScanner;
  templates: Templates;
  report: Report;
  signal: AbortSignal;
}

/**
 * One enrollment from the first prompt to the last template, the way that fits the scanner; it is given back however
 * this ends.
 *
 * @throws RollcallError what ended it
 */
export async function runEnrollment(options: RunEnrollmentOptions): Promise<void> {
  const { args, reserved, templates, report, signal } = options;
  const { sensor, slots } = reserved;
  const { keep } = templates;
  try {
    signal.throwIfAborted();
    report({ step: 'started' });
    if (sensor.matchedBy === 'gateway') {
      await withEngine(templates, (engine) => takeFingers({ args, sensor, keep, report, signal, engine }));
      return;
    }
    const take = (search: EnrollmentEngine | undefined): Promise<void> =>
      takeOnSensor({ args, sensor, keep, report, signal, slots, search });
    if (templates.hasEngineTemplates()) await withEngine(templates, take);
    else await take(undefined);
  } finally {
    reserved.release();
  }
}

async function withEngine(
  templates: Templates,
  work: (engine: EnrollmentEngine) => Promise<void>,
): Promise<void> {
  const engine = templates.openEngine();
  try {
    await work(engine);
  } finally {
    await engine.close();
  }
}
