import { createHash } from 'node:crypto';
import type { RosterClass, RosterDocument, RosterPointer } from '@rollcall/protocol/roster';
import type { Database, Knex } from '../db/database.js';
import { readClasses } from './roster-classes.js';

/** One replica builds at a time. */
const ROSTER_LOCK = 0x726f6c06;
/** Documents kept per gateway, for one that is still fetching an earlier version. */
const VERSIONS_KEPT = 3;

type Students = RosterDocument['students'];

export interface PublishedRoster {
  gatewayId: string;
  pointer: RosterPointer;
}

/**
 * Builds the roster of every gateway and stores a new version where its content changed: all credentials of
 * the campus that are or will be valid, since students meet every building, and the classes of its own rooms.
 *
 * @returns the pointer of every gateway
 */
export async function buildRosters(db: Pick<Database, 'knex'>, at: Date): Promise<PublishedRoster[]> {
  return db.knex.transaction(async (trx) => {
    await trx.raw('SELECT pg_advisory_xact_lock(?)', [ROSTER_LOCK]);
    const students = await readStudents(trx, at);
    const gateways = await trx('gateway').where({ revoked_at: null }).orderBy('id').pluck<string[]>('id');
    const rosters: PublishedRoster[] = [];
    for (const gatewayId of gateways) {
      const templates = await readTemplates(trx, gatewayId);
      const classes = await readClasses(trx, gatewayId, at);
      rosters.push(await storeIfChanged(trx, { gatewayId, students, templates, classes, at }));
    }
    return rosters;
  });
}

interface NextRoster {
  gatewayId: string;
  students: Students;
  templates: readonly string[];
  classes: readonly RosterClass[];
  at: Date;
}

async function storeIfChanged(trx: Knex, next: NextRoster): Promise<PublishedRoster> {
  const { gatewayId, templates, at } = next;
  const last = await trx('gateway_roster')
    .where({ gateway_id: gatewayId })
    .orderBy('version', 'desc')
    .first<{ version: number; sha256: string } | undefined>('version', 'sha256');
  // The same content under the last version number gives the same bytes; then nothing is new.
  if (last !== undefined && encode(next, last.version).sha256 === last.sha256) {
    return { gatewayId, pointer: pointerTo(gatewayId, last.version, last.sha256) };
  }
  // Counted from the clock: gateways ignore what is not newer than theirs, and a central that begins with an
  // empty or a restored database must not offer them numbers that they have passed.
  const version = Math.max((last?.version ?? 0) + 1, at.getTime());
  const { document, sha256 } = encode(next, version);
  await trx('gateway_roster').insert({
    gateway_id: gatewayId,
    version,
    sha256,
    document,
    template_ids: templates,
  });
  await trx('gateway_roster')
    .where({ gateway_id: gatewayId })
    .whereNotIn(
      'version',
      trx('gateway_roster')
        .where({ gateway_id: gatewayId })
        .orderBy('version', 'desc')
        .limit(VERSIONS_KEPT)
        .select('version'),
    )
    .delete();
  return { gatewayId, pointer: pointerTo(gatewayId, version, sha256) };
}

function encode(
  { gatewayId, students, templates, classes }: NextRoster,
  version: number,
): { document: Buffer; sha256: string } {
  const content: RosterDocument = {
    v: 1,
    version,
    gateway_id: gatewayId,
    students,
    // Left out without any: gateways that know neither go on reading their rosters.
    ...(templates.length === 0 ? {} : { templates: [...templates] }),
    ...(classes.length === 0 ? {} : { classes: [...classes] }),
  };
  const document = Buffer.from(JSON.stringify(content));
  return { document, sha256: createHash('sha256').update(document).digest('hex') };
}

/** What the gateway has, or is to have; what is to be removed is no more in it. */
const readTemplates = (trx: Knex, gatewayId: string): Promise<string[]> =>
  trx('template_deployment')
    .where({ gateway_id: gatewayId })
    .whereIn('state', ['pushed', 'acked'])
    .orderBy('template_id')
    .pluck<string[]>('template_id');

function pointerTo(gatewayId: string, version: number, sha256: string): RosterPointer {
  return { v: 1, version, url: `/api/v1/attendance/gateways/${gatewayId}/roster/${version}/`, sha256 };
}

/** Sorted in every respect, so that equal content is equal bytes. */
async function readStudents(trx: Knex, at: Date): Promise<Students> {
  const { rows } = await trx.raw<{ rows: { students: Students | null }[] }>(
    `WITH credentials AS (
       SELECT c.id, c.student_id, lower(c.valid_during) AS valid_from, jsonb_build_object(
         'technology', c.technology,
         'hashes', (SELECT jsonb_agg(jsonb_build_object('projection', h.projection, 'hash', encode(h.hash, 'hex'))
                      ORDER BY array_position(ARRAY['full', 'u32', 'w26'], h.projection))
                    FROM credential_hash h WHERE h.credential_id = c.id),
         'state', c.state,
         'valid_from', ${instant("coalesce(nullif(lower(c.valid_during), '-infinity'), 'epoch')")},
         'valid_to', ${instant("nullif(upper(c.valid_during), 'infinity')")}) AS document
       FROM credential c
       WHERE (upper_inf(c.valid_during) OR upper(c.valid_during) > ?)
         AND EXISTS (SELECT FROM credential_hash h WHERE h.credential_id = c.id)
     )
     SELECT jsonb_agg(jsonb_build_object('student_ref', s.roll_number, 'credentials', c.list) ORDER BY s.roll_number) AS students
     FROM student s
     JOIN LATERAL (SELECT jsonb_agg(document ORDER BY valid_from, id) AS list FROM credentials WHERE student_id = s.id) c
       ON c.list IS NOT NULL`,
    [at],
  );
  return rows[0]?.students ?? [];
}

/** The wire's form of an instant. */
function instant(expression: string): string {
  return `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
