-- A class that somebody made for himself or herself is shown to that person, and opens no way to its students: who may
-- name any group would reach everybody (domain case 157).
ALTER TABLE attendance_session ADD COLUMN is_made_by_faculty boolean NOT NULL DEFAULT false;
UPDATE attendance_session s SET is_made_by_faculty = true
  FROM account a WHERE a.id = s.created_by AND a.faculty_code = s.faculty_code AND s.origin IN ('ad_hoc', 'makeup', 'extra');

-- One class is made good once (domain case 69); of those that were entered twice the first one is the makeup.
UPDATE attendance_session s SET replaces_session_id = NULL WHERE s.origin = 'makeup' AND EXISTS (
  SELECT FROM attendance_session o WHERE o.origin = 'makeup' AND o.replaces_session_id = s.replaces_session_id
    AND (o.created_at, o.id) < (s.created_at, s.id));
CREATE UNIQUE INDEX attendance_session_makeup_once ON attendance_session (replaces_session_id) WHERE origin = 'makeup';

-- Whoever comes of age consents to fingerprints in person, while the guardian's consent is still written down (F3).
DROP INDEX consent_live;
CREATE UNIQUE INDEX consent_live
  ON consent (student_id, purpose, (CASE WHEN purpose = 'fingerprint' THEN actor ELSE '' END)) WHERE revoked_at IS NULL;

-- A password that an office gave ends by itself; those that lie around now get a week from here.
ALTER TABLE account ADD COLUMN temporary_until timestamptz;
UPDATE account SET temporary_until = now() + interval '7 days' WHERE must_change_password;
