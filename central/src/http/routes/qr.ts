import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { requireSession } from '../../auth/scope.js';
import type { Position } from '../../capture/place.js';
import { fallbackCode, makeToken, stepAt, stepEndMs } from '../../capture/qr-code.js';
import { type ActiveSecret, renewSecret } from '../../capture/qr-secrets.js';
import type { Knex } from '../../db/database.js';
import { emptySchema } from '../contracts/auth.js';
import { codeSchema, scanBody, scanSchema } from '../contracts/capture.js';
import { API, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import { defineRoute, type HttpContext, type Route } from '../route.js';
import { actorOf, writeAs } from '../write-as.js';

const TAG = 'QR codes';

export const generateQr = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/generate-qr/`,
    operationId: 'generateQr',
    tag: TAG,
    summary: 'A new secret for the code of a class session; every older code of it is useless at once',
    access: 'qr.show',
    rate: 'sessions',
    params: uuidParams,
    body: emptySchema,
    reply: { schema: codeSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'SESSION_LOCKED', 'SESSION_NOT_OPEN', 'QR_DISABLED'],
  },
  async (input, context) => {
    const { principal, params } = input;
    await requireSession(context.db.knex, principal, 'qr.show', params.id);
    await writeAs(context.db.knex, input, (trx) =>
      renewSecret(trx, {
        sessionId: params.id,
        seal: context.capture.seal,
        nowMs: context.clock.wallMs(),
        accountId: principal.accountId,
      }),
    );
    context.capture.secrets.forget(params.id);
    return { body: await codeNow(context, params.id) };
  },
);

export const readQr = defineRoute(
  {
    method: 'get',
    path: `${API}/sessions/{id}/qr/`,
    operationId: 'readQr',
    tag: TAG,
    summary: 'The code for the screen now, by the clock of central; only for those who may show it',
    access: 'qr.show',
    params: uuidParams,
    reply: { schema: codeSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'QR_NOT_GENERATED'],
  },
  async ({ principal, params }, context) => {
    await requireSession(context.db.knex, principal, 'qr.show', params.id);
    return { body: await codeNow(context, params.id) };
  },
);

export const scanQr = defineRoute(
  {
    method: 'post',
    path: `${API}/records/qr-scan/`,
    operationId: 'scanQr',
    tag: TAG,
    summary: 'Records the student who is signed in, by the code on the screen of a class session',
    access: 'qr.scan',
    rate: 'qr_scan',
    body: scanBody,
    reply: { schema: scanSchema },
    errors: [
      'FORBIDDEN',
      'STUDENT_MISMATCH',
      'QR_EXPIRED',
      'QR_DISABLED',
      'QR_TOO_EARLY',
      'SESSION_NOT_OPEN',
      'SESSION_CANCELLED',
      'SESSION_LOCKED',
      'NOT_ON_ROSTER',
      'DEVICE_ALREADY_USED',
      'DEVICE_NOT_BOUND',
      'LOCATION_REQUIRED',
      'LOCATION_STALE',
      'LOCATION_INACCURATE',
      'LOCATION_MOCKED',
      'OUTSIDE_GEOFENCE',
      'TOO_MANY_TRIES',
      'OVERLOADED',
    ],
  },
  async ({ principal, body, request }, { capture, clock, db }) => {
    if (principal.studentId === null) {
      throw new RollcallError('FORBIDDEN', 'Only students scan codes, with their own sign-in');
    }
    await refuseOtherStudent(db.knex, principal.studentId, body.student_id);
    const nowMs = clock.wallMs();
    const { sessionId, settings } = await codeOf(body, principal.accountId ?? '', { capture, nowMs });
    const scanned = await capture.scans.scan({
      sessionId,
      studentId: principal.studentId,
      atMs: nowMs,
      deviceHash: capture.deviceHash(body.device_id),
      position: positionOf(body, nowMs),
      ip: request.ip ?? '',
      actor: actorOf({ principal, request }),
      settings: settings.ofScans,
    });
    return {
      body: {
        session: { id: scanned.sessionId, course: scanned.course, room: scanned.room },
        mark: scanned.mark,
        marked_at: toInstantOrNull(scanned.markedAt),
        already_recorded: scanned.alreadyRecorded,
        recorded_at: toInstantOrNull(scanned.recordedAt),
        is_verified: scanned.isVerified,
      },
    };
  },
);

/** The seed's other name of the same act (domain A5). */
export const checkInByQr: Route = {
  ...scanQr,
  contract: {
    ...scanQr.contract,
    path: `${API}/records/qr-checkin/`,
    operationId: 'checkInByQr',
    summary: 'As records/qr-scan/',
  },
};

/** The seed's clients send whose scan it is; it must be who is signed in (domain case 101). */
async function refuseOtherStudent(knex: Knex, own: string, given: string | undefined): Promise<void> {
  if (given === undefined || given.toLowerCase() === own) return;
  const row = await knex('student').where({ id: own }).first<{ roll_number: string }>('roll_number');
  if (row.roll_number.toLowerCase() === given.toLowerCase()) return;
  throw new RollcallError(
    'STUDENT_MISMATCH',
    'student_id: a scan is always for who is signed in; leave it out, or send your own roll number or id',
  );
}

type ScanBody = z.output<typeof scanBody>;

async function codeOf(
  { qr_token: text, code }: ScanBody,
  accountId: string,
  { capture, nowMs }: Pick<HttpContext, 'capture'> & { nowMs: number },
): Promise<ActiveSecret> {
  if ((text === undefined) === (code === undefined)) {
    throw new RollcallError('REQUEST_INVALID', 'Send either qr_token or code (in the body of the request)');
  }
  if (code !== undefined) {
    await capture.countTry(accountId);
    return capture.secrets.find(code, nowMs);
  }
  return capture.secrets.check(text ?? '', nowMs);
}

function positionOf(body: ScanBody, nowMs: number): Position | undefined {
  const { location_lat: latitude, location_lng: longitude } = body;
  if (body.is_mock_location) {
    return { latitude: 0, longitude: 0, accuracyMeters: 0, atMs: nowMs, isMocked: true };
  }
  if (latitude === undefined || longitude === undefined) return undefined;
  return {
    latitude,
    longitude,
    accuracyMeters: body.location_accuracy_m,
    atMs: body.location_at === undefined ? nowMs : Date.parse(body.location_at),
    isMocked: false,
  };
}

async function codeNow({ capture, clock, db }: HttpContext, sessionId: string) {
  const active = await capture.secrets.secretOf(sessionId);
  if (active === undefined) {
    throw new RollcallError('QR_NOT_GENERATED', 'This class session has no code; make one with generate-qr/');
  }
  const nowMs = clock.wallMs();
  const { times } = active.settings;
  const step = stepAt(nowMs, times);
  const { rows } = await db.knex.raw<{ rows: { present: number; unverified: number }[] }>(
    `SELECT coalesce((SELECT present + late FROM session_tally WHERE session_id = ?::uuid), 0) AS present,
       (SELECT count(*)::int FROM qr_scan WHERE session_id = ?::uuid AND outcome = 'unverified') AS unverified`,
    [sessionId, sessionId],
  );
  return {
    session_id: sessionId,
    qr_token: makeToken(sessionId, step, active.secret),
    fallback_code: fallbackCode(sessionId, step, active.secret),
    server_time: new Date(nowMs).toISOString(),
    step_ends_at: new Date(stepEndMs(step, times)).toISOString(),
    expires_at: new Date(active.expiresMs).toISOString(),
    present_count: rows[0]?.present ?? 0,
    unverified_count: rows[0]?.unverified ?? 0,
  };
}
