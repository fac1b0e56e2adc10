import { type ErrorCode, isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { isDatabaseTransient, isRolledBack } from '../db/connection.js';

/** RFC 9457. `code` is the stable word that programs look at, `detail` says what to do. */
export const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
});
export type Problem = z.infer<typeof problemSchema>;

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

const STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  UNAUTHENTICATED: 401,
  TOKEN_MISSING: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_INVALID: 401,
  TOKEN_SPENT: 401,
  LOGIN_REFUSED: 401,
  CSRF_MISSING: 403,
  PASSWORD_WEAK: 400,
  LOGIN_THROTTLED: 429,
  SECOND_FACTOR_NEEDED: 403,
  TOO_MANY_REQUESTS: 429,
  IDEMPOTENCY_KEY_REUSED: 409,
  REQUEST_IN_FLIGHT: 409,
  ANSWER_LOST: 409,
  BODY_TOO_LARGE: 413,
  FORBIDDEN: 403,
  PASSWORD_CHANGE_NEEDED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  INVALID_TRANSITION: 409,
  CLIENT_UUID_CONFLICT: 409,
  DEVICE_ALREADY_USED: 409,
  DEVICE_NOT_BOUND: 409,
  REBIND_LIMIT: 409,
  LOCATION_INACCURATE: 409,
  LOCATION_MOCKED: 409,
  LOCATION_REQUIRED: 409,
  LOCATION_STALE: 409,
  NOT_ON_ROSTER: 409,
  OUTSIDE_GEOFENCE: 409,
  OVERLOADED: 503,
  QR_DISABLED: 409,
  QR_EXPIRED: 409,
  QR_NOT_GENERATED: 404,
  QR_TOO_EARLY: 409,
  HEADCOUNT_TOO_HIGH: 409,
  HEADCOUNT_TOO_LOW: 409,
  ROWS_REFUSED: 409,
  SESSION_CANCELLED: 409,
  SESSION_NOT_OPEN: 409,
  STUDENT_MISMATCH: 400,
  TOO_MANY_TRIES: 429,
  WEBHOOK_CLOSED: 410,
  ALREADY_DECIDED: 409,
  CORRECTION_PENDING: 409,
  DOCUMENT_INVALID: 400,
  DOCUMENT_MISSING: 400,
  HIGHER_DECIDER_NEEDED: 403,
  LEAVE_OVERLAP: 409,
  REREQUEST_USED: 409,
  WINDOW_CLOSED: 409,
  ALREADY_EXISTS: 409,
  CONSENT_MISSING: 409,
  FINGER_EXEMPT: 409,
  ENROLLMENT_BUSY: 409,
  ENROLLMENT_ENDED: 409,
  CREDENTIAL_INVALID: 400,
  GUARDIAN_NEEDED: 409,
  LAST_ADMIN: 409,
  MASTER_IN_USE: 409,
  CONFIG_INVALID: 409,
  AD_HOC_TOO_LATE: 409,
  CLASH: 409,
  REASON_MISSING: 400,
  REOPEN_TOO_LATE: 409,
  SECOND_PERSON_NEEDED: 409,
  SESSION_LOCKED: 409,
  SESSION_TOO_EARLY: 409,
  SETTING_INVALID: 422,
  SETTING_UNKNOWN: 422,
  STALE: 409,
  EXPORT_FAILED: 409,
  EXPORT_GONE: 410,
  EXPORT_NOT_READY: 409,
  CONCURRENT_CHANGE: 503,
  DATABASE_LOST: 503,
  DATABASE_UNAVAILABLE: 503,
};

export const statusOf = (code: ErrorCode): number => STATUS_OF_CODE[code] ?? 500;

/** What a client may know about an error; the log has the rest. */
export function problemOf(error: unknown): Problem {
  const known = asRollcallError(error);
  const status = statusOf(known.code);
  return {
    type: `urn:rollcall:problem:${known.code.toLowerCase().replaceAll('_', '-')}`,
    title: known.code.charAt(0) + known.code.slice(1).toLowerCase().replaceAll('_', ' '),
    status,
    code: known.code,
    detail: status === 500 ? INTERNAL_DETAIL : known.message.replace(/ \([A-Z_]+\)$/, ''),
  };
}

function tooLarge(cause: Error): RollcallError {
  return new RollcallError(
    'BODY_TOO_LARGE',
    'The body of the request is larger than 1 MiB; send less at once',
    { cause },
  );
}

const INTERNAL_DETAIL =
  'Central could not do this because of a fault of its own; nothing was changed. Try again, and if it stays look at the log';

function asRollcallError(error: unknown): RollcallError {
  if (isRollcallError(error)) return error;
  if (isRolledBack(error)) {
    return new RollcallError(
      'CONCURRENT_CHANGE',
      'Others were changing the same at the same moment, and nothing was changed here; send it again',
      { cause: error },
    );
  }
  if (isDatabaseTransient(error)) {
    return new RollcallError(
      'DATABASE_LOST',
      'Central has lost its database for the moment; try again shortly',
      {
        cause: error,
      },
    );
  }
  // What Express's own parsers throw: 400 for broken JSON or URLs, 413 for too much of it.
  if (error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500) {
    if (error.status === 413) return tooLarge(error);
    return new RollcallError('REQUEST_INVALID', `The request cannot be read: ${error.message}`, {
      cause: error,
    });
  }
  return new RollcallError('INTERNAL', 'unexpected', { cause: error });
}
