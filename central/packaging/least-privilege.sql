-- The rights of the role that central runs with in production (docs/operations.md, "The audit log"). Run it as the
-- owner of the tables, after "rollcall-central migrate" and again after every update that brings migrations.
-- The role may add to the audit log and read it, and can neither change nor remove a row of it.

GRANT USAGE ON SCHEMA public TO rollcall_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO rollcall_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO rollcall_app;

-- Evidence: added to, never changed. The resolution of a punch is recomputed; a trigger keeps the rest of it.
REVOKE UPDATE, DELETE ON attendance_audit_log, audit_seal, audit_tombstone, clock_anchor, gateway_event FROM rollcall_app;
REVOKE DELETE ON punch FROM rollcall_app;
-- The schema belongs to its owner.
REVOKE INSERT, UPDATE, DELETE ON knex_migrations, schema_floor FROM rollcall_app;

-- Partitions are reached through their table only.
DO $$
DECLARE
  partition regclass;
BEGIN
  FOR partition IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'punch'::regclass LOOP
    EXECUTE format('REVOKE ALL ON %s FROM rollcall_app', partition);
  END LOOP;
END $$;

-- What needs more runs with the owner's rights, within bounds of its own.
GRANT EXECUTE ON FUNCTION expire_audit(bigint, date), make_punch_partition(date) TO rollcall_app;

-- The job queue makes and keeps a schema of its own.
DO $$
BEGIN
  EXECUTE format('GRANT CREATE ON DATABASE %I TO rollcall_app', current_database());
END $$;
