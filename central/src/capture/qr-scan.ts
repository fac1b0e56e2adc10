import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { findByIndex, prepared } from '../db/prepared.js';
import { judgePairs } from '../marks/judge-pairs.js';
import type { Mark } from '../rules/facts.js';
import type { Settings } from '../rules/setting-keys.js';
import { isCampusAddress } from './campus-network.js';
import { type Place, type Position, placeOf } from './place.js';
import type { QrSecrets } from './qr-secrets.js';
import { loadStandings, type Standing } from './qr-standing.js';

/** Scans that are committed together; what arrives meanwhile waits for the next commit. */
const BATCH_SCANS_MAX = 250;
/** More than this is waiting: central is far behind, and a student who is told so scans again. */
const WAITING_SCANS_MAX = 20_000;

export interface Scan {
  sessionId: string;
  studentId: string;
  atMs: number;
  /** Keyed hash of the phone. */
  deviceHash: Buffer;
  position: Position | undefined;
  ip: string;
}

export interface Scanned {
  sessionId: string;
  course: { code: string; title: string };
  room: { id: string; name: string };
  mark: Mark;
  markedAt: Date | null;
  alreadyRecorded: boolean;
  isVerified: boolean;
}

export interface ScanQueue {
  /** @throws RollcallError with the code of the refusal (domain cases 98–111) */
  scan(scan: Scan): Promise<Scanned>;
}

export interface ScanQueueOptions {
  knex: Knex;
  clock: Pick<Clock, 'wallMs'>;
  secrets: Pick<QrSecrets, 'settings'>;
}

interface Waiting {
  scan: Scan;
  resolve(scanned: Scanned): void;
  reject(error: unknown): void;
}

/** What becomes of one scan before it is written. */
type Verdict =
  | { kind: 'recorded' }
  | { kind: 'refused'; code: RefusalCode; message: string; place: Place }
  | {
      kind: 'taken';
      place: Place;
      isVerified: boolean;
      isOnCampusNetwork: boolean;
      binds: boolean;
      isShared: boolean;
    };

type RefusalCode = RollcallError['code'];

/**
 * Scans that arrive together are checked, stored and judged together: one transaction of a fixed number of
 * statements, however many there are.
 */
export function createScanQueue({ knex, clock, secrets }: ScanQueueOptions): ScanQueue {
  let waiting: Waiting[] = [];
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_SCANS_MAX);
      waiting = waiting.slice(BATCH_SCANS_MAX);
      try {
        const answers = await takeBatch(
          knex,
          batch.map(({ scan }) => scan),
          await secrets.settings(),
          clock.wallMs(),
        );
        for (const [index, one] of batch.entries()) {
          const answer = answers[index] as Scanned | RollcallError;
          if (answer instanceof RollcallError) one.reject(answer);
          else one.resolve(answer);
        }
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    isRunning = false;
  }

  return {
    scan(scan) {
      if (waiting.length >= WAITING_SCANS_MAX) {
        return Promise.reject(
          new RollcallError('OVERLOADED', 'Too many scans at once; scan again in a few seconds'),
        );
      }
      return new Promise((resolve, reject) => {
        waiting.push({ scan, resolve, reject });
        // All that have arrived in this turn of the loop go together.
        if (!isRunning) {
          isRunning = true;
          setImmediate(() => void run());
        }
      });
    },
  };
}

async function takeBatch(
  knex: Knex,
  scans: readonly Scan[],
  settings: Settings,
  nowMs: number,
): Promise<(Scanned | RollcallError)[]> {
  return knex.transaction(async (trx) => {
    await findByIndex(trx);
    const standings = await loadStandings(trx, scans);
    const seen = new Set<string>();
    const verdicts = scans.map((scan, index) => {
      const verdict = verdictOn(scan, standings[index], settings);
      // The same student twice in one batch: the second is told what the first did.
      const key = `${scan.sessionId}/${scan.studentId}`;
      if (verdict.kind === 'taken' && seen.has(key)) return { kind: 'recorded' } as const;
      if (verdict.kind === 'taken') seen.add(key);
      return verdict;
    });
    const stored = await storeScans(trx, scans, verdicts);
    const pairs = scans.filter((_scan, index) => stored.has(index));
    if (pairs.length > 0) {
      await bindDevices(trx, scans, verdicts, stored);
      await judgePairs(trx, pairs, nowMs);
    }
    return answersFor(trx, scans, verdicts, stored, standings);
  });
}

const refuse = (code: RefusalCode, message: string, place: Place = 'none'): Verdict => ({
  kind: 'refused',
  code,
  message,
  place,
});

