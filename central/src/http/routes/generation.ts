import { RollcallError } from '@rollcall/protocol/errors';
import { generateSessions } from '../../calendar/generate.js';
import { GENERATION_UNDONE } from '../../calendar/make-again.js';
import { undoTakenClasses } from '../../calendar/undo-taken-classes.js';
import { transition } from '../../sessions/transition.js';
import { byHand } from '../by-hand.js';
import { generateBody, generatedSchema, undoneSchema } from '../contracts/calendar.js';
import { API, uuidParams } from '../contracts/fields.js';
import { defineRoute, type HttpContext } from '../route.js';
import { type Writer, writeAs } from '../write-as.js';

const TAG = 'Calendar';

export const generate = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/generate/`,
    operationId: 'generateSessions',
    tag: TAG,
    summary:
      'Makes the class sessions of the timetable for a range of dates; again it makes only what is missing, and says what the calendar leaves out',
    access: 'sessions.generate',
    body: generateBody,
    reply: { schema: generatedSchema },
    errors: ['FORBIDDEN', 'CONFIG_INVALID'],
  },
  async (input, context) => {
    const { start_date: from, end_date: to } = input.body;
    return { body: await generateAsJob(input, context, { from, to }) };
  },
);

/** What is made is one job that can be undone as a whole (domain case 76). */
export async function generateAsJob(
  writer: Writer,
  { db, clock }: HttpContext,
  range: { from: string; to: string },
) {
  const { accountId } = writer.principal;
  const nowMs = clock.wallMs();
  const { jobId, made } = await writeAs(db.knex, writer, async (trx) => {
    const [job] = (await trx('session_batch_job')
      .insert({
        kind: 'generate',
        request: JSON.stringify({ start_date: range.from, end_date: range.to }),
        performed_by: accountId,
        performed_at: new Date(nowMs),
      })
      .returning('id')) as { id: string }[];
    const id = (job as { id: string }).id;
    const result = await generateSessions(trx, {
      ...range,
      nowMs,
      batchJobId: id,
      ...(accountId === null ? {} : { performedBy: accountId }),
    });
    return { jobId: id, made: result };
  });
  return {
    job_id: jobId,
    created: made.created,
    existing: made.existing,
    left_out: made.leftOut.map(({ slotId, date, reason, name }) => ({ slot: slotId, date, reason, name })),
    clashes: made.clashes.map(({ sessionId, kind, resourceId, other }) => ({
      session_id: sessionId,
      kind,
      resource: resourceId,
      other,
    })),
  };
}

export const undoGenerate = defineRoute(
  {
    method: 'post',
    path: `${API}/session-jobs/{id}/undo/`,
    operationId: 'undoSessionJob',
    tag: TAG,
    summary:
      'Cancels every class session of one generation that has not begun and was not changed since; the next generation of its day, the hourly one too, makes it again',
    access: 'sessions.generate',
    params: uuidParams,
    reply: { schema: undoneSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async (input, { db, clock }) => {
    const { params, principal } = input;
    const nowMs = clock.wallMs();
    const result = await writeAs(db.knex, input, async (trx) => {
      const job = await trx('session_batch_job').where({ id: params.id }).forUpdate().first('id');
      if (job === undefined) throw new RollcallError('NOT_FOUND', `There is no job ${params.id}`);
      let cancelled = 0;
      for (;;) {
        const ids = await transition(trx, {
          action: 'cancel',
          where: "s.batch_job_id = ?::uuid AND s.status = 'scheduled' AND NOT s.is_hand_changed",
          bindings: [params.id],
          nowMs,
          actor: byHand(principal),
          reason: 'its generation was undone',
        });
        if (ids.length === 0) break;
        await trx('session_occupancy').whereIn('session_id', ids).delete();
        await trx('attendance_session').whereIn('id', ids).update({ status_reason: GENERATION_UNDONE });
        cancelled += ids.length;
      }
      await undoTakenClasses(trx, { jobId: params.id, nowMs, actor: byHand(principal) });
      await trx('session_batch_job')
        .where({ id: params.id })
        .update({ undone_at: new Date(nowMs) });
      const [left] = (await trx('attendance_session')
        .where({ batch_job_id: params.id })
        .whereNot({ status: 'cancelled' })
        .count('* as n')) as { n: number }[];
      return { cancelled, kept: left?.n ?? 0 };
    });
    return { body: result };
  },
);
