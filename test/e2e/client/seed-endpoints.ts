import createClient from 'openapi-fetch';
import type { paths } from './schema.js';

export interface SeedCampus {
  url: string;
  faculty: Login;
  /** The scanning student, on the roster of the class; nobody has marked this one yet. */
  student: Login;
  /** Another student of the class. */
  rollNumber: string;
  /** Campus-local date of today. */
  date: string;
}

interface Login {
  login: string;
  password: string;
}

/** A client as somebody, with tokens of a real sign-in. */
export async function signedIn(url: string, { login, password }: Login) {
  const client = createClient<paths>({ baseUrl: url });
  const { data, error } = await client.POST('/api/v1/auth/login', {
    body: { login, password, cookies: false },
  });
  if (data === undefined) throw new Error(`signing in as ${login}: ${error?.code}`);
  client.use({
    onRequest({ request }) {
      request.headers.set('Authorization', `Bearer ${data.access_token}`);
      return request;
    },
  });
  return client;
}

/** Success or the problem in words; the typed client leaves the choice to the caller. */
export function must<T>({ data, error }: { data?: T; error?: { code: string; detail: string } }): T {
  if (data === undefined) throw new Error(`${error?.code}: ${error?.detail}`);
  return data;
}

/** Every endpoint of the seed's list about class sessions and records, in the order of a class. */
export async function driveSeedEndpoints({ url, faculty, student, rollNumber, date }: SeedCampus) {
  const teacher = await signedIn(url, faculty);
  const pupil = await signedIn(url, student);

  const created = must(
    await teacher.POST('/api/v1/attendance/sessions', {
      body: {
        course: 'CS301',
        sections: ['cse-a'],
        faculty: 'F001',
        rooms: ['r102'],
        date,
        start_time: '14:00',
        end_time: '14:50',
        origin: 'extra',
        reason: 'revision before the test',
      },
    }),
  );
  const params = { path: { id: created.id } };
  const listed = must(
    await teacher.GET('/api/v1/attendance/sessions', { params: { query: { scheduled_date: date } } }),
  );
  const opened = must(
    await teacher.POST('/api/v1/attendance/sessions/{id}/open', {
      params: { ...params, header: { 'Idempotency-Key': 'open-once' } },
      body: { version: created.version },
    }),
  );
  const openedAgain = must(
    await teacher.POST('/api/v1/attendance/sessions/{id}/open', {
      params: { ...params, header: { 'Idempotency-Key': 'open-once' } },
      body: { version: created.version },
    }),
  );
  const code = must(await teacher.POST('/api/v1/attendance/sessions/{id}/generate-qr', { params, body: {} }));
  const scanned = must(
    await pupil.POST('/api/v1/attendance/records/qr-scan', {
      body: { qr_token: code.qr_token, device_id: 'a-phone-of-its-own' },
    }),
  );
  const marked = must(
    await teacher.POST('/api/v1/attendance/records', {
      body: { session_id: created.id, student: rollNumber, mark: 'late', reason: 'came at ten past' },
    }),
  );
  const bulk = must(
    await teacher.POST('/api/v1/attendance/records/bulk-mark', {
      body: { session_id: created.id, attendance_data: [], mark_rest: 'present', reason: 'roll call' },
    }),
  );
  const records = must(
    await teacher.GET('/api/v1/attendance/records', { params: { query: { session: created.id } } }),
  );
  const closed = must(await teacher.POST('/api/v1/attendance/sessions/{id}/close', { params, body: {} }));
  const refused = await pupil.POST('/api/v1/attendance/sessions/{id}/close', { params, body: {} });
  return {
    listed: listed.results.some(({ id }: { id: string }) => id === created.id),
    statuses: [created.status, opened.status, openedAgain.status, closed.status],
    scanned: scanned.mark,
    marked: marked.mark,
    bulkApplied: bulk.applied,
    marks: records.results.map(({ mark }: { mark: string }) => mark).sort(),
    refused: refused.error?.code,
  };
}
