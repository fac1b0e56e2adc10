import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus, classIsOpen } from '../support/campus.js';
import { EventStream } from '../support/event-stream.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { findMosquitto, MOSQUITTO_SKIP_REASON, startMosquitto } from '../support/mosquitto.js';
import { signIn } from '../support/sign-in.js';
import { until } from '../support/until.js';

interface PunchEvent {
  outcome: string;
  device_id: string;
  student?: { roll_number: string };
}
interface RecordEvent {
  mark: string;
  student: { roll_number: string };
}

describe.each([
  { broker: 'the embedded broker', start: undefined, isHere: true },
  { broker: 'a real Mosquitto', start: startMosquitto, isHere: findMosquitto() !== undefined },
])('one tap, end to end, through $broker', ({ broker, start, isHere }) => {
  describe.skipIf(!isHere)(isHere ? broker : `${broker} (${MOSQUITTO_SKIP_REASON})`, () => {
    let campus: Campus;
    let stream: EventStream;
    beforeAll(async () => {
      const gateways = [
        {
          id: 'gw-block-a',
          readers: [
            { id: 'line-r101', driver: 'line' as const, room: 'r101' },
            { id: 'rdm-r101', driver: 'rdm6300' as const, room: 'r101', lights: 'line-r101' },
          ],
        },
      ];
      campus = await Campus.start(start === undefined ? { gateways } : { gateways, broker: await start() });
      await classIsOpen(campus);
      stream = await EventStream.open(
        `${campus.central.url}/api/v1/attendance/stream/`,
        await signIn(campus.central.url),
      );
    });
    afterAll(async () => {
      stream?.close();
      await campus?.stop();
    });

    it('becomes a mark in PostgreSQL and on the live stream', async () => {
      const [student] = campus.students;
      if (student === undefined) throw new Error('the campus has no students');
      expect(await campus.reader('line-r101').tap(student.uid)).toBe('green');
      const punch = await stream.event<PunchEvent>('punch', (data) => data.outcome === 'recognized');
      expect(punch).toMatchObject({ device_id: 'line-r101', student: { roll_number: student.rollNumber } });
      const record = await stream.event<RecordEvent>('record', (data) => data.mark === 'present');
      expect(record.student.roll_number).toBe(student.rollNumber);
      await until('the mark is in PostgreSQL', async () => {
        const marks = await campus.database.marks();
        return marks.some(({ rollNumber, mark }) => rollNumber === student.rollNumber && mark === 'present');
      });
    });

    it('with the same card on the same reader again stays one mark and becomes a second punch', async () => {
      const [student] = campus.students;
      if (student === undefined) throw new Error('the campus has no students');
      expect(await campus.reader('line-r101').tap(student.uid)).toBe('green');
      await campus.drained();
      const marks = await campus.database.marks();
      expect(marks.filter(({ rollNumber }) => rollNumber === student.rollNumber)).toMatchObject([
        { mark: 'present' },
      ]);
      expect(await campus.database.count('punch', "outcome = 'recognized'")).toBe(2);
    });

    it('of an unknown card is kept as unknown, on both kinds of readers', async () => {
      expect(await campus.tapNewCard(campus.reader('line-r101'))).toBe('green');
      expect(await campus.tapNewCard(campus.reader('rdm-r101'))).toBe('green');
      await campus.drained();
      expect(await campus.database.count('punch', "outcome = 'unknown'")).toBe(2);
    });

    it('leaves whoever did not come pending, not absent, while the class goes on', async () => {
      const marks = await until('everybody has a mark', async () => {
        const found = await campus.database.marks();
        return found.length === campus.students.length ? found : undefined;
      });
      expect(marks.map(({ mark }) => mark).sort()).toEqual(['pending', 'pending', 'pending', 'present']);
    });

    it('is in the lists that the pages read', async () => {
      const sessions = await campus.central.get<{ results: { counts: Record<string, number> }[] }>(
        'sessions/?now=1',
      );
      expect(sessions.results[0]?.counts).toMatchObject({ present: 1, pending: 3, absent: 0 });
      const punches = await campus.central.get<{ results: unknown[] }>('punches/');
      expect(punches.results).toHaveLength(4);
      const gateways = await campus.central.get<{ results: { id: string; state: string }[] }>('gateways/');
      expect(gateways.results).toMatchObject([{ id: 'gw-block-a', state: 'online' }]);
    });

    it('was four green lights and four punches, each exactly once', async () => {
      await expectGreensArePunches(campus);
    });
  });
});
