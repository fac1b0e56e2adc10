-- Slots that campus files brought, and class sessions from before occupancy was kept, occupied nothing: another one for the
-- same room, person or group at the same time was taken (domain cases 65, 66). What is stored occupies now, too.
CREATE TEMPORARY TABLE needed_by_slot ON COMMIT DROP AS
  WITH slot AS (
    SELECT t.*, v.valid_during, coalesce(CASE WHEN v.uses_day_order THEN 100 + t.day_order END, t.day_of_week) AS day,
      int4range((extract(epoch FROM t.start_time) / 60)::int,
        CASE WHEN t.end_time > t.start_time THEN (extract(epoch FROM t.end_time) / 60)::int ELSE 1440 END) AS minutes
    FROM attendance_timetable_slot t JOIN timetable_version v ON v.id = t.timetable_version_id
    WHERE t.is_active AND NOT EXISTS (SELECT FROM slot_occupancy o WHERE o.slot_id = t.id)
  ), slot_section AS (
    SELECT id, section_id FROM slot
    UNION SELECT s.id, x.section_id FROM slot s JOIN timetable_slot_section x ON x.slot_id = s.id
  ), needed AS (
    SELECT id, 'faculty' AS kind, faculty_code AS resource_id, NOT is_co_taught AS is_enforced FROM slot
    UNION SELECT id, 'room', room_id, true FROM slot
    UNION SELECT s.id, 'room', x.room_id, true FROM slot s JOIN timetable_slot_room x ON x.slot_id = s.id
    UNION SELECT id, 'group', section_id, true FROM slot_section
    UNION SELECT x.id, 'group', g.id, true FROM slot_section x JOIN section g ON g.parent_id = x.section_id
  )
  SELECT n.id AS slot_id, s.academic_period_id, n.kind, n.resource_id, s.day, s.minutes, s.valid_during, n.is_enforced
  FROM needed n JOIN slot s ON s.id = n.id;

INSERT INTO slot_occupancy (slot_id, academic_period_id, kind, resource_id, day, minutes, valid_during, is_enforced)
  SELECT slot_id, academic_period_id, kind, resource_id, day, minutes, valid_during, is_enforced
  FROM needed_by_slot ORDER BY slot_id ON CONFLICT DO NOTHING;

-- Two that clash already stay, as clashes that were allowed do: the second is not enforced, and a person is told.
WITH clashing AS (
  INSERT INTO slot_occupancy (slot_id, academic_period_id, kind, resource_id, day, minutes, valid_during, is_enforced)
  SELECT slot_id, academic_period_id, kind, resource_id, day, minutes, valid_during, false
  FROM needed_by_slot n WHERE NOT EXISTS (
    SELECT FROM slot_occupancy o WHERE (o.slot_id, o.kind, o.resource_id) = (n.slot_id, n.kind, n.resource_id))
  RETURNING slot_id, kind, resource_id, day, minutes, valid_during
)
INSERT INTO exception_item (code, message, detail)
  SELECT 'CLASH', format('The timetable slot %s clashes with %s: they need the same %s', c.slot_id,
      string_agg(DISTINCT o.slot_id, ', '), string_agg(DISTINCT c.kind || ' ' || c.resource_id, ', ')),
    jsonb_build_object('slot_id', c.slot_id, 'others', jsonb_agg(DISTINCT o.slot_id))
  FROM clashing c JOIN slot_occupancy o ON o.kind = c.kind AND o.resource_id = c.resource_id AND o.day = c.day
    AND o.minutes && c.minutes AND o.valid_during && c.valid_during AND o.is_enforced AND o.slot_id <> c.slot_id
  GROUP BY c.slot_id;

-- As generation does: what another class session has already is left out. Their slots are listed above.
WITH due AS (
  SELECT * FROM attendance_session s WHERE status NOT IN ('cancelled', 'not_held')
    AND NOT EXISTS (SELECT FROM session_occupancy o WHERE o.session_id = s.id)
)
INSERT INTO session_occupancy (session_id, kind, resource_id, during, is_enforced)
  SELECT id, 'faculty', coalesce(substitute_code, faculty_code), tstzrange(start_at, end_at), NOT is_co_taught FROM due
  UNION
  SELECT s.id, 'room', r.room_id, tstzrange(s.start_at, s.end_at) * r.valid_during, true
  FROM due s JOIN session_room r ON r.session_id = s.id
  WHERE NOT isempty(tstzrange(s.start_at, s.end_at) * r.valid_during)
  UNION
  SELECT s.id, 'group', g.id, tstzrange(s.start_at, s.end_at), true
  FROM due s JOIN session_section x ON x.session_id = s.id JOIN section g ON g.id = x.section_id OR g.parent_id = x.section_id
  ON CONFLICT DO NOTHING;

-- What refers to a master is asked whenever one is deleted or listed by it; without these the whole table is read.
CREATE INDEX IF NOT EXISTS attendance_timetable_slot_faculty ON attendance_timetable_slot (faculty_code);
CREATE INDEX IF NOT EXISTS attendance_timetable_slot_room ON attendance_timetable_slot (room_id);
CREATE INDEX IF NOT EXISTS attendance_timetable_slot_section ON attendance_timetable_slot (section_id);
CREATE INDEX IF NOT EXISTS attendance_session_course ON attendance_session (course_code);
CREATE INDEX IF NOT EXISTS attendance_session_period ON attendance_session (academic_period_id);
CREATE INDEX IF NOT EXISTS attendance_session_holiday ON attendance_session (holiday_id) WHERE holiday_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS attendance_session_replaces ON attendance_session (replaces_session_id) WHERE replaces_session_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS online_presence_session ON online_presence (session_id);
CREATE INDEX IF NOT EXISTS decision_student ON decision (student_id);
