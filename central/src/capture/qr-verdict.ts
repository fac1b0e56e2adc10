import type { RollcallError } from '@rollcall/protocol/errors';
import type { AuditActor } from '../audit/audit-actor.js';
import type { Settings } from '../rules/setting-keys.js';
import { isCampusAddress } from './campus-network.js';
import { type Place, type Position, placeOf } from './place.js';
import type { Standing } from './qr-standing.js';

export interface Scan {
  sessionId: string;
  studentId: string;
  atMs: number;
  /** Keyed hash of the phone, in hex. */
  deviceHash: string;
  position: Position | undefined;
  ip: string;
  /** Whose name the audit rows carry. */
  actor: AuditActor;
  /** Those of the class when its code was checked. */
  settings: ScanSettings;
}

/** What a scan asks of the settings: few, since they go from thread to thread with the scans of a moment. */
export const SETTINGS_OF_SCANS = [
  'ALLOW_QR_SELF_MARK',
  'CAMPUS_NETWORKS',
  'GEOFENCE_RADIUS_METERS',
  'GPS_VERIFICATION',
  'LOCATION_MAX_ACCURACY_METERS',
  'LOCATION_MAX_AGE_SECONDS',
] as const satisfies readonly (keyof Settings)[];
export type ScanSettings = Pick<Settings, (typeof SETTINGS_OF_SCANS)[number]>;

/** What becomes of one scan before it is written. */
export type Verdict =
  /** `at`: when the student's own scan was taken; null where there is none, and the mark is a card's, a finger's or a person's. */
  | { kind: 'recorded'; at: Date | null }
  | { kind: 'refused'; code: RefusalCode; message: string; place: Place }
  | {
      kind: 'taken';
      place: Place;
      isVerified: boolean;
      isOnCampusNetwork: boolean;
      binds: boolean;
      isShared: boolean;
    };

export type RefusalCode = RollcallError['code'];

export const refuse = (code: RefusalCode, message: string, place: Place = 'none'): Verdict => ({
  kind: 'refused',
  code,
  message,
  place,
});

/** What a scan is worth, by what is known of its student, phone and class session. */
export function verdictOn(scan: Scan, standing: Standing | undefined): Verdict {
  if (!scan.settings.ALLOW_QR_SELF_MARK) {
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
  const { scanned_at: at, mark } = standing;
  if (at !== null || mark === 'present' || mark === 'late') return { kind: 'recorded', at };
  const phone = whyNotThisPhone(standing);
  if (phone !== undefined) return phone;
  return whereItWas(scan, standing);
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
  stale: {
    code: 'LOCATION_STALE',
    message:
      'Your location is too old, or its date is ahead. Check the clock of your phone and try again near a window, or tap your card at the reader, or ask your teacher',
  },
  inaccurate: {
    code: 'LOCATION_INACCURATE',
    message:
      'Your location is too rough. Try again near a window, or tap your card at the reader, or ask your teacher',
  },
  far: { code: 'OUTSIDE_GEOFENCE', message: 'You are not where this class is' },
};

function whereItWas(scan: Scan, standing: Standing): Verdict {
  const { settings } = scan;
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
