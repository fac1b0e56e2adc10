/** Columns of the audit that say who it was, each with its name in an `AuditActor` and in the settings of a transaction. */
export const ACTOR_COLUMNS = [
  ['performed_by', 'accountId', 'account_id'],
  ['actor_role', 'role', 'actor_role'],
  ['ip_address', 'ip', 'ip'],
  ['user_agent', 'userAgent', 'user_agent'],
  ['request_id', 'requestId', 'request_id'],
] as const;

/**
 * SQL: whoever the transaction is for, under the names of the columns. Their defaults say the same, but read every setting
 * again for each row.
 */
export const ACTOR_OF_TRANSACTION = ACTOR_COLUMNS.map(
  ([column, , setting]) => `nullif(current_setting('rollcall.${setting}', true), '') AS ${column}`,
).join(', ');
