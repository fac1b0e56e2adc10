import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import { dateAt } from '../calendar/campus-zone.js';
import { campusZone } from '../calendar/generate.js';
import { grantConsent, requireFingerprintConsent } from '../consent/consents.js';
import { isExemptSql } from '../consent/finger-exemptions.js';
import type { Knex } from '../db/database.js';
import { insertTemplate } from '../devices/insert-template.js';
import type { Seal } from '../privacy/seal.js';
import type { CampusFile } from './campus-file.js';

type Finger = CampusFile['students'][number]['fingers'][number];

export interface FingersRequest {
  file: CampusFile;
  seal: Seal;
  nowMs: number;
}

/**
 * Fingers that were enrolled elsewhere, each with the consent on paper that goes with it. One whose id is known is left
 * alone, also when it was revoked since; and none is taken of a student who ever withdrew a consent for fingerprints: a
 * file does not bring back what somebody has withdrawn (domain F3), whoever consented since enrolls at a scanner.
 * Nor does it bring any of a student who is exempt from fingers today (case 118), or whose guardian's consent has ended
 * with coming of age.
 *
 * @throws RollcallError `SEED_INVALID`
 */
export async function storeFingers(trx: Knex, { file, seal, nowMs }: FingersRequest): Promise<void> {
  const listed = file.students.flatMap(({ roll_number, fingers }) =>
    fingers.map((finger) => ({ roll_number, finger })),
  );
  const ids = listed.map(({ finger }) => finger.template_id);
  if (new Set(ids).size !== ids.length) {
    throw new RollcallError(
      'SEED_INVALID',
      'Two fingers of the file have one template id; give each its own',
    );
  }
  const known = new Set(await trx('attendance_biometric_template').whereIn('id', ids).pluck<string[]>('id'));
  const rolls = listed.map(({ roll_number }) => roll_number);
  const today = dateAt(nowMs, (await campusZone(trx)) ?? 'UTC');
  const students = (await trx('student')
    .whereIn('roll_number', rolls)
    .whereRaw(`NOT ${isExemptSql('student.id', '?::date')}`, [today, today])
    .whereRaw(
      `NOT EXISTS (SELECT FROM consent c WHERE c.student_id = student.id AND c.purpose = 'fingerprint'
         AND c.revoked_at IS NOT NULL)`,
    )
    .select('id', 'roll_number')) as {
    id: string;
    roll_number: string;
  }[];
  const idOf = new Map(students.map(({ id, roll_number }) => [roll_number, id]));
  for (const { roll_number, finger } of listed) {
    const studentId = idOf.get(roll_number);
    if (studentId === undefined || known.has(finger.template_id)) continue;
    await storeFinger(trx, { studentId, finger, seal, today, nowMs });
  }
}

interface OneFinger {
  studentId: string;
  finger: Finger;
  seal: Seal;
  /** Campus-local. */
  today: string;
  nowMs: number;
}

async function storeFinger(trx: Knex, one: OneFinger): Promise<void> {
  const { studentId, finger, seal, nowMs } = one;
  const { template_id: id, finger_position, format, quality } = finger;
  const taken = await trx('attendance_biometric_template')
    .where({ student_id: studentId, finger_position, format, state: 'active' })
    .first('id');
  if (taken !== undefined) return;
  const consentId = await consentOf(trx, one);
  if (consentId === undefined) return;
  await insertTemplate(
    trx,
    {
      id,
      studentId,
      fingerPosition: finger_position,
      format,
      sealed: finger.sealed,
      quality,
      consentId,
      enrollmentId: null,
      performedBy: 'seed',
    },
    { seal, at: new Date(nowMs) },
  );
}

/** The one in force, or the one of the file where nobody has given any. None: it was given, and has ended. */
async function consentOf(
  trx: Knex,
  { studentId, finger, seal, today, nowMs }: OneFinger,
): Promise<string | undefined> {
  const live = await trx('consent')
    .where({ student_id: studentId, purpose: 'fingerprint' })
    .whereNull('revoked_at')
    .first('id');
  if (live !== undefined) {
    return requireFingerprintConsent(trx, seal, { studentId, today }).catch((error: unknown) => {
      if (hasCode(error, 'CONSENT_MISSING')) return undefined;
      throw error;
    });
  }
  const { notice_version, notice_sha256, language } = finger.consent;
  return grantConsent(
    trx,
    {
      studentId,
      purpose: 'fingerprint',
      actor: 'self',
      guardianId: null,
      channel: 'paper',
      noticeVersion: notice_version,
      noticeSha256: notice_sha256,
      language,
    },
    { accountId: null, nowMs },
  );
}
