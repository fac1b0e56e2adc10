import { type Clock, delay } from '@rollcall/protocol/clock';
import {
  type EnrollArgs,
  type EnrollmentProgress,
  fingerPositionsSchema,
} from '@rollcall/protocol/enrollment';
import { RollcallError } from '@rollcall/protocol/errors';
import { parseValue } from '@rollcall/protocol/parse';
import { systemClock } from '@rollcall/protocol/system-clock';
import * as z from 'zod';
import { loadConfig } from '../config/load.js';
import type { DeviceConfig, GatewayConfig } from '../config/schema.js';
import { Supervisor } from '../devices/supervisor.js';
import type { FingerSensor } from '../drivers/finger/sensor.js';
import { findDriver } from '../drivers/registry.js';
import { GalleryEngine, hasEngineTemplates } from '../enrollment/enrollment-engine.js';
import { endOf } from '../enrollment/enrollments.js';
import { createKeepTemplate } from '../enrollment/keep-template.js';
import { reserveScanner } from '../enrollment/reserve-scanner.js';
import { runEnrollment, type Templates } from '../enrollment/run-enrollment.js';
import { type CentralAccess, sendJson } from '../enrollment/send-json.js';
import { FingerSlots } from '../identify/finger-slots.js';
import type { TemplateSeal } from '../identify/template-seal.js';
import { TemplateStore } from '../identify/template-store.js';
import { silentLog } from '../log.js';
import { readSecrets } from '../secrets.js';
import type { Store } from '../store/store.js';
import { createOpenTransport } from '../transport/open-transport.js';
import { identifyPort } from '../transport/port-identity.js';
import { describeProgress } from './finger-words.js';
import { openStoppedStore } from './open-stopped-store.js';

export interface EnrollOptions {
  config: string;
  student: string;
  finger: readonly string[];
  device: string;
  consent: string;
}

/** A module that is connected answers sooner, even after all its speeds were tried. */
const SCANNER_WITHIN_MS = 20_000;
const openedSchema = z.object({ enrollment: z.guid() });

/**
 * Enrolls at the gateway's own terminal, for a scanner in an office without another computer. It opens the scanner
 * itself, so the gateway must not be running; central has to be reachable.
 */
export async function fingerEnroll(options: EnrollOptions): Promise<number> {
  const { config } = loadConfig({ file: options.config, env: process.env });
  const { templateSeal, password, ca } = readSecrets(config);
  if (templateSeal === undefined) {
    throw new RollcallError(
      'KEY_INVALID',
      'This gateway has no key for templates: set fingers.template_key_file, the same key on every gateway',
    );
  }
  const device = scannerOf(config, options.device);
  const fingers = parseValue(
    fingerPositionsSchema,
    options.finger.map(Number),
    'REQUEST_INVALID',
    'Give --finger 1 to 10, each once: it',
  );
  const { centralUrl } = config.uplink;
  const access: CentralAccess = { gatewayId: config.gateway.id, centralUrl, password, ca };
  const stopped = untilStopped();
  const store = openStoppedStore(
    config.gateway.dataDir,
    'begin the enrollment in central (POST /api/v1/attendance/enrollments/)',
  );
  try {
    await withScanner(device, stopped, async (sensor) => {
      const enrollment = await open(access, { ...options, fingers, signal: stopped });
      const args: EnrollArgs = {
        enrollment_id: enrollment,
        device_id: device.id,
        student_ref: options.student,
        fingers,
      };
      await take({ args, sensor, store, access, templateSeal, signal: stopped });
    });
    return 0;
  } finally {
    store.close();
  }
}

function scannerOf({ devices }: GatewayConfig, id: string): DeviceConfig {
  const device = devices.find((one) => one.id === id);
  if (device !== undefined && findDriver(device.driver)?.kind === 'finger') return device;
  const scanners = devices.filter(({ driver }) => findDriver(driver)?.kind === 'finger');
  throw new RollcallError(
    'REQUEST_INVALID',
    `--device ${id} is no fingerprint scanner of this gateway; it has ${scanners.map((one) => one.id).join(', ') || 'none'}`,
  );
}