function verdictOn(scan: Scan, standing: Standing | undefined, settings: Settings): Verdict {
  if (!settings.ALLOW_QR_SELF_MARK) {
    return refuse(
      'QR_DISABLED',
      'The college does not take attendance by codes; tap your card, or ask your teacher',
    );
  }
  if (standing === undefined) return refuse('QR_EXPIRED', 'Scan the new code on the screen');
  const closed = whyNotOpen(standing, scan.atMs);
  if (closed !== undefined) return closed;
  if (!standing.is_on_roster) {
    return refuse('NOT_ON_ROSTER', 'You are not on the roster of this class; ask the office');
  }
  if (standing.has_scan || standing.mark === 'present' || standing.mark === 'late')
    return { kind: 'recorded' };
  const phone = whyNotThisPhone(standing);
  if (phone !== undefined) return phone;
  return whereItWas(scan, standing, settings);
}

function whyNotOpen(standing: Standing, atMs: number): Verdict | undefined {
  switch (standing.status) {
    case 'open':
      return undefined;
    case 'scheduled':
      return refuse(
        'QR_TOO_EARLY',
        `Too early: this class opens at ${standing.opens_local}. Scan again then`,
      );
    case 'cancelled':
      return refuse('SESSION_CANCELLED', 'This class was cancelled');
    case 'locked':
      return refuse('SESSION_LOCKED', 'This class is locked; ask for a correction');
    default:
      return refuse(
        'SESSION_NOT_OPEN',
        atMs > standing.end_at.getTime() ? 'This class is over' : 'This class is not open',
      );
  }
}

/** One phone, one person: the phone of a student is the first one used (domain cases 104, 105). */
function whyNotThisPhone(standing: Standing): Verdict | undefined {
  if (standing.is_shared_allowed) return undefined;
  if (standing.device_used_here || standing.device_owner_is_other) {
    return refuse(
      'DEVICE_ALREADY_USED',
      'This phone belongs to another student, or has scanned for one in this class; use your own, or ask your teacher',
    );
  }
  if (standing.is_bound_elsewhere) {
    return refuse(
      'DEVICE_NOT_BOUND',
      'You are known with another phone; change it in your account, or ask the office',
    );
  }
  return undefined;
}

const NO_PLACE: Partial<Record<Place, { code: RefusalCode; message: string }>> = {
  none: {
    code: 'LOCATION_REQUIRED',
    message:
      'This class asks for your location. Allow it, or tap your card at the reader, or ask your teacher',
  },
  stale: { code: 'LOCATION_STALE', message: 'Your location is too old; try again near a window' },
  inaccurate: { code: 'LOCATION_INACCURATE', message: 'Your location is too rough; try again near a window' },
  far: { code: 'OUTSIDE_GEOFENCE', message: 'You are not where this class is' },
};

function whereItWas(scan: Scan, standing: Standing, settings: Settings): Verdict {
  const place = placeOf(
    scan.position,
    {
      center:
        standing.latitude === null || standing.longitude === null
          ? null
          : { latitude: standing.latitude, longitude: standing.longitude },
      radiusMeters: standing.geofence_radius_m ?? settings.GEOFENCE_RADIUS_METERS,
      outline: standing.outline,
    },
    {
      maxAgeSeconds: settings.LOCATION_MAX_AGE_SECONDS,
      maxAccuracyMeters: settings.LOCATION_MAX_ACCURACY_METERS,
    },
    scan.atMs,
  );
  if (place === 'mock') {
    return refuse('LOCATION_MOCKED', 'Your phone reports a made-up location; switch that off', place);
  }
  const missing = settings.GPS_VERIFICATION ? NO_PLACE[place] : undefined;
  if (missing !== undefined) return refuse(missing.code, missing.message, place);
  const isOnCampusNetwork = isCampusAddress(scan.ip, settings.CAMPUS_NETWORKS);
  return {
    kind: 'taken',
    place,
    isVerified: place === 'inside' || isOnCampusNetwork,
    isOnCampusNetwork,
    binds: !standing.is_shared_allowed && !standing.is_bound_here,
    isShared: standing.is_shared_allowed,
  };
}

