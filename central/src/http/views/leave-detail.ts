import { coveredClasses } from '../../leave/covered-classes.js';
import { LEAVE_TABLE, unknownLeave } from '../../leave/leave-row.js';
import { etagOf } from '../etag.js';
import type { HttpContext } from '../route.js';
import { LEAVE_COLUMNS, LEAVE_JOINS, type LeaveRow, toLeaveItems } from './leave-view.js';

/** One application with what lists leave out; its version is the ETag. @throws RollcallError `NOT_FOUND` */
export async function leaveReply({ db, clock, capture }: HttpContext, id: string) {
  const { rows } = await db.knex.raw<{ rows: (LeaveRow & SealedColumns)[] }>(
    `SELECT ${LEAVE_COLUMNS}, l.reason_sealed, coalesce(l.document_name, b.document_name) AS document_name,
       coalesce(l.document_type, b.document_type) AS document_type
     FROM ${LEAVE_JOINS} WHERE l.id = ?::uuid`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw unknownLeave(id);
  const { reason_sealed: sealed, document_name: name, document_type: mediaType, ...plain } = row;
  const [item] = await toLeaveItems(db.knex, [plain], clock.wallMs());
  if (item === undefined) throw unknownLeave(id);
  const covered = await coveredClasses(db.knex, id);
  const attended = covered.filter(({ mark }) => mark === 'present' || mark === 'late');
  return {
    headers: { ETag: etagOf(item.version) },
    body: {
      ...item,
      reason:
        sealed === null
          ? ''
          : capture.seal.openText(sealed, { table: LEAVE_TABLE, column: 'reason_sealed', row: id }),
      document: name === null || mediaType === null ? null : { name, media_type: mediaType },
      classes: { covered: covered.length, attended: attended.length },
    },
  };
}

interface SealedColumns {
  reason_sealed: Buffer | null;
  document_name: string | null;
  document_type: string | null;
}
