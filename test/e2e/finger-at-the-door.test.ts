import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus, classIsOpen } from '../support/campus.js';
import { type EnrolledFinger, enrollFinger, templateOf } from '../support/enroll-finger.js';
import { signIn } from '../support/sign-in.js';
import { until } from '../support/until.js';

/** Downloading a picture at 115200 baud takes 3.2 s. */
const FAST = { baud: 115_200, options: { match: 'gateway', baud: 115_200 } };

const GATEWAY = {
  id: 'gw-block-a',
  readers: [
    { id: 'lights', driver: 'line' as const, room: 'r101' },
    { id: 'scanner', driver: 'ef01' as const, profile: 'r307', room: 'r101', lights: 'lights', ...FAST },
  ],
  config: { fingers: { match_threads: 2 } },
};

interface FingerPunch {
  device_id: string;
  outcome: string;
  roll_number: string | null;
  score: number | null;
}

describe('a finger on a scanner whose gateway compares', () => {
  let campus: Campus;
  let asha: EnrolledFinger;
  beforeAll(async () => {
    campus = await Campus.start({ gateways: [GATEWAY] });
    await classIsOpen(campus);
  });
  afterAll(() => campus?.stop());

  const student = (at: number): string => campus.students[at]?.rollNumber ?? '';
  const galleryHas = (templates: number) =>
    campus.gateway.process.line(
      ({ msg, ...facts }) =>
        msg === 'the fingers that can be compared are others' && facts['templates'] === templates,
    );

  it('is recognized among those that are enrolled, kept, green, and a mark in central', async () => {
    expect(await campus.gateway.process.line('fingers can be compared')).toMatchObject({
      templates: 0,
      threads: 2,
    });
    asha = await enrollFinger(campus, { rollNumber: student(0), finger: 'asha-right-index' });
    await enrollFinger(campus, { rollNumber: student(1), finger: 'ravi-right-index' });
    await galleryHas(2);
    expect(await campus.reader('scanner').touch('asha-right-index')).toBe('green');
    await campus.drained();
    const punches = await campus.database.rows<FingerPunch>(
      `SELECT p.device_id, p.outcome, s.roll_number, p.score FROM punch p LEFT JOIN student s ON s.id = p.student_id`,
    );
    expect(punches).toMatchObject([{ device_id: 'scanner', outcome: 'recognized', roll_number: student(0) }]);
    await until('the mark is in PostgreSQL', async () =>
      (await campus.database.marks()).some(
        ({ rollNumber, mark }) => rollNumber === student(0) && mark === 'present',
      ),
    );
  });
});
