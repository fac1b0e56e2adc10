import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { QR_CHANNEL } from '../capture/qr-secrets.js';
import type { Knex } from '../db/database.js';
import { isSettingKey, type SettingKey, specOf } from '../rules/setting-keys.js';
import { readSettingValue, unknownKeyProblem } from '../rules/setting-value.js';
import type { ScopeKind } from '../rules/settings/spec.js';
import { policyOf } from './policies.js';
import { restampSessions } from './restamp.js';
import { loadSettings } from './settings.js';

/** A clock of a page may be a little behind; a setting never begins before that. */
const PAST_MAX_MS = 60_000;

export interface SettingChange {
  key: string;
  value: string;
  scopeKind: ScopeKind;
  scopeId: string;
  effectiveFromMs: number | undefined;
  description: string;
  accountId: string | null;
  nowMs: number;
}

/**
 * Sets a key from an instant on. Nothing is overwritten: what was in force before stays in the history, and
 * classes that were held keep the policy that they were stamped with; those that have not opened get the new one.
 *
 * @returns the id of the new row
 * @throws RollcallError `SETTING_UNKNOWN` or `SETTING_INVALID`
 */
export async function changeSetting(trx: Knex, change: SettingChange): Promise<string> {
  const { key, value, scopeKind, scopeId, nowMs, accountId } = change;
  const known = checkKey(key, value);
  await checkScope(trx, { key: known, kind: scopeKind, id: scopeId });
  const fromMs = change.effectiveFromMs ?? nowMs;
  if (fromMs < nowMs - PAST_MAX_MS) {
    throw new RollcallError(
      'SETTING_INVALID',
      'effective_from is in the past: classes that were held keep their rules. Leave it out to begin now',
    );
  }
  const from = new Date(fromMs);
  const now = new Date(nowMs);
  await trx('attendance_configuration')
    .where({ key, scope_kind: scopeKind, scope_id: scopeId, effective_from: from, is_active: true })
    .update({ is_active: false, updated_at: now });
  const [row] = await trx('attendance_configuration')
    .insert({
      key,
      value,
      data_type: specOf(known).type,
      description: change.description,
      effective_from: from,
      scope_kind: scopeKind,
      scope_id: scopeId,
      updated_by: accountId,
      updated_at: now,
    })
    .returning<{ id: string }[]>('id');
  const id = row?.id ?? '';
  await checkTogether(trx, fromMs);
  await restampScheduled(trx, fromMs, nowMs);
  await tellReplicas(trx);
  const after = { key, value, scope_kind: scopeKind, scope_id: scopeId, effective_from: from };
  await audit(trx, { id, action: 'create', accountId, now, after });
  return id;
}

/** Takes a row out of force; what was set before it counts again. */
export async function deactivateSetting(
  trx: Knex,
  { id, accountId, nowMs }: { id: string; accountId: string | null; nowMs: number },
): Promise<void> {
  const now = new Date(nowMs);
  const [row] = await trx('attendance_configuration')
    .where({ id, is_active: true })
    .update({ is_active: false, updated_at: now, version: trx.raw('version + 1') })
    .returning<{ key: string; value: string }[]>(['key', 'value']);
  if (row === undefined) {
    throw new RollcallError('NOT_FOUND', `There is no setting ${id} in force; look it up in the list`);
  }
  await checkTogether(trx, nowMs);
  await restampScheduled(trx, Number.NEGATIVE_INFINITY, nowMs);
  await tellReplicas(trx);
  await audit(trx, { id, action: 'deactivate', accountId, now, after: row });
}

function checkKey(key: string, value: string): SettingKey {
  if (!isSettingKey(key)) {
    throw new RollcallError('SETTING_UNKNOWN', `There is no setting ${unknownKeyProblem([key])}`);
  }
  const read = readSettingValue(key, value);
  if (!read.ok) throw new RollcallError('SETTING_INVALID', read.problem);
  return key;
}

const COURSE_TYPES: readonly string[] = ['theory', 'lab', 'elective', 'mandatory', 'audit'];

/** A scope that nobody asks for would change nothing, and is refused (A10.13). */
async function checkScope(
  trx: Knex,
  { key, kind, id }: { key: SettingKey; kind: ScopeKind; id: string },
): Promise<void> {
  if (kind === 'campus') {
    if (id === '') return;
    throw new RollcallError(
      'SETTING_INVALID',
      'scope_id belongs to a programme or a type of course; leave it out',
    );
  }
  const { scopes, whyNotNarrower } = specOf(key);
  if (!scopes.includes(kind)) {
    throw new RollcallError(
      'SETTING_INVALID',
      `${key} cannot differ by ${kind}: ${whyNotNarrower}. It goes by ${scopes.join(' or ')}`,
    );
  }
  const isKnown =
    kind === 'course_type'
      ? COURSE_TYPES.includes(id)
      : (await trx('programme').where({ id }).first('id')) !== undefined;
  if (isKnown) return;
  const form = kind === 'course_type' ? `one of ${COURSE_TYPES.join(', ')}` : 'the id of a programme';
  throw new RollcallError('SETTING_INVALID', `scope_id cannot be "${id}"; write ${form}`);
}

/** Settings that are each in bounds may contradict each other, also those that begin later. */
async function checkTogether(trx: Knex, fromMs: number): Promise<void> {
  const { rows } = await trx.raw<{ rows: { at: Date; kind: ScopeKind; id: string }[] }>(
    `SELECT greatest(effective_from, ?::timestamptz) AS at, scope_kind AS kind, scope_id AS id
     FROM attendance_configuration WHERE is_active
     UNION SELECT ?::timestamptz, 'campus', ''`,
    [new Date(fromMs), new Date(fromMs)],
  );
  const settingsAt = await loadSettings(trx);
  for (const { at, kind, id } of rows) {
    const scope =
      kind === 'programme' ? { programmeId: id } : kind === 'course_type' ? { courseType: id } : {};
    try {
      policyOf(settingsAt(at.getTime(), scope));
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      throw new RollcallError(
        'SETTING_INVALID',
        `This does not go with the other settings: ${error.message}`,
        {
          cause: error,
        },
      );
    }
  }
}

async function restampScheduled(trx: Knex, fromMs: number, nowMs: number): Promise<void> {
  const from = new Date(Math.max(fromMs, nowMs));
  await restampSessions(trx, {
    where: "s.status = 'scheduled' AND s.start_at >= ?::timestamptz",
    bindings: [from],
    nowMs,
  });
}

/** Codes on screens keep the settings in memory, in every replica. */
async function tellReplicas(trx: Knex): Promise<void> {
  await trx.raw("SELECT pg_notify(?, '')", [QR_CHANNEL]);
}

async function audit(
  trx: Knex,
  {
    id,
    action,
    accountId,
    now,
    after,
  }: { id: string; action: string; accountId: string | null; now: Date; after: object },
): Promise<void> {
  await writeAudit(trx, [
    { at: now, entityType: 'attendance_configuration', entityId: id, action, performedBy: accountId, after },
  ]);
}
