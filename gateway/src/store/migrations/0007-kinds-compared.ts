import type { TableRewrite } from '../rewrite-table.js';

/**
 * Of a list of more than two values SQLite builds a table in memory, again for each row that it checks. Values that are
 * compared one by one need none, and a light waits for this statement; what is allowed stays the same.
 */
export const kindsComparedMigration: TableRewrite = {
  table: 'outbox',
  from: "CHECK (kind IN ('punch', 'anchor', 'event'))",
  to: "CHECK (kind = 'punch' OR kind = 'anchor' OR kind = 'event')",
};
