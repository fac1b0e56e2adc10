import { requireSession } from '../../auth/scope.js';
import { holdForMarking } from '../../capture/decide-marks.js';
import { importMeeting } from '../../capture/online-presence.js';
import { API, uuidParams } from '../contracts/fields.js';
import { meetingBody, meetingSchema } from '../contracts/online-presence.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

export const importOnlinePresence = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/online-presence/`,
    operationId: 'importOnlinePresence',
    tag: 'Attendance records',
    summary: 'Who was in the meeting of a blended class, from when to when; the same again changes nothing',
    access: 'records.mark',
    rate: 'bulk_mark',
    params: uuidParams,
    body: meetingBody,
    reply: { schema: meetingSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'SESSION_LOCKED', 'SESSION_NOT_OPEN', 'SESSION_CANCELLED'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal } = input;
    await requireSession(db.knex, principal, 'records.mark', params.id);
    const imported = await writeAs(db.knex, input, async (trx) => {
      await holdForMarking(trx, params.id);
      return importMeeting(trx, {
        sessionId: params.id,
        tool: body.tool,
        stays: body.stays.map(({ student_id, joined_at, left_at }) => ({
          student: student_id,
          joinedMs: Date.parse(joined_at),
          leftMs: Date.parse(left_at),
        })),
        accountId: principal.accountId,
        nowMs: clock.wallMs(),
      });
    });
    return { body: imported };
  },
);
