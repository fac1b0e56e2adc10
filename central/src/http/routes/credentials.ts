import { hashRead, maskCanonical, parseCanonical } from '@rollcall/protocol/credential';
import type { ReadHash } from '@rollcall/protocol/credential-hash';
import { RollcallError } from '@rollcall/protocol/errors';
import { interpretPrinted, type PrintedForm } from '@rollcall/protocol/printed-number';
import type * as z from 'zod';
import { requireStudent, visibleStudents } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import { assignCard, type CredentialState, changeState, holdCredential } from '../../people/credentials.js';
import { issuePin } from '../../people/pins.js';
import { replayKnown } from '../../people/replay-known.js';
import { replayUnknown } from '../../people/replay-unknown.js';
import { Conditions } from '../conditions.js';
import {
  assignBody,
  assignedSchema,
  type CredentialItem,
  credentialSchema,
  credentialsQuery,
  interpretBody,
  interpretedSchema,
  pinBody,
  pinIssuedSchema,
  stateBody,
  stateChangedSchema,
} from '../contracts/credentials.js';
import { API, toInstantOrNull, uuidParams } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, uuidText } from '../cursor.js';
import { etagOf, refuseStale } from '../etag.js';
import { defineRoute, type Route } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'People';
const PATH = `${API}/credentials/`;

interface Row {
  id: string;
  student_id: string;
  roll_number: string;
  technology: string;
  projections: ('full' | 'u32' | 'w26')[];
  state: CredentialState;
  state_reason: string;
  valid_from: Date | number | null;
  valid_until: Date | number | null;
  version: number;
  updated_at: Date;
}

const SELECT_SQL = `SELECT c.id, c.student_id, st.roll_number, c.technology, c.state, c.state_reason, c.version, c.updated_at,
    lower(c.valid_during) AS valid_from, upper(c.valid_during) AS valid_until,
    ARRAY(SELECT h.projection FROM credential_hash h WHERE h.credential_id = c.id ORDER BY 1) AS projections
  FROM credential c JOIN student st ON st.id = c.student_id`;

/** PostgreSQL's infinities come as numbers; nobody asks for more than "from ever", "for ever". */
const instantOrNull = (value: Date | number | null) => toInstantOrNull(value instanceof Date ? value : null);

const toItem = (row: Row): CredentialItem => ({
  id: row.id,
  student: { id: row.student_id, roll_number: row.roll_number },
  technology: row.technology,
  projections: row.projections,
  state: row.state,
  reason: row.state_reason,
  valid_from: instantOrNull(row.valid_from),
  valid_until: instantOrNull(row.valid_until),
  version: row.version,
  updated_at: row.updated_at.toISOString(),
});

async function load(knex: Knex, id: string): Promise<CredentialItem> {
  const { rows } = await knex.raw<{ rows: Row[] }>(`${SELECT_SQL} WHERE c.id = ?::uuid`, [id]);
  return toItem(rows[0] as Row);
}

export const listCredentials = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'listCredentials',
    tag: TAG,
    summary: 'Whose cards were and are in which state, never their numbers',
    access: 'credentials.read',
    query: credentialsQuery,
    reply: { schema: pageOf(credentialSchema) },
  },
  async ({ principal, query }, { db }) => {
    const scope = visibleStudents(principal, 'credentials.read');
    const conditions = new Conditions()
      .add(scope.sql, ...scope.bindings)
      .equal('c.student_id', query.student)
      .equal('c.state', query.state);
    const position = decodeCursor(query.cursor, [uuidText]);
    if (position !== undefined) conditions.add('c.id > ?::uuid', ...position);
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${SELECT_SQL} WHERE ${conditions.where} ORDER BY c.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.id] }) };
  },
);

