-- Changes of whom a terminal knows, as people asked for them, and what the terminal answered. The row is written before
-- the command is sent: what nobody answered in time is seen.
CREATE TABLE terminal_command (
  -- Of the command on the wire; the answer repeats it.
  id uuid PRIMARY KEY,
  gateway_id text NOT NULL,
  device_id text NOT NULL,
  action text NOT NULL CHECK (action IN ('put', 'remove', 'forget_biometrics')),
  terminal_user text NOT NULL,
  student_id uuid REFERENCES student,
  requested_by uuid REFERENCES account,
  requested_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'sent' CHECK (state IN ('sent', 'done', 'failed')),
  answered_at timestamptz,
  error_code text,
  error_message text,
  FOREIGN KEY (gateway_id, device_id) REFERENCES attendance_biometric_device,
  CHECK ((state = 'sent') = (answered_at IS NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL))
);
CREATE INDEX terminal_command_device ON terminal_command (gateway_id, device_id, requested_at DESC, id DESC);
CREATE INDEX terminal_command_student ON terminal_command (student_id) WHERE student_id IS NOT NULL;
CREATE INDEX terminal_command_requested_by ON terminal_command (requested_by) WHERE requested_by IS NOT NULL;
