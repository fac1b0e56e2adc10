import type { Knex } from '../db/database.js';
import type { ThresholdsOf } from './thresholds.js';

interface Limit {
  programme: string | null;
  /** Null: of the aggregate. */
  course_type: string | null;
  enough: number;
  minimum: number;
}

/** A relation `l` of the thresholds of every programme and type of course, bound by `limitsOf`. */
export const LIMITS_SQL = `SELECT * FROM jsonb_to_recordset(?::jsonb)
  AS l (programme text, course_type text, enough integer, minimum integer)`;

/** So that a list can be cut by thresholds which differ from student to student before it is paged. */
export async function limitsOf(knex: Knex, thresholds: ThresholdsOf): Promise<string> {
  const programmes: (string | null)[] = await knex('programme').pluck<string[]>('id');
  const types: (string | null)[] = await knex('course')
    .distinct('course_type')
    .pluck<string[]>('course_type');
  const limits = [null, ...programmes].flatMap((programme) =>
    [null, ...types].map((type): Limit => {
      const { enough, courseMinimum } = thresholds({
        programmeId: programme,
        ...(type === null ? {} : { courseType: type }),
      });
      return { programme, course_type: type, enough, minimum: courseMinimum };
    }),
  );
  return JSON.stringify(limits);
}
