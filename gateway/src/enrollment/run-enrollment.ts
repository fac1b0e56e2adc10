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
    if (sensor.matchedBy === 'sensor') {
      await takeOnSensor({ args, sensor, keep, report, signal, slots });
      return;
    }
    const engine = templates.openEngine();
    try {
      await takeFingers({ args, sensor, keep, report, signal, engine });
    } finally {
      await engine.close();
    }
  } finally {
    reserved.release();
  }
}
