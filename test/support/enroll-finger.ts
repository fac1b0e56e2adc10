import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { namedImpression } from '@rollcall/firmware-sim/fingers/named-finger';
import { type Extraction, extract } from '@rollcall/gateway/biometrics/extract/extract';
import { fromRaw8 } from '@rollcall/gateway/biometrics/image/raw';
import { encodeTemplate } from '@rollcall/gateway/biometrics/template/record';
import { loadTemplateSeal } from '@rollcall/gateway/identify/template-seal';
import { isRollcallError } from '@rollcall/protocol/errors';
import type { Campus } from './campus.js';

/** As an R307 sees: 4 bits a pixel. */
const SENSOR = { width: 256, height: 288, dpi: 500 };
const CAPTURES = 6;
const OWN_FORMAT = 'rollcall-1';

export interface EnrolledFinger {
  templateId: string;
  /** As it is before it is sealed; to be found nowhere. */
  record: Uint8Array;
}

export interface FingerOfStudent {
  rollNumber: string;
  /** ISO/IEC 19794-2 table 2. */
  position: number;
  record: Uint8Array;
  format?: string;
}

/** The template of a simulated finger, from the best of some captures. */
export function templateOf(finger: string): Uint8Array {
  const captures = Array.from({ length: CAPTURES }, (_, at) => capture(finger, at + 1));
  const [best] = captures
    .filter((one) => one !== undefined)
    .sort((one, other) => other.quality.score - one.quality.score);
  if (best === undefined) throw new Error(`no capture of ${finger} could be read`);
  return encodeTemplate(best.template);
}

/** Enrolls a finger of a student as a gateway does that has just taken it: sealed, and bound to a consent. */
export async function enrollFinger(
  campus: Campus,
  { rollNumber, position, record, format = OWN_FORMAT }: FingerOfStudent,
): Promise<EnrolledFinger> {
  const { id: gatewayId } = campus.gateway;
  const secret = (name: string): string => join(campus.provisionDir, gatewayId, name);
  const templateId = randomUUID();
  const body = { student_ref: rollNumber, finger_position: position, format };
  const sealed = loadTemplateSeal(secret('template-key')).seal(record, { template_id: templateId, ...body });
  const password = readFileSync(secret('mqtt-password'), 'utf8').trim();
  const headers = {
    'content-type': 'application/json',
    authorization: `Basic ${Buffer.from(`${gatewayId}:${password}`).toString('base64')}`,
  };
  const consent = await consentOf(campus, rollNumber);
  const enrollment = await openEnrollment(campus, { rollNumber, position, consent, headers });
  const response = await fetch(
    `${campus.central.url}/api/v1/attendance/gateways/${gatewayId}/templates/${templateId}/`,
    {
      method: 'PUT',
      headers,
      body: JSON.stringify({
        ...body,
        sealed: sealed.toString('base64'),
        quality_score: 0.8,
        enrollment,
      }),
    },
  );
  if (!response.ok) throw new Error(`enrolling answered ${response.status}: ${await response.text()}`);
  return { templateId, record };
}

interface Opening {
  rollNumber: string;
  position: number;
  consent: string;
  headers: Record<string, string>;
}

/** As the command line of the gateway opens one. */
async function openEnrollment(
  campus: Campus,
  { rollNumber, position, consent, headers }: Opening,
): Promise<string> {
  const { id, plan } = campus.gateway;
  const response = await fetch(`${campus.central.url}/api/v1/attendance/gateways/${id}/enrollments/`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      student_ref: rollNumber,
      device_id: plan.readers.find(({ driver }) => driver === 'ef01')?.id,
      fingers: [position],
      consent,
    }),
  });
  if (!response.ok) throw new Error(`opening answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { enrollment: string }).enrollment;
}

/** The one in force, or one on paper. */
export async function consentOf(campus: Campus, rollNumber: string): Promise<string> {
  const [row] = await campus.database.rows<{ id: string }>(
    `WITH whose AS (SELECT id FROM student WHERE roll_number = ?),
          given AS (SELECT c.id FROM consent c JOIN whose ON whose.id = c.student_id
                     WHERE c.purpose = 'fingerprint' AND c.revoked_at IS NULL),
          signed AS (INSERT INTO consent (student_id, purpose, actor, channel, notice_version, notice_sha256, granted_at)
                     SELECT id, 'fingerprint', 'self', 'paper', '2026-1', sha256('notice'), now() FROM whose
                      WHERE NOT EXISTS (SELECT FROM given) RETURNING id)
     SELECT id FROM given UNION ALL SELECT id FROM signed`,
    [rollNumber],
  );
  if (row === undefined) throw new Error(`there is no student ${rollNumber}`);
  return row.id;
}

function capture(finger: string, impression: number): Extraction | undefined {
  const { pixels } = namedImpression(finger, impression, SENSOR);
  const shown = pixels.map((value) => (value >> 4) * 17);
  try {
    return extract(fromRaw8(shown, SENSOR));
  } catch (error) {
    if (isRollcallError(error)) return undefined;
    throw error;
  }
}