export const readCredential = defineRoute(
  {
    method: 'get',
    path: `${PATH}{id}/`,
    operationId: 'readCredential',
    tag: TAG,
    summary: 'One credential; its version is the ETag',
    access: 'credentials.read',
    params: uuidParams,
    reply: { schema: credentialSchema },
    errors: ['NOT_FOUND'],
  },
  async ({ principal, params }, { db }) => {
    const scope = visibleStudents(principal, 'credentials.read');
    const { rows } = await db.knex.raw<{ rows: Row[] }>(
      `${SELECT_SQL} WHERE c.id = ?::uuid AND (${scope.sql})`,
      [params.id, ...scope.bindings],
    );
    const [row] = rows;
    if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no credential ${params.id}`);
    return { body: toItem(row), headers: { ETag: etagOf(row.version) } };
  },
);

export const interpretCard = defineRoute(
  {
    method: 'post',
    path: `${PATH}interpret/`,
    operationId: 'interpretCard',
    tag: TAG,
    summary: 'What a number printed on a card can mean, the likeliest first; a person confirms it',
    access: 'credentials.write',
    body: interpretBody,
    reply: { schema: interpretedSchema },
    errors: ['CREDENTIAL_INVALID'],
  },
  ({ body }) => {
    const options = body.uid_order === undefined ? {} : { uidOrder: body.uid_order };
    const readings = interpretPrinted(body.printed, options).map(({ form, read, canonical, preferred }) => ({
      form,
      technology: read.technology,
      card: maskCanonical(canonical),
      preferred,
    }));
    return Promise.resolve({ body: { readings } });
  },
);

type AssignBody = z.output<typeof assignBody>;

/** The one conversion of printed numbers is protocol's; here is only chosen which of its readings is meant. */
function readCard(
  body: AssignBody,
  hmacHex: (value: string) => string,
): { read: ReadHash; form: PrintedForm | null } {
  if (body.card !== undefined) return { read: hashRead(parseCanonical(body.card), hmacHex), form: null };
  const options = body.uid_order === undefined ? {} : { uidOrder: body.uid_order };
  const readings = interpretPrinted(body.printed ?? '', options);
  const meant = readings.find(({ form, preferred }) =>
    body.form === undefined ? preferred : form === body.form,
  );
  if (meant !== undefined) return { read: hashRead(meant.read, hmacHex), form: meant.form };
  throw new RollcallError(
    'CREDENTIAL_INVALID',
    `The number cannot be read as ${body.form}; it can be ${readings.map(({ form }) => form).join(', ')}`,
  );
}

export const assignCredential = defineRoute(
  {
    method: 'post',
    path: PATH,
    operationId: 'assignCredential',
    tag: TAG,
    summary:
      'Gives a card to a student from an instant on, by its printed number or its canonical form; captures since then find their owner',
    access: 'credentials.write',
    status: 201,
    body: assignBody,
    reply: { schema: assignedSchema },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'ALREADY_EXISTS', 'CREDENTIAL_INVALID'],
  },
  async (input, { db, clock, cardHmac }) => {
    const { body, principal } = input;
    const nowMs = clock.wallMs();
    const { read, form } = readCard(body, cardHmac);
    const from = new Date(body.valid_from ?? nowMs);
    await requireStudent(db.knex, principal, 'credentials.write', body.student);
    const { id, formerOwners } = await writeAs(db.knex, input, (trx) =>
      assignCard(
        trx,
        { studentId: body.student, read, from, isReissue: body.reissue },
        { accountId: principal.accountId, nowMs, reason: body.reason },
      ),
    );
    await replayKnown(db, formerOwners, from);
    const replayed = await replayUnknown(
      { db, clock },
      read.hashes.map(({ hash }) => Buffer.from(hash, 'hex')),
    );
    const credential = await load(db.knex, id);
    return { body: { credential, form, replayed }, headers: { ETag: etagOf(credential.version) } };
  },
);

export const issuePinRoute = defineRoute(
  {
    method: 'post',
    path: `${PATH}pin/`,
    operationId: 'issuePin',
    tag: TAG,
    summary:
      'Gives a student a new PIN, to be typed after the card; it is shown this once, and ends the one before it',
    access: 'credentials.write',
    status: 201,
    body: pinBody,
    reply: { schema: pinIssuedSchema },
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
  async (input, { db, clock, cardHmac }) => {
    const { body, principal } = input;
    await requireStudent(db.knex, principal, 'credentials.write', body.student);
    const { id, pin } = await writeAs(db.knex, input, (trx) =>
      issuePin(
        trx,
        { studentId: body.student, hmacHex: cardHmac },
        { accountId: principal.accountId, nowMs: clock.wallMs(), reason: body.reason },
      ),
    );
    const credential = await load(db.knex, id);
    return { body: { credential, pin }, headers: { ETag: etagOf(credential.version) } };
  },
);

const STATE_ACTIONS: readonly { path: string; state: CredentialState; name: string; summary: string }[] = [
  {
    path: 'block',
    state: 'blocked',
    name: 'blockCredential',
    summary:
      'Blocks a card from an instant on: taps since then are no marks and raise an alarm with their place',
  },
  {
    path: 'report-lost',
    state: 'lost',
    name: 'reportCredentialLost',
    summary: 'A card is lost: blocked, until it is found or returned',
  },
  {
    path: 'return',
    state: 'returned',
    name: 'returnCredential',
    summary: 'A card came back to the office and can be given to somebody else',
  },
  {
    path: 'restore',
    state: 'issued',
    name: 'restoreCredential',
    summary: 'A blocked or lost card counts again from an instant on',
  },
];

export const credentialActions: readonly Route[] = STATE_ACTIONS.map(({ path, state, name, summary }) =>
  defineRoute(
    {
      method: 'post',
      path: `${PATH}{id}/${path}/`,
      operationId: name,
      tag: TAG,
      summary,
      access: 'credentials.write',
      params: uuidParams,
      body: stateBody,
      headers: { 'If-Match': 'The ETag you read; if it has changed since, the answer is STALE' },
      reply: { schema: stateChangedSchema },
      errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'INVALID_TRANSITION'],
    },
    async (input, { db, clock }) => {
      const { params, body, principal, request } = input;
      const nowMs = clock.wallMs();
      const at = new Date(body.from ?? nowMs);
      const { id, studentId } = await writeAs(db.knex, input, async (trx) => {
        const held = await holdCredential(trx, params.id);
        refuseStale(held.version, request.headers['if-match'], body.version);
        const actor = { accountId: principal.accountId, nowMs, reason: body.reason };
        return { id: await changeState(trx, { held, state, at }, actor), studentId: held.studentId };
      });
      const replayed = await replayKnown(db, [studentId], at);
      const credential = await load(db.knex, id);
      return { body: { credential, replayed }, headers: { ETag: etagOf(credential.version) } };
    },
  ),
);
