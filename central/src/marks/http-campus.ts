import { hashRead, parseCanonical } from '@rollcall/protocol/credential';
import { type Answer, API, type Body, type TestCaller, TestServer } from '../http/test-server.js';
import { createIngest } from '../ingest/ingest.js';
import { BOOT_A, TestGateway } from '../ingest/test-gateway.js';
import { silentLog } from '../log.js';
import { cardHmac } from '../people/campus-key.js';
import type { SettingKey } from '../rules/setting-keys.js';
import { rollNumber, TEST_CAMPUS_KEY } from '../seed/test-campus.js';
import { advanceSessions } from '../sessions/advance.js';

const DAY_MS = 86_400_000;
const MARKER_CHANNEL = 'rollcall_test_marker';

export interface WantedClass {
  start?: string;
  end?: string;
  room?: string;
  sessionType?: 'LECTURE' | 'LAB';
  periods?: number;
  course?: string;
  section?: string;
}

interface WantedTap {
  device?: string;
  /** `pin`: the card with its PIN, checked by the gateway. */
  kind?: 'card' | 'finger' | 'pin';
  student?: number;
}

/**
 * For tests of whole days: settings and classes are made over HTTP, and taps come through ingest, signed.
 * Each test has days of its own.
 */
export class HttpCampus {
  readonly server: TestServer;
  readonly #gateway = new TestGateway('gw-a');
  #waiting: (() => void)[] = [];
  #day = 0;
  #seq = 0;

