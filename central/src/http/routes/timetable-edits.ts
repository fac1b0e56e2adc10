import { writeAudit } from '../../audit/write-audit.js';
import { requireWithin } from '../../auth/scope.js';
import { occupySlot } from '../../calendar/occupy-slot.js';
import type { Knex } from '../../db/database.js';
import { slotChangeBody, slotParams, slotSchema } from '../contracts/calendar.js';
import { API } from '../contracts/fields.js';
import { etagOf, refuseStale } from '../etag.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';
import {
  holdSlot,
  IF_MATCH,
  refuseUnknown,
  SLOT_SQL,
  type SlotRow,
  toSlot,
  unknownSlot,
} from './timetable.js';

const TAG = 'Timetable';

async function slotReply(knex: Knex, id: string) {
  const { rows } = await knex.raw<{ rows: SlotRow[] }>(`${SLOT_SQL} WHERE t.id = ?`, [id]);
  const [row] = rows;
  if (row === undefined) throw unknownSlot(id);
  return { body: toSlot(row), headers: { ETag: etagOf(row.version) } };
}

export const readSlot = defineRoute(
  {
    method: 'get',
    path: `${API}/timetable-slots/{id}/`,
    operationId: 'readTimetableSlot',
    tag: TAG,
    summary: 'One weekly slot, also one that was taken out of the timetable; its version is the ETag',
    access: 'timetable.read',
    params: slotParams,
    reply: { schema: slotSchema },
    errors: ['NOT_FOUND'],
  },
  ({ params }, { db }) => slotReply(db.knex, params.id),
);

export const updateSlot = defineRoute(
  {
    method: 'patch',
    path: `${API}/timetable-slots/{id}/`,
    operationId: 'updateTimetableSlot',
    tag: TAG,
    summary: 'Changes a weekly slot for classes made from now on; class sessions that exist stay as they are',
    access: 'timetable.write',
    params: slotParams,
    body: slotChangeBody,
    headers: IF_MATCH,
    reply: { schema: slotSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'CLASH'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal, request } = input;
    const { version, allow_clash: allowClash, more_sections: sections, more_rooms: rooms, ...given } = body;
    const nowMs = clock.wallMs();
    await writeAs(db.knex, input, async (trx) => {
      refuseStale((await holdSlot(trx, principal, params.id)).version, request.headers['if-match'], version);
      const before = (await slotReply(trx, params.id)).body;
      const wanted = { ...before, section: before.section.id, ...definedOf(body) };
      await refuseUnknown(trx, wanted);
      const groups = [wanted.section, ...(sections ?? before.more_sections)];
      await requireWithin(trx, principal, 'timetable.write', { course: wanted.course, sections: groups });
      const { course, faculty, section, room, ...others } = given;
      const columns = {
        course_code: course,
        faculty_code: faculty,
        section_id: section,
        room_id: room,
        ...others,
      };
      await trx('attendance_timetable_slot')
        .where({ id: params.id })
        .update({ ...definedOf(columns), version: trx.raw('version + 1'), updated_at: new Date(nowMs) });
      await replaceList(trx, 'timetable_slot_section', 'section_id', { slotId: params.id, values: sections });
      await replaceList(trx, 'timetable_slot_room', 'room_id', { slotId: params.id, values: rooms });
      await occupySlot(trx, params.id, { allowClash, nowMs });
      await writeAudit(trx, [
        {
          at: new Date(nowMs),
          entityType: 'attendance_timetable_slot',
          entityId: params.id,
          action: 'update',
          performedBy: principal.accountId,
          before,
          after: (await slotReply(trx, params.id)).body,
        },
      ]);
    });
    return slotReply(db.knex, params.id);
  },
);

type Defined<Value> = { [Key in keyof Value]: Exclude<Value[Key], undefined> };

/** Without what was left out, so that it cannot write over what is there. */
const definedOf = <Value extends object>(value: Value): Partial<Defined<Value>> =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<Defined<Value>>;

async function replaceList(
  trx: Knex,
  table: string,
  column: string,
  { slotId, values }: { slotId: string; values: string[] | undefined },
): Promise<void> {
  if (values === undefined) return;
  await trx(table).where({ slot_id: slotId }).delete();
  const rows = [...new Set(values)].map((value) => ({ slot_id: slotId, [column]: value }));
  if (rows.length > 0) await trx(table).insert(rows);
}
