-- A student binds a new phone with the password again (domain case 105); a phone that an office released is nobody's.
ALTER TABLE device_binding DROP CONSTRAINT device_binding_bound_by_check;
ALTER TABLE device_binding ADD CONSTRAINT device_binding_bound_by_check
  CHECK (bound_by IN ('first_use', 'password', 'otp', 'office'));

-- Faculty whose class was marked present in seconds without any device (domain case 119): once per class.
CREATE TABLE swift_marking (
  session_id uuid PRIMARY KEY REFERENCES attendance_session ON DELETE CASCADE,
  faculty_code text NOT NULL REFERENCES faculty,
  at timestamptz NOT NULL
);
CREATE INDEX swift_marking_faculty ON swift_marking (faculty_code, at);

-- Coming to and leaving the meeting of a class, as its tool tells it (domain case 74): evidence, never changed.
CREATE TABLE online_presence (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  session_id uuid NOT NULL REFERENCES attendance_session ON DELETE CASCADE,
  student_id uuid NOT NULL REFERENCES student,
  direction text NOT NULL CHECK (direction IN ('in', 'out')),
  at timestamptz NOT NULL,
  tool text NOT NULL,
  imported_by uuid REFERENCES account,
  imported_at timestamptz NOT NULL,
  UNIQUE (student_id, session_id, direction, at)
);
