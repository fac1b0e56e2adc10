-- Which of two decisions about one mark was made later, where both bear the same millisecond: their ids are random.
-- Those that are there get the order that has judged them until now, so that no mark of a class that was held changes.
ALTER TABLE decision ADD COLUMN ordinal bigint;
UPDATE decision d SET ordinal = o.ordinal
  FROM (SELECT id, row_number() OVER (ORDER BY decided_at, id) AS ordinal FROM decision) o WHERE o.id = d.id;
ALTER TABLE decision ALTER COLUMN ordinal SET NOT NULL;
ALTER TABLE decision ALTER COLUMN ordinal ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('decision', 'ordinal'), coalesce((SELECT max(ordinal) FROM decision), 0) + 1, false);
