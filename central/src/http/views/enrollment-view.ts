import type { EnrollmentProgress } from '@rollcall/protocol/enrollment';
import type { Knex } from '../../db/database.js';
import type { EnrollmentState } from '../../enrollment/enrollment-state.js';
import type { EnrollmentItem } from '../contracts/enrollments.js';
import { toInstant, toInstantOrNull } from '../contracts/fields.js';

export interface EnrollmentRow {
  id: string;
  student_id: string;
  roll_number: string;
  gateway_id: string;
  device_id: string;
  fingers: number[];
  consent_id: string;
  state: EnrollmentState;
  requested_by: string | null;
  requested_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
  expires_at: Date;
  progress: EnrollmentProgress | null;
  captures: (Omit<EnrollmentItem['captures'][number], 'at'> & { at: string })[];
  templates: EnrollmentItem['templates'];
  code: string | null;
  message: string | null;
}

export const ENROLLMENT_SQL = `SELECT e.*, st.roll_number,
    coalesce((SELECT json_agg(json_build_object('number', c.number, 'at', c.at, 'finger_position', c.finger_position,
        'impression', c.impression, 'quality', c.quality, 'reasons', c.reasons) ORDER BY c.number)
      FROM enrollment_capture c WHERE c.enrollment_id = e.id), '[]') AS captures,
    coalesce((SELECT json_agg(json_build_object('id', t.id, 'finger_position', t.finger_position) ORDER BY t.enrolled_at, t.id)
      FROM attendance_biometric_template t WHERE t.enrollment_id = e.id), '[]') AS templates
  FROM enrollment e JOIN student st ON st.id = e.student_id`;

export const toEnrollmentItem = (row: EnrollmentRow): EnrollmentItem => ({
  id: row.id,
  student: { id: row.student_id, roll_number: row.roll_number },
  gateway: row.gateway_id,
  device: row.device_id,
  fingers: row.fingers,
  consent: row.consent_id,
  state: row.state,
  requested_by: row.requested_by,
  requested_at: toInstant(row.requested_at),
  started_at: toInstantOrNull(row.started_at),
  ended_at: toInstantOrNull(row.ended_at),
  expires_at: toInstant(row.expires_at),
  prompt: promptOf(row.progress),
  captures: row.captures.map((capture) => ({ ...capture, at: toInstant(new Date(capture.at)) })),
  templates: row.templates,
  code: row.code,
  message: row.message,
});

function promptOf(progress: EnrollmentProgress | null): EnrollmentItem['prompt'] {
  if (progress === null) return null;
  const told: {
    step: string;
    finger_position?: number | undefined;
    impression?: number;
    impressions?: number;
    quality?: number | null;
    reasons?: NonNullable<EnrollmentItem['prompt']>['reasons'] | undefined;
  } = progress;
  return {
    step: told.step,
    finger_position: told.finger_position ?? null,
    impression: told.impression ?? null,
    impressions: told.impressions ?? null,
    quality: told.quality ?? null,
    reasons: told.reasons ?? [],
  };
}

export async function loadEnrollmentItems(knex: Knex, ids: readonly string[]): Promise<EnrollmentItem[]> {
  const { rows } = await knex.raw<{ rows: EnrollmentRow[] }>(
    `${ENROLLMENT_SQL} WHERE e.id = ANY(?::uuid[]) ORDER BY e.requested_at, e.id`,
    [ids as never],
  );
  return rows.map(toEnrollmentItem);
}
