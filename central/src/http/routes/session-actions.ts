import { RollcallError } from '@rollcall/protocol/errors';
import type { Request } from 'express';
import type { Permission } from '../../auth/permissions.js';
import type { Principal } from '../../auth/principal.js';
import { isAboveSession, requireSession } from '../../auth/scope.js';
import type { Knex } from '../../db/database.js';
import { type Authority, changeSession } from '../../sessions/change-session.js';
import { confirmNotHeld } from '../../sessions/confirm-not-held.js';
import type { SessionAction } from '../../sessions/state.js';
import { unlockSession } from '../../sessions/unlock.js';
import { API, uuidParams } from '../contracts/fields.js';
import {
  changeBody,
  confirmBody,
  finalizeBody,
  reasonBody,
  type SessionItem,
  sessionSchema,
  unlockSchema,
} from '../contracts/sessions.js';
import { etagOf, expectedVersion } from '../etag.js';
import { defineRoute, type HttpContext, type Route } from '../route.js';
import { writeAs } from '../write-as.js';
import { loadSession } from './sessions.js';

const TAG = 'Class sessions';
export const IF_MATCH = {
  'If-Match': 'The ETag you read; if the session has changed since, the answer is STALE',
} as const;
export const CHANGE_ERRORS = [
  'NOT_FOUND',
  'FORBIDDEN',
  'STALE',
  'SESSION_LOCKED',
  'INVALID_TRANSITION',
] as const;

/** What each action needs: a permission, and whether somebody above its faculty member has to do it. */
interface ActionSpec {
  /** Last part of the path. */
  name: string;
  action: SessionAction;
  permission: Permission;
  summary: string;
  statusReason?: string;
  aboveOnly?: boolean;
}

const ACTIONS: readonly ActionSpec[] = [
  {
    name: 'open',
    action: 'open',
    permission: 'sessions.operate',
    summary: 'Opens a scheduled class session; not before captures of it can count, except for the admin',
  },
  {
    name: 'close',
    action: 'close',
    permission: 'sessions.operate',
    summary: 'Closes an open class session; captures stop',
  },
  {
    name: 'reopen',
    action: 'reopen',
    permission: 'sessions.operate',
    summary:
      'Opens a closed class session again, with a reason: its faculty member on the day, later somebody above',
  },
  {
    name: 'lock',
    action: 'lock',
    permission: 'sessions.unlock',
    summary: 'Locks a finalized class session: nothing about it changes any more',
  },
  {
    name: 'restore',
    action: 'restore',
    permission: 'sessions.change',
    summary: 'Brings a cancelled class session back, with the same id',
    aboveOnly: true,
  },
];

const REASONED: readonly ActionSpec[] = [
  {
    name: 'cancel',
    action: 'cancel',
    permission: 'sessions.change',
    summary: 'Cancels a class session: its marks are withdrawn, its captures kept, it counts nowhere',
    statusReason: 'CANCELLED_BY_HAND',
  },
  {
    name: 'not-held',
    action: 'not_held',
    permission: 'sessions.operate',
    summary:
      'Says that a class session was not held: nobody gets a mark, neither students nor faculty are blamed',
    statusReason: 'NOT_HELD_BY_HAND',
  },
];

export const sessionActions: readonly Route[] = [
  ...ACTIONS.map((spec) =>
    defineRoute(contractOf(spec, changeBody), (input, context) => act(spec, input, context)),
  ),
  ...REASONED.map((spec) =>
    defineRoute(contractOf(spec, reasonBody), (input, context) => act(spec, input, context)),
  ),
];

function contractOf<Body extends typeof changeBody | typeof reasonBody>(spec: ActionSpec, body: Body) {
  const { name, permission, summary } = spec;
  return {
    method: 'post',
    path: `${API}/sessions/{id}/${name}/`,
    operationId: `${name.replaceAll(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase())}Session`,
    tag: TAG,
    summary,
    access: permission,
    rate: 'sessions',
    params: uuidParams,
    body,
    headers: IF_MATCH,
    reply: { schema: sessionSchema },
    errors: [...CHANGE_ERRORS, 'SESSION_TOO_EARLY', 'REASON_MISSING', 'REOPEN_TOO_LATE', 'CLASH'],
  } as const;
}

interface ActionInput {
  principal: Principal;
  params: { id: string };
  body: { version?: number | undefined; reason?: string | undefined };
  request: Request;
}

export interface SessionReply {
  body: SessionItem;
  headers: Record<string, string>;
}

