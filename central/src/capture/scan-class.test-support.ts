import { createHash } from 'node:crypto';
import { settingsAt } from '../calendar/settings.js';
import { TestServer } from '../http/test-server.js';
import { silentLog } from '../log.js';
import type { Settings } from '../rules/setting-keys.js';
import { createScanQueue, type ScanQueue } from './qr-scan.js';
import type { Scan } from './qr-verdict.js';

/** For tests: CS302 of the reference campus, open, and scans of its students. */
export class ScanClass {
  readonly server: TestServer;
  readonly sessionId: string;
  readonly students: readonly string[];
  #settings: Settings | undefined;

  private constructor(server: TestServer, sessionId: string, students: readonly string[]) {
    this.server = server;
    this.sessionId = sessionId;
    this.students = students;
  }

  static async open(): Promise<ScanClass> {
    const server = await TestServer.start();
    const { knex } = server.db;
    const { id } = await server.sessionOf('CS302');
    await knex('attendance_session').where({ id }).update({ status: 'open' });
    return new ScanClass(server, id, await knex('student').orderBy('roll_number').pluck('id'));
  }

  /** As if nobody had scanned; and with the settings of that time. */
  async beginAt(time: string): Promise<void> {
    const { db, clock } = this.server;
    for (const table of ['qr_scan', 'device_binding', 'exception_item', 'judgement_todo'])
      await db.knex(table).delete();
    await db.knex('attendance_record').where({ session_id: this.sessionId }).delete();
    this.server.goTo(time);
    this.#settings = await settingsAt(db.knex, { atMs: clock.wallMs() });
  }

  /** Without a place, by the student's own phone, off the campus. */
  scan(index: number, change: Partial<Scan> = {}): Scan {
    if (this.#settings === undefined) throw new Error('the class has not begun');
    return {
      sessionId: this.sessionId,
      studentId: this.students[index] ?? '',
      atMs: this.server.clock.wallMs(),
      settings: this.#settings,
      deviceHash: createHash('sha256').update(`phone of ${index}`).digest('hex'),
      position: undefined,
      ip: '203.0.113.7',
      actor: {
        accountId: `account of ${index}`,
        role: 'student',
        ip: '203.0.113.7',
        userAgent: 'phone',
        requestId: `r-${index}`,
      },
      ...change,
    };
  }

  /** A queue whose scans are judged later, as those of a burst are. */
  burst(): ScanQueue {
    const judge = { judgeThese: () => Promise.resolve(false), wake: () => undefined };
    return createScanQueue({ knex: this.server.db.knex, log: silentLog, judge });
  }
}