  private constructor(server: TestServer) {
    this.server = server;
    server.options.listener.listen(MARKER_CHANNEL, () => {
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  static async open(): Promise<HttpCampus> {
    const campus = new HttpCampus(await TestServer.start());
    const { knex } = campus.server.db;
    const { keyId, publicKey } = campus.#gateway;
    await knex('gateway_key').insert({ key_id: keyId, gateway_id: 'gw-a', public_key: publicKey });
    await knex('building').insert({ id: 'block-b', campus_id: 'main', name: 'Block B' });
    await knex('room').where({ id: 'r101' }).update({ latitude: 17.385, longitude: 78.4867 });
    await knex('room').insert([
      { id: 'r103', building_id: 'block-a', name: 'R103' },
      { id: 'r205', building_id: 'block-b', name: 'R205' },
    ]);
    const device = (id: string, room: string, direction: string) => ({
      device_id: id,
      gateway_id: 'gw-a',
      device_name: id,
      device_type: 'rfid',
      driver: 'rdm6300',
      room_id: room,
      direction,
    });
    await knex('attendance_biometric_device').insert([
      device('in103', 'r103', 'in'),
      device('out103', 'r103', 'out'),
      device('c205', 'r205', 'both'),
    ]);
    for (const course of ['CS301', 'CS302']) {
      const { id } = await campus.server.sessionOf(course);
      await campus.server.post(`${API}/sessions/${id}/cancel/`, { reason: 'not part of the tests' });
    }
    return campus;
  }

  close(): Promise<void> {
    return this.server.stop();
  }

  get faculty(): TestCaller {
    return this.server.as('faculty', { faculty: 'F001' });
  }

  student(index = 0): TestCaller {
    return this.server.as('student', { student: rollNumber(index) });
  }

  /** The next day at six; no device has reported anything of it. */
  async nextDay(): Promise<void> {
    this.#day += 1;
    await this.server.db.knex('attendance_biometric_device').update({ complete_through: null });
    this.goTo('06:00');
  }

  date(daysLater = 0): string {
    return new Date(Date.parse('2026-07-07T12:00:00Z') + (this.#day + daysLater) * DAY_MS)
      .toISOString()
      .slice(0, 10);
  }

  at(time: string, daysLater = 0): Date {
    return new Date(`${this.date(daysLater)}T${time}+05:30`);
  }

  goTo(time: string, daysLater = 0): void {
    const { clock } = this.server;
    clock.stepWall(this.at(time, daysLater).getTime() - clock.wallMs());
  }

  /** Sets a key from now on, and waits until the whole server has been told. */
  async set(key: SettingKey, value: string, scope: object = {}): Promise<string> {
    const { status, body } = await this.server.post(`${API}/configurations/`, { key, value, ...scope });
    if (status !== 201) throw new Error(`${key} cannot be set: ${body.detail}`);
    await this.#settle();
    return body.id;
  }

  async unset(id: string): Promise<void> {
    await this.server.del(`${API}/configurations/${id}/`);
    await this.#settle();
  }

  /** Notifications of one connection arrive in order: after this one the ones before it have been heard. */
  async #settle(): Promise<void> {
    const heard = new Promise<void>((resolve) => this.#waiting.push(resolve));
    await this.server.db.knex.raw("SELECT pg_notify(?, '')", [MARKER_CHANNEL]);
    await heard;
  }

  async hold(wanted: WantedClass = {}): Promise<string> {
    const { start = '10:00', end = '10:50', room = 'r101', sessionType = 'LECTURE' } = wanted;
    const made = await this.server.post(`${API}/sessions/`, {
      course: wanted.course ?? 'CS301',
      sections: [wanted.section ?? 'cse-a'],
      faculty: 'F001',
      rooms: [room],
      date: this.date(),
      start_time: start,
      end_time: end,
      session_type: sessionType,
      period_count: wanted.periods ?? 1,
      origin: 'extra',
    });
    if (made.status !== 201) throw new Error(`the class cannot be made: ${made.body.detail}`);
    return made.body.id;
  }

  /** Arrives in the evening, as after an outage. */
  async tap(time: string, { device = 'c101', kind = 'card', student = 0 }: WantedTap = {}): Promise<void> {
    this.goTo('18:00');
    this.#seq += 1;
    const { credential: _none, ...row } = this.#gateway.punch(this.#seq, {
      boot_id: BOOT_A,
      occurred_at: this.at(time).toISOString(),
      device_id: device,
      kind,
    });
    const card = `em4100:${(0x0f00000001 + student).toString(16).toUpperCase().padStart(10, '0')}`;
    const who = {
      ...(kind === 'finger' ? {} : { credential: hashRead(parseCanonical(card), cardHmac(TEST_CAMPUS_KEY)) }),
      ...(kind === 'finger' ? { student: { student_ref: rollNumber(student), score: 60 } } : {}),
      ...(kind === 'pin' ? { student: { student_ref: rollNumber(student) }, verify_method: 'card+pin' } : {}),
    };
    const { db, clock } = this.server;
    const ingest = createIngest({ db, clock, log: silentLog, sendAck: () => undefined });
    await ingest.accept(this.#gateway.batch('punch', [{ ...row, ...who }]));
    await ingest.idle();
    await ingest.stop();
  }

  async advance(time: string, daysLater = 0): Promise<void> {
    this.goTo(time, daysLater);
    await advanceSessions(this.server.db.knex, this.server.clock.wallMs());
    await this.server.judge();
  }

  async allReported(): Promise<void> {
    await this.server.db.knex('attendance_biometric_device').update({ complete_through: this.at('23:00') });
  }

  /** The classes of the day are over and every device has reported. */
  async finish(): Promise<void> {
    await this.allReported();
    await this.advance('22:00');
  }

  async status(id: string): Promise<string> {
    return (await this.server.get(`${API}/sessions/${id}/`)).body.status;
  }

  async record(id: string, student = 0): Promise<Body> {
    const records = await this.server.results(`${API}/sessions/${id}/records/`);
    return records.find((record) => record.student.roll_number === rollNumber(student));
  }

  /** `present ON_TIME` */
  async mark(id: string, student = 0): Promise<string> {
    const { mark, reason } = await this.record(id, student);
    return `${mark} ${reason}`;
  }

  async explain(id: string, student = 0): Promise<Body> {
    const { id: recordId } = await this.record(id, student);
    return (await this.server.get(`${API}/records/${recordId}/explain/`)).body;
  }

  /** An open class at ten with a fresh code on its screen. */
  async showCode(): Promise<string> {
    const id = await this.hold();
    await this.advance('10:00');
    await this.faculty.post(`${API}/sessions/${id}/generate-qr/`);
    await this.#settle();
    return id;
  }

  screen(id: string): Promise<Answer> {
    return this.faculty.get(`${API}/sessions/${id}/qr/`);
  }

  /** `recorded`, or the code of the refusal. */
  async scan(token: string, place: object = {}): Promise<string> {
    const body = { qr_token: token, device_id: 'phone-of-0', ...place };
    const answer = await this.student().post(`${API}/records/qr-scan/`, body);
    return answer.body.code ?? 'recorded';
  }
}
