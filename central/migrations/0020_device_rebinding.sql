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
