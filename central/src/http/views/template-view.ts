import type { Knex } from '../../db/database.js';
import type { TemplateItem } from '../contracts/consents.js';
import { toInstant, toInstantOrNull } from '../contracts/fields.js';

export interface TemplateRow
  extends Pick<TemplateItem, 'id' | 'finger_position' | 'format' | 'state' | 'deployments'> {
  student_id: string;
  roll_number: string;
  quality_score: number | null;
  consent_id: string;
  enrolled_at: Date;
  last_used_at: Date | null;
}

/** Without the template itself: no statement that is built on it reads its bytes (domain F3). */
export const TEMPLATE_SQL = `SELECT t.id, t.student_id, st.roll_number, t.finger_position, t.format, t.quality_score, t.state,
    t.consent_id, t.enrolled_at,
    (SELECT max(p.effective_at) FROM punch p
      WHERE p.student_id = t.student_id AND p.finger_position = t.finger_position
        AND p.effective_at >= t.enrolled_at) AS last_used_at,
    coalesce((SELECT json_agg(json_build_object('gateway', d.gateway_id, 'state', d.state) ORDER BY d.gateway_id)
      FROM template_deployment d WHERE d.template_id = t.id), '[]') AS deployments
  FROM attendance_biometric_template t JOIN student st ON st.id = t.student_id`;

export const toTemplateItem = (row: TemplateRow): TemplateItem => ({
  id: row.id,
  student: { id: row.student_id, roll_number: row.roll_number },
  finger_position: row.finger_position,
  format: row.format,
  quality_score: row.quality_score,
  state: row.state,
  consent: row.consent_id,
  enrolled_at: toInstant(row.enrolled_at),
  last_used_at: toInstantOrNull(row.last_used_at),
  deployments: row.deployments,
});

/** What is enrolled of a student now. */
export async function loadTemplateItems(knex: Knex, studentId: string): Promise<TemplateItem[]> {
  const { rows } = await knex.raw<{ rows: TemplateRow[] }>(
    `${TEMPLATE_SQL} WHERE t.student_id = ?::uuid AND t.state = 'active' ORDER BY t.finger_position, t.format`,
    [studentId],
  );
  return rows.map(toTemplateItem);
}