async function act(spec: ActionSpec, input: ActionInput, context: HttpContext): Promise<SessionReply> {
  const { principal, params, body } = input;
  const { knex } = context.db;
  await requireSession(knex, principal, spec.permission, params.id);
  const authority = await authorityOver(knex, principal, spec.permission, params.id);
  if (spec.aboveOnly === true) refuseBelow(authority);
  const version = versionOf(input);
  await writeAs(knex, input, (trx) =>
    changeSession(trx, {
      sessionId: params.id,
      action: spec.action,
      nowMs: context.clock.wallMs(),
      actor: { performedBy: principal.accountId, source: 'manual' },
      authority,
      ...(version === undefined ? {} : { expectedVersion: version }),
      ...(body.reason === undefined ? {} : { reason: body.reason }),
      ...(spec.statusReason === undefined ? {} : { statusReason: spec.statusReason }),
    }),
  );
  return sessionReply(knex, params.id);
}

/** Students see their class, and a class representative does this one thing with those of the own section. */
export const confirmNotHeldSession = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/confirm-not-held/`,
    operationId: 'confirmNotHeldSession',
    tag: TAG,
    summary:
      'A class representative confirms that nobody came: the class was not held, and nobody gets a mark',
    access: 'sessions.confirm_not_held',
    rate: 'sessions',
    params: uuidParams,
    body: confirmBody,
    headers: IF_MATCH,
    reply: { schema: sessionSchema },
    errors: [...CHANGE_ERRORS, 'SESSION_TOO_EARLY', 'HIGHER_DECIDER_NEEDED'],
  },
  async (input, { db: { knex }, clock }) => {
    const { principal, params, body } = input;
    await requireSession(knex, principal, 'sessions.confirm_not_held', params.id);
    await writeAs(knex, input, (trx) =>
      confirmNotHeld(trx, {
        sessionId: params.id,
        accountId: principal.accountId,
        reason: body.reason,
        nowMs: clock.wallMs(),
        expectedVersion: versionOf(input),
      }),
    );
    return sessionReply(knex, params.id);
  },
);

/** A person decides about a class that waits for a silent device (domain case 84). */
export const finalizeSession = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/finalize/`,
    operationId: 'finalizeSession',
    tag: TAG,
    summary: 'Ends the wait for devices that stay silent: what is known stands, or the class was not held',
    access: 'sessions.change',
    rate: 'sessions',
    params: uuidParams,
    body: finalizeBody,
    headers: IF_MATCH,
    reply: { schema: sessionSchema },
    errors: CHANGE_ERRORS,
  },
  async (input, context) => {
    const { principal, params, body } = input;
    const { knex } = context.db;
    await requireSession(knex, principal, 'sessions.change', params.id);
    const authority = await authorityOver(knex, principal, 'sessions.change', params.id);
    refuseBelow(authority);
    const version = versionOf(input);
    await writeAs(knex, input, (trx) =>
      changeSession(trx, {
        sessionId: params.id,
        action: body.decision === 'not_held' ? 'not_held' : 'finalize',
        nowMs: context.clock.wallMs(),
        actor: { performedBy: principal.accountId, source: 'manual' },
        authority,
        reason: body.reason,
        statusReason: body.decision === 'not_held' ? 'NOT_HELD_BY_HAND' : 'FINALIZED_BY_HAND',
        ...(version === undefined ? {} : { expectedVersion: version }),
      }),
    );
    return sessionReply(knex, params.id);
  },
);

export const unlock = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/{id}/unlock/`,
    operationId: 'unlockSession',
    tag: TAG,
    summary: 'Unlocks a class session for a day: asked for by one person, confirmed by another one',
    access: 'sessions.unlock',
    rate: 'sessions',
    params: uuidParams,
    body: reasonBody,
    reply: { schema: unlockSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'INVALID_TRANSITION', 'SECOND_PERSON_NEEDED'],
  },
  async (input, context) => {
    const { principal, params, body } = input;
    const { knex } = context.db;
    await requireSession(knex, principal, 'sessions.unlock', params.id);
    const unlocked = await writeAs(knex, input, (trx) =>
      unlockSession(trx, {
        sessionId: params.id,
        accountId: principal.accountId ?? '',
        reason: body.reason,
        nowMs: context.clock.wallMs(),
      }),
    );
    return { body: { unlocked, session: await loadSession(knex, params.id) } };
  },
);

export async function sessionReply(knex: Knex, id: string): Promise<SessionReply> {
  const item = await loadSession(knex, id);
  return { body: item, headers: { ETag: etagOf(item.version) } };
}

/** `If-Match` first, then the version in the body. */
export function versionOf({ request, body }: Pick<ActionInput, 'request' | 'body'>): number | undefined {
  return expectedVersion(request.headers['if-match']) ?? body.version;
}

export async function authorityOver(
  knex: Knex,
  principal: Principal,
  permission: Permission,
  sessionId: string,
): Promise<Authority> {
  if (principal.grants.some(({ role }) => role === 'admin')) return 'admin';
  return (await isAboveSession(knex, principal, permission, sessionId)) ? 'head' : 'faculty';
}

/** @throws RollcallError `FORBIDDEN` for what the faculty member of a class does not decide alone */
export function refuseBelow(authority: Authority): void {
  if (authority !== 'faculty') return;
  throw new RollcallError('FORBIDDEN', 'The head of the department decides this; ask there');
}
