/**
 * How an error is to be handled, by whoever catches it.
 *
 * - `transient`: goes away by itself; retry with backoff.
 * - `operator`: a human has to change something first; the message says what.
 * - `input`: what was sent is wrong; the sender has to change it, repeating it is useless.
 * - `bug`: cannot happen in a correct program.
 */
export type ErrorKind = 'transient' | 'operator' | 'input' | 'bug';

/**
 * Every error code of the project, in one table, so that a code is unique across workspaces and the same
 * word stands in logs, in `rejected[].code` of a commit ack and in problem+json.
 */
export const ERROR_CODES = {
  // ports
  PORT_ABSENT: 'transient',
  PORT_BUSY: 'transient',
  PORT_CLOSED: 'transient',
  PORT_DENIED: 'operator',
  PORT_LOST: 'transient',
  PORT_WRITE_TIMEOUT: 'transient',
  // frames
  FRAME_CHECKSUM: 'input',
  FRAME_GARBAGE: 'input',
  FRAME_TOO_LONG: 'input',
  // devices
  DEVICE_AMBIGUOUS: 'operator',
  DEVICE_CLOCK_WRONG: 'operator',
  DEVICE_LOG_GAP: 'operator',
  DEVICE_NOT_INSTALLED: 'operator',
  DEVICE_POWER_FAILING: 'operator',
  DEVICE_REFUSED: 'operator',
  DEVICE_TAMPERED: 'operator',
  DEVICE_TIMEOUT: 'transient',
  DRIVER_UNKNOWN: 'operator',
  HID_UNAVAILABLE: 'operator',
  LOG_LINE_INVALID: 'input',
  TERMINAL_FINGER_REFUSED: 'operator',
  TERMINAL_KEEPS_FINGERS: 'operator',
  TERMINAL_PEOPLE_BEHIND: 'operator',
  TERMINAL_UNKNOWN: 'operator',
  TERMINAL_USER_UNKNOWN: 'operator',
  // simulator
  DEMO_CHILD_FAILED: 'operator',
  DEMO_RUNNING: 'operator',
  DEVICE_LINK_REFUSED: 'operator',
  DEVICE_LINK_TAKEN: 'operator',
  PTY_UNAVAILABLE: 'operator',
  // credentials
  CARD_LEFT: 'transient',
  CREDENTIAL_BLOCKED: 'operator',
  CREDENTIAL_INVALID: 'input',
  ROSTER_INVALID: 'input',
  // biometrics
  AMBIGUOUS_MATCH: 'operator',
  DUPLICATE_BIOMETRIC: 'input',
  ENROLLMENT_ABORTED: 'transient',
  ENROLLMENT_BUSY: 'input',
  ENROLLMENT_ENDED: 'input',
  FINGER_ABSENT: 'input',
  FINGER_DUPLICATE: 'input',
  FINGER_ENGINE_ABSENT: 'operator',
  FINGER_INCONSISTENT: 'input',
  FINGER_NOT_LIVE: 'operator',
  FINGER_UNREADABLE: 'input',
  GALLERY_BUSY: 'transient',
  GALLERY_CACHE_INVALID: 'operator',
  GALLERY_FILLING: 'transient',
  GALLERY_FULL: 'operator',
  GALLERY_LOST: 'transient',
  IMAGE_INVALID: 'input',
  TEMPLATE_INVALID: 'input',
  // store
  DISK_LOW: 'operator',
  STORE_BUSY: 'transient',
  STORE_CORRUPT: 'operator',
  STORE_FULL: 'operator',
  STORE_LOCKED: 'operator',
  STORE_REPLACED: 'operator',
  STORE_ROLLED_BACK: 'operator',
  STORE_TOO_NEW: 'operator',
  // uplink
  ACK_TIMEOUT: 'transient',
  CLIENT_ID_TAKEN: 'operator',
  COMMAND_EXPIRED: 'input',
  COMMAND_INVALID: 'input',
  COMMAND_UNKNOWN: 'input',
  LINK_AUTH: 'operator',
  LINK_DOWN: 'transient',
  // configuration
  CONFIG_INVALID: 'operator',
  KEY_INVALID: 'operator',
  // contracts and ingest
  BATCH_INVALID: 'input',
  BATCH_TOO_LARGE: 'input',
  CLOCK_WRONG: 'operator',
  EVENT_ID_CONFLICT: 'input',
  GATEWAY_CLONED: 'operator',
  GATEWAY_REVOKED: 'operator',
  GATEWAY_UNKNOWN: 'input',
  MESSAGE_INVALID: 'input',
  READER_FOREIGN: 'operator',
  ROW_INVALID: 'input',
  SCHEMA_VERSION_UNSUPPORTED: 'input',
  SEQ_LOST: 'operator',
  SIGNATURE_INVALID: 'input',
  SIGNATURE_MISSING: 'input',
  TIME_IN_FUTURE: 'input',
  TOPIC_INVALID: 'input',
  WEBHOOK_CLOSED: 'input',
  // requests
  ANSWER_LOST: 'input',
  BODY_TOO_LARGE: 'input',
  IDEMPOTENCY_KEY_REUSED: 'input',
  REQUEST_IN_FLIGHT: 'transient',
  TOO_MANY_REQUESTS: 'transient',
  // signing in
  CSRF_MISSING: 'input',
  LOGIN_REFUSED: 'input',
  LOGIN_THROTTLED: 'input',
  PASSWORD_CHANGE_NEEDED: 'input',
  PASSWORD_WEAK: 'input',
  SECOND_FACTOR_NEEDED: 'input',
  TOKEN_EXPIRED: 'input',
  TOKEN_INVALID: 'input',
  TOKEN_MISSING: 'input',
  TOKEN_SPENT: 'input',
  // capture
  CLIENT_UUID_CONFLICT: 'input',
  DEVICE_ALREADY_USED: 'input',
  DEVICE_NOT_BOUND: 'input',
  LOCATION_INACCURATE: 'input',
  LOCATION_MOCKED: 'input',
  LOCATION_REQUIRED: 'input',
  LOCATION_STALE: 'input',
  NOT_ON_ROSTER: 'input',
  OUTSIDE_GEOFENCE: 'input',
  OVERLOADED: 'transient',
  QR_DISABLED: 'input',
  QR_EXPIRED: 'input',
  QR_NOT_GENERATED: 'input',
  QR_TOO_EARLY: 'input',
  REBIND_LIMIT: 'input',
  HEADCOUNT_TOO_HIGH: 'input',
  HEADCOUNT_TOO_LOW: 'input',
  ROWS_REFUSED: 'input',
  SEAL_BROKEN: 'operator',
  SESSION_CANCELLED: 'input',
  SESSION_NOT_OPEN: 'input',
  STUDENT_MISMATCH: 'input',
  TOO_MANY_TRIES: 'input',
  // class sessions
  AD_HOC_TOO_LATE: 'input',
  CLASH: 'input',
  REASON_MISSING: 'input',
  REOPEN_TOO_LATE: 'input',
  SECOND_PERSON_NEEDED: 'input',
  // leave and corrections
  ALREADY_DECIDED: 'input',
  CORRECTION_PENDING: 'input',
  DOCUMENT_INVALID: 'input',
  DOCUMENT_MISSING: 'input',
  HIGHER_DECIDER_NEEDED: 'input',
  LEAVE_OVERLAP: 'input',
  REREQUEST_USED: 'input',
  WINDOW_CLOSED: 'input',
  // consent
  CONSENT_MISSING: 'input',
  FINGER_EXEMPT: 'input',
  GUARDIAN_NEEDED: 'input',
  // masters
  ALREADY_EXISTS: 'input',
  LAST_ADMIN: 'input',
  MASTER_IN_USE: 'input',
  // central
  AUDIT_BROKEN: 'operator',
  AUDIT_UNSEALABLE: 'operator',
  BROKER_PROBE_FAILED: 'operator',
  CONCURRENT_CHANGE: 'transient',
  DATABASE_LOST: 'transient',
  DATABASE_STALE_LOCK: 'operator',
  DATABASE_UNAVAILABLE: 'operator',
  DATABASE_VERSION_MISMATCH: 'operator',
  EXPORT_FAILED: 'input',
  EXPORT_GONE: 'input',
  EXPORT_NOT_READY: 'transient',
  FORBIDDEN: 'input',
  INTERNAL: 'bug',
  INVALID_TRANSITION: 'input',
  METHOD_NOT_ALLOWED: 'input',
  NOT_FOUND: 'input',
  PORT_TAKEN: 'operator',
  REQUEST_INVALID: 'input',
  SCHEMA_TOO_NEW: 'operator',
  SEED_INVALID: 'operator',
  SESSION_LOCKED: 'input',
  SESSION_TOO_EARLY: 'input',
  SETTING_INVALID: 'input',
  SETTING_UNKNOWN: 'input',
  STALE: 'input',
  UNAUTHENTICATED: 'input',
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface RollcallErrorOptions {
  cause?: unknown;
  /** Facts for logs and problem+json. Never a secret, a card UID or a biometric byte. */
  context?: Readonly<Record<string, unknown>>;
}

/** The one error class. `message` is written for the human who has to act; `code` is for programs. */
export class RollcallError extends Error {
  override readonly name = 'RollcallError';
  readonly code: ErrorCode;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: RollcallErrorOptions = {}) {
    // The code is part of the text too: logs get cut, quoted and pasted without their structure.
    super(`${message} (${code})`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.context = options.context ?? {};
  }

  get kind(): ErrorKind {
    return ERROR_CODES[this.code];
  }
}

export function isRollcallError(error: unknown): error is RollcallError {
  return error instanceof RollcallError;
}

export function hasCode(error: unknown, code: ErrorCode): error is RollcallError {
  return isRollcallError(error) && error.code === code;
}

/** True where waiting and trying again can help. */
export function isTransient(error: unknown): boolean {
  return isRollcallError(error) && error.kind === 'transient';
}

/** True where a human has to change something before trying again. */
export function isOperator(error: unknown): boolean {
  return isRollcallError(error) && error.kind === 'operator';
}

/** True for everything that a correct program cannot throw; unknown errors count as bugs. */
export function isBug(error: unknown): boolean {
  return !isRollcallError(error) || error.kind === 'bug';
}
