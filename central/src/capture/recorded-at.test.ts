import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API, at, type TestServer } from '../http/test-server.js';
import { storePunches } from '../marks/test-punches.js';
import { rollNumber } from '../seed/test-campus.js';
import type { ScanQueue } from './qr-scan.js';
import type { Scan } from './qr-verdict.js';
import { ScanClass } from './scan-class.test-support.js';
import { answersTo, type Scanned, takeScans } from './take-scans.js';

let own: ScanClass;
let server: TestServer;
let sessionId: string;
/** Its scans are judged later, as those of a burst are. */
let burst: ScanQueue;

/** @param seconds after two minutes of the class */
const scan = (index: number, seconds: number, change: Partial<Scan> = {}): Scan =>
  own.scan(index, { atMs: at('10:52').getTime() + seconds * 1_000, ...change });
const told = ({ recordedAt, alreadyRecorded, mark }: Scanned) => ({
  at: recordedAt === null ? null : (recordedAt.getTime() - at('10:52').getTime()) / 1_000,
  alreadyRecorded,
  mark,
});

beforeAll(async () => {
  own = await ScanClass.open();
  ({ server, sessionId } = own);
  burst = own.burst();
});
afterAll(() => server.stop());
beforeEach(() => own.beginAt('10:52'));

describe('case 111: when it was recorded', () => {
  it('is the moment of a scan that is taken, and costs no statement', async () => {
    const { knex } = server.db;
    let statements = 0;
    const count = () => {
      statements += 1;
    };
    knex.on('query', count);
    const taken = await takeScans(knex, [scan(2, 5), scan(3, 6)]);
    const answers = await answersTo(knex, taken, 'none');
    knex.removeListener('query', count);
    expect(answers.map((answer) => told(answer as Scanned))).toEqual([
      { at: 5, alreadyRecorded: false, mark: 'pending' },
      { at: 6, alreadyRecorded: false, mark: 'pending' },
    ]);
    // What is known of them, and what is stored.
    expect(statements).toBe(2);
  });

  it('is the moment of the first scan on a repeat, while its mark is pending and when it is there', async () => {
    await burst.scan(scan(3, 5));
    expect(told(await burst.scan(scan(3, 9)))).toEqual({ at: 5, alreadyRecorded: true, mark: 'pending' });
    await server.judge();
    expect(told(await burst.scan(scan(3, 12)))).toEqual({ at: 5, alreadyRecorded: true, mark: 'present' });
  });

  it('is the moment of the first one of two that come at once', async () => {
    const answers = await Promise.all([burst.scan(scan(3, 5)), burst.scan(scan(3, 6))]);
    expect(answers.map(told)).toEqual([
      { at: 5, alreadyRecorded: false, mark: 'pending' },
      { at: 5, alreadyRecorded: true, mark: 'pending' },
    ]);
  });

  it('is never that of a scan that was refused', async () => {
    const { atMs } = scan(3, 5);
    const position = { latitude: 0, longitude: 0, accuracyMeters: 0, atMs, isMocked: true };
    await expect(burst.scan(scan(3, 5, { position }))).rejects.toMatchObject({ code: 'LOCATION_MOCKED' });
    expect(told(await burst.scan(scan(3, 8))).at).toBe(8);
    expect(told(await burst.scan(scan(3, 9))).at).toBe(8);
  });

  it('is that of the scan also where a card that was tapped before it gives the mark its time', async () => {
    await burst.scan(scan(4, 20));
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(4), at: at('10:51') }]);
    await server.judge();
    const again = await burst.scan(scan(4, 30));
    expect(told(again)).toEqual({ at: 20, alreadyRecorded: true, mark: 'present' });
    expect(again.markedAt).toEqual(at('10:51'));
  });

  it('is not known where there is no scan: a card tells by the time of the mark, a person not at all', async () => {
    await storePunches(server.db.knex, [{ rollNumber: rollNumber(4), at: at('10:51') }]);
    await server.judge();
    const marked = await server.as('faculty', { faculty: 'F001' }).post(`${API}/records/bulk-mark/`, {
      session_id: sessionId,
      reason: 'read out',
      attendance_data: [{ student_id: rollNumber(3), mark: 'present' }],
    });
    expect(marked.status).toBe(200);
    const [byCard, byPerson] = [await burst.scan(scan(4, 20)), await burst.scan(scan(3, 20))];
    expect([told(byCard), told(byPerson)]).toEqual(
      Array(2).fill({ at: null, alreadyRecorded: true, mark: 'present' }),
    );
    expect([byCard.markedAt, byPerson.markedAt]).toEqual([at('10:51'), null]);
    expect(await server.db.knex('qr_scan')).toEqual([]);
  });
});