async function open(
  access: CentralAccess,
  {
    student,
    device,
    fingers,
    consent,
    signal,
  }: Omit<EnrollOptions, 'finger' | 'config'> & { fingers: number[]; signal: AbortSignal },
): Promise<string> {
  const body = { student_ref: student, device_id: device, fingers, consent };
  const answer = await sendJson(access, { method: 'POST', path: 'enrollments/', body, signal });
  return parseValue(openedSchema, answer, 'MESSAGE_INVALID', 'The answer of central').enrollment;
}

async function take(session: {
  args: EnrollArgs;
  sensor: FingerSensor;
  store: Store;
  access: CentralAccess;
  templateSeal: TemplateSeal;
  signal: AbortSignal;
}): Promise<void> {
  const { args, sensor, store, access, templateSeal: seal, signal } = session;
  const stored = new TemplateStore(store.db);
  const templates: Templates = {
    keep: createKeepTemplate({ seal, clock: systemClock, access, send: sendJson }),
    openEngine: () => new GalleryEngine({ store: stored, seal, log: silentLog }),
    hasEngineTemplates: () => hasEngineTemplates(stored),
  };
  const slots = new FingerSlots(store.db);
  const tell = teller(access, args.enrollment_id);
  try {
    const reserved = await reserveScanner(args.device_id, sensor, { slots, templates: stored, signal });
    await runEnrollment({
      args,
      reserved,
      templates,
      report: (progress) => {
        say(describeProgress(progress));
        tell.next(progress);
      },
      signal,
    });
  } catch (error) {
    const end = endOf(error);
    tell.next(end);
    // Whose finger it is otherwise is not for this terminal (domain case 115).
    if (end.step === 'failed' && end.reasons !== undefined) {
      say(
        describeProgress({
          step: 'rejected',
          finger_position: end.finger_position ?? args.fingers[0] ?? 1,
          reasons: end.reasons,
          quality: null,
        }),
      );
    }
    throw error;
  } finally {
    await tell.done();
  }
}

/** Tells central one thing after the other; what does not come through is told to the person at the terminal anyway. */
function teller(access: CentralAccess, enrollmentId: string) {
  const path = `enrollments/${enrollmentId}/progress/`;
  const never = new AbortController().signal;
  let last: Promise<unknown> = Promise.resolve();
  return {
    next(progress: EnrollmentProgress): void {
      const body = { progress };
      last = last
        .then(() => sendJson(access, { method: 'POST', path, body, signal: never }))
        .catch((error: unknown) => say(`Central was not told: ${String((error as Error).message)}`));
    },
    done: () => last,
  };
}

/** @throws RollcallError `DEVICE_TIMEOUT` with what the scanner's port says */
async function withScanner(
  device: DeviceConfig,
  signal: AbortSignal,
  work: (sensor: FingerSensor) => Promise<void>,
  clock: Clock = systemClock,
): Promise<void> {
  const driver = findDriver(device.driver);
  if (driver === undefined) throw new RollcallError('DRIVER_UNKNOWN', `There is no driver ${device.driver}`);
  let found: (sensor: FingerSensor) => void = () => undefined;
  const connected = new Promise<FingerSensor>((resolve) => {
    found = resolve;
  });
  const supervisor = new Supervisor({
    device,
    driver,
    openTransport: createOpenTransport(clock),
    identifyPort,
    clock,
    log: silentLog,
    random: Math.random,
    onEvent: () => undefined,
    onChange: () => undefined,
    onSensor: (sensor) => {
      if (sensor !== undefined) found(sensor);
    },
  });
  supervisor.start();
  const waiting = new AbortController();
  try {
    const sensor = await Promise.race([
      connected,
      delay(clock, SCANNER_WITHIN_MS, AbortSignal.any([signal, waiting.signal])).then(() => undefined),
    ]);
    if (sensor === undefined) {
      const problem = supervisor.snapshot().problem?.message ?? 'no module answers';
      throw new RollcallError('DEVICE_TIMEOUT', `${device.id} is not ready: ${problem}`);
    }
    await work(sensor);
  } finally {
    waiting.abort();
    await supervisor.stop();
  }
}

function untilStopped(): AbortSignal {
  const stop = new AbortController();
  const end = (): void =>
    stop.abort(new RollcallError('ENROLLMENT_ABORTED', 'The enrollment was stopped; begin it again'));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, end);
  return stop.signal;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
