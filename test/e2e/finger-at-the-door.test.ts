import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemplate } from '@rollcall/firmware-sim/devices/simulated-finger';
import { Random } from '@rollcall/firmware-sim/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus, classIsOpen } from '../support/campus.js';
import { type EnrolledFinger, enrollFinger, templateOf } from '../support/enroll-finger.js';
import { FingerTraces } from '../support/finger-traces.js';
import { ENROLLMENT_OFFICER } from '../support/seed-file.js';
import { signIn } from '../support/sign-in.js';
import { until } from '../support/until.js';

/** Downloading a picture at 115200 baud takes 3.2 s of a real module. */
const FAST = { baud: 115_200, speed: 8, options: { match: 'gateway', baud: 115_200 } };
const R307 = { driver: 'ef01' as const, profile: 'r307', room: 'r101', lights: 'lights', ...FAST };

const GATEWAY = {
  id: 'gw-block-a',
  readers: [
    { id: 'lights', driver: 'line' as const, room: 'r101' },
    { id: 'scanner', ...R307 },
    { id: 'desk', ...R307, withCard: 'lights' },
    { id: 'door', driver: 'ef01' as const, profile: 'r503', room: 'r101' },
  ],
  // More than are taken unless they are asked for.
  config: { fingers: { match_threads: 5 } },
};
const ASHA = 'asha-right-index';
const RAVI = 'ravi-right-index';
const SENSOR_FORMAT = 'ef01-gr192rgb-1536';

interface FingerPunch {
  device: string;
  student: string | null;
  method: string | null;
  finger: number | null;
}

/** One after the other, on one campus. */
describe('fingers at the doors of a campus', () => {
  let campus: Campus;
  let traces: FingerTraces;
  let asha: EnrolledFinger;

  beforeAll(async () => {
    campus = await Campus.start({ gateways: [GATEWAY] });
    traces = new FingerTraces(campus, ['scanner', 'desk']);
    await classIsOpen(campus);
  });
  afterAll(() => campus?.stop());

  const rollNumber = (at: number): string => campus.students[at]?.rollNumber ?? '';
  const enroll = async (at: number, finger: string): Promise<EnrolledFinger> => {
    const enrolled = await enrollFinger(campus, {
      rollNumber: rollNumber(at),
      position: 2,
      record: templateOf(finger),
    });
    traces.lookForTemplate(finger, enrolled.record);
    return enrolled;
  };
  const galleryHas = (templates: number) =>
    campus.gateway.process.line(
      ({ msg, ...facts }) =>
        msg === 'the fingers that can be compared are others' && facts['templates'] === templates,
    );
  const punches = async (): Promise<FingerPunch[]> => {
    await campus.drained();
    return campus.database.rows<FingerPunch>(
      `SELECT p.device_id AS device, s.roll_number AS student, p.verify_method AS method, p.finger_position AS finger
         FROM punch p LEFT JOIN student s ON s.id = p.student_id WHERE p.kind = 'finger' ORDER BY p.seq`,
    );
  };
  const cacheFile = (): string => join(campus.gateway.dataDir, 'finger-gallery.cache');

  it('is recognized among those that are enrolled: green, a punch, and a mark in central', async () => {
    expect(await campus.gateway.process.line('fingers can be compared')).toMatchObject({
      templates: 0,
      threads: 5,
    });
    asha = await enroll(0, ASHA);
    await enroll(1, RAVI);
    await galleryHas(2);
    expect(await campus.reader('scanner').touch(ASHA)).toBe('green');
    expect(await punches()).toEqual([{ device: 'scanner', student: rollNumber(0), method: null, finger: 2 }]);
    await until('the mark is in PostgreSQL', async () =>
      (await campus.database.marks()).some(
        ({ rollNumber: whose, mark }) => whose === rollNumber(0) && mark === 'present',
      ),
    );
  });

  it('is red, and no punch, when it is nobody’s', async () => {
    expect(await campus.reader('scanner').touch('a-stranger')).toBe('red');
    expect(await punches()).toHaveLength(1);
  });

  it('is compared with the one person of the card that came before', async () => {
    const desk = campus.reader('desk');
    expect(await campus.reader('lights').tap(campus.students[1]?.uid ?? '')).toBe('green');
    expect(await desk.touch(ASHA)).toBe('red');
    expect(await campus.reader('lights').tap(campus.students[1]?.uid ?? '')).toBe('green');
    expect(await desk.touch(RAVI)).toBe('green');
    expect((await punches()).at(-1)).toEqual({
      device: 'desk',
      student: rollNumber(1),
      method: 'card+finger',
      finger: 2,
    });
  });

  it('is recognized by a module that compares itself, from a template of its own kind', async () => {
    const record = makeTemplate('asha-left-index', 1_536, new Random(1));
    traces.lookForTemplate('of the module', record);
    await enrollFinger(campus, {
      rollNumber: rollNumber(0),
      position: 7,
      record,
      format: SENSOR_FORMAT,
    });
    await campus.gateway.process.line(
      ({ msg, ...facts }) =>
        msg === 'the slots of the scanner are those of the gallery' && facts['imported'] === 1,
    );
    expect(await campus.reader('door').touch('asha-left-index')).toBe('green');
    expect((await punches()).at(-1)).toMatchObject({ device: 'door', student: rollNumber(0), finger: 7 });
    expect(await campus.reader('door').touch('a-stranger')).toBe('red');
  });

  it('is recognized after kill -9 by what the sealed cache has', async () => {
    await until('the cache is written', () => existsSync(cacheFile()));
    await campus.gateway.process.line('the cache of the gallery is written');
    traces.lookAt(campus.gateway.process);
    await campus.gateway.kill();
    await campus.gateway.start();
    expect(await campus.gateway.process.line('fingers can be compared')).toMatchObject({
      templates: 2,
      cached: 2,
      made: 0,
    });
    expect(await campus.reader('scanner').touch(RAVI)).toBe('green');
    expect((await punches()).at(-1)).toMatchObject({ device: 'scanner', student: rollNumber(1) });
  });

  it('is recognized no more once its template is revoked, and central hears that it is gone', async () => {
    const officer = await signIn(campus.central.url, ENROLLMENT_OFFICER);
    const response = await fetch(
      `${campus.central.url}/api/v1/attendance/biometric-templates/${asha.templateId}/revoke/`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...officer },
        body: JSON.stringify({ reason: 'the student asked for it' }),
      },
    );
    expect(response.status).toBe(200);
    await until('central knows that it is removed', async () => {
      const where = `template_id = '${asha.templateId}' AND state = 'removed'`;
      return (await campus.database.count('template_deployment', where)) === 1;
    });
    const before = await punches();
    expect(await campus.reader('scanner').touch(ASHA)).toBe('red');
    expect(await campus.reader('scanner').touch(RAVI)).toBe('green');
    expect((await punches()).slice(before.length)).toMatchObject([{ student: rollNumber(1) }]);
  });

  it('leaves nothing of a template or a picture in logs, messages, tables and files', async () => {
    traces.lookAt(campus.gateway.process, campus.central.process);
    campus.gateway.process.signal('SIGUSR2');
    await campus.gateway.stop();
    expect(traces.pictures).toBeGreaterThanOrEqual(6);
    expect(traces.blindTo()).toEqual([]);
    expect(await traces.found()).toEqual([]);
  });
});