/** @returns the indexes of the scans that are stored as captures; one that lost a race is not */
async function storeScans(
  trx: Knex,
  scans: readonly Scan[],
  verdicts: readonly Verdict[],
): Promise<Set<number>> {
  const rows = scans.flatMap((scan, index) => {
    const verdict = verdicts[index] as Verdict;
    if (verdict.kind === 'recorded' || (verdict.kind === 'refused' && verdict.code === 'QR_EXPIRED'))
      return [];
    const isTaken = verdict.kind === 'taken';
    return [
      {
        n: index,
        session_id: scan.sessionId,
        student_id: scan.studentId,
        scanned_at: new Date(scan.atMs),
        outcome: isTaken ? (verdict.isVerified ? 'accepted' : 'unverified') : 'refused',
        code: isTaken ? '' : verdict.code,
        // A phone that two may share is nobody's.
        device: isTaken && verdict.isShared ? null : scan.deviceHash.toString('hex'),
        place: verdict.place,
        network: isTaken && verdict.isOnCampusNetwork,
        ip: scan.ip,
      },
    ];
  });
  if (rows.length === 0) return new Set();
  const { rows: stored } = await prepared<{ rows: { session_id: string; student_id: string }[] }>(
    trx,
    `WITH input AS (
       SELECT * FROM jsonb_to_recordset(?::jsonb) AS i (n int, session_id uuid, student_id uuid, scanned_at timestamptz,
         outcome text, code text, device text, place text, network boolean, ip text)
     ), told AS (
       INSERT INTO exception_item (at, code, message, session_id, student_id, detail)
       SELECT scanned_at, code, 'A scan was refused: look at both students', session_id, student_id,
         jsonb_build_object('place', place)
       FROM input WHERE code IN ('DEVICE_ALREADY_USED', 'LOCATION_MOCKED')
       ON CONFLICT DO NOTHING
     )
     INSERT INTO qr_scan (session_id, student_id, scanned_at, outcome, code, device_hash, place, on_campus_network,
       ip_address)
     SELECT session_id, student_id, scanned_at, outcome, code, decode(device, 'hex'), place, network, ip FROM input ORDER BY n
     ON CONFLICT DO NOTHING RETURNING session_id, student_id, outcome`,
    [JSON.stringify(rows)],
  );
  const keys = new Set(stored.map((row) => `${row.session_id}/${row.student_id}`));
  return new Set(
    scans.flatMap((scan, index) =>
      verdicts[index]?.kind === 'taken' && keys.has(`${scan.sessionId}/${scan.studentId}`) ? [index] : [],
    ),
  );
}

/** The first phone that a student uses becomes the student's. */
async function bindDevices(
  trx: Knex,
  scans: readonly Scan[],
  verdicts: readonly Verdict[],
  stored: ReadonlySet<number>,
): Promise<void> {
  const rows = scans.flatMap((scan, index) => {
    const verdict = verdicts[index];
    if (!stored.has(index) || verdict?.kind !== 'taken' || !verdict.binds) return [];
    return [{ student_id: scan.studentId, device: scan.deviceHash.toString('hex'), at: new Date(scan.atMs) }];
  });
  if (rows.length === 0) return;
  await prepared(
    trx,
    `INSERT INTO device_binding (student_id, device_hash, bound_at, bound_by, academic_period_id)
     SELECT student_id, decode(device, 'hex'), at, 'first_use', (SELECT id FROM academic_period
       WHERE at::date BETWEEN starts_on AND ends_on ORDER BY starts_on DESC LIMIT 1)
     FROM jsonb_to_recordset(?::jsonb) AS i (student_id uuid, device text, at timestamptz)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

async function answersFor(
  trx: Knex,
  scans: readonly Scan[],
  verdicts: readonly Verdict[],
  stored: ReadonlySet<number>,
  standings: readonly (Standing | undefined)[],
): Promise<(Scanned | RollcallError)[]> {
  const { rows } = await prepared<{
    rows: { session_id: string; student_id: string; mark: Mark; marked_at: Date | null }[];
  }>(
    trx,
    `SELECT r.session_id, r.student_id, r.mark, r.marked_at FROM unnest(?::uuid[], ?::uuid[]) AS p (session_id, student_id)
       JOIN attendance_record r ON r.session_id = p.session_id AND r.student_id = p.student_id`,
    [scans.map(({ sessionId }) => sessionId) as never, scans.map(({ studentId }) => studentId) as never],
  );
  const records = new Map(rows.map((row) => [`${row.session_id}/${row.student_id}`, row]));
  return scans.map((scan, index) => {
    const verdict = verdicts[index] as Verdict;
    const standing = standings[index];
    if (verdict.kind === 'refused') return new RollcallError(verdict.code, verdict.message);
    // Two phones at the same moment, or two students with one phone: the other one was first.
    if (verdict.kind === 'taken' && !stored.has(index)) {
      return new RollcallError(
        'DEVICE_ALREADY_USED',
        'This phone has just scanned for somebody else in this class',
      );
    }
    const record = records.get(`${scan.sessionId}/${scan.studentId}`);
    return {
      sessionId: scan.sessionId,
      course: { code: standing?.course_code ?? '', title: standing?.course_title ?? '' },
      room: { id: standing?.room_id ?? '', name: standing?.room_name ?? '' },
      mark: record?.mark ?? 'pending',
      markedAt: record?.marked_at ?? null,
      alreadyRecorded: verdict.kind === 'recorded',
      isVerified: verdict.kind === 'recorded' || verdict.isVerified,
    };
  });
}
