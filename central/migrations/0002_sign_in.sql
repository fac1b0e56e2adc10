-- Accounts, roles with validity, login sessions, device bindings. Times are timestamptz (UTC).

CREATE TABLE account (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- Lower case; what a person types to sign in: roll number, faculty code or e-mail address.
  login text NOT NULL UNIQUE CHECK (login = lower(login) AND length(login) BETWEEN 1 AND 200),
  display_name text NOT NULL,
  -- argon2id in PHC form; null: cannot sign in with a password.
  password_hash text,
  must_change_password boolean NOT NULL DEFAULT false,
  student_id uuid REFERENCES student,
  faculty_code text REFERENCES faculty,
  guardian_id uuid,
  is_active boolean NOT NULL DEFAULT true,
  -- Raised whenever every token of the account has to die: password changed, account disabled.
  token_generation integer NOT NULL DEFAULT 0,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX account_student ON account (student_id) WHERE student_id IS NOT NULL;
CREATE UNIQUE INDEX account_faculty ON account (faculty_code) WHERE faculty_code IS NOT NULL;

-- A role counts only within its validity, asked at every request (domain case 160).
CREATE TABLE account_role (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('admin', 'dean', 'coordinator', 'hod', 'principal', 'exam_branch', 'faculty',
    'mentor', 'student', 'guardian', 'lab_technician', 'enrollment_officer', 'security_officer', 'dpo', 'auditor')),
  -- What the role reaches: a department for hod, a section for mentor; null where the role itself says it.
  department_id text,
  section_id text REFERENCES section,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  assigned_by uuid REFERENCES account,
  CHECK (valid_from < valid_to)
);
CREATE INDEX account_role_account ON account_role (account_id);

-- One row per sign-in; its refresh token rotates, and one used twice kills the whole family.
CREATE TABLE login_session (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  refresh_sha256 bytea NOT NULL UNIQUE CHECK (octet_length(refresh_sha256) = 32),
  -- Refresh tokens of this family that were rotated away; one of them coming back is theft.
  rotation integer NOT NULL DEFAULT 0,
  user_agent text NOT NULL DEFAULT '',
  ip text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  revoked_reason text
);
CREATE INDEX login_session_account ON login_session (account_id) WHERE revoked_at IS NULL;

CREATE TABLE spent_refresh_token (
  refresh_sha256 bytea PRIMARY KEY CHECK (octet_length(refresh_sha256) = 32),
  login_session_id uuid NOT NULL REFERENCES login_session ON DELETE CASCADE,
  spent_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX spent_refresh_token_session ON spent_refresh_token (login_session_id);

-- Answers to writes that carried an Idempotency-Key: the same key and request get the same answer again.
CREATE TABLE idempotent_answer (
  account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  request_sha256 bytea NOT NULL,
  status integer,
  headers jsonb,
  body jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotent_answer_age ON idempotent_answer (created_at);

-- Who did it, filled by the request's transaction (domain case 158); sealed per day into a hash chain (case 159).
ALTER TABLE attendance_audit_log
  ADD COLUMN actor_role text DEFAULT nullif(current_setting('rollcall.actor_role', true), ''),
  ADD COLUMN ip_address text DEFAULT nullif(current_setting('rollcall.ip', true), ''),
  ADD COLUMN user_agent text DEFAULT nullif(current_setting('rollcall.user_agent', true), ''),
  ADD COLUMN request_id text DEFAULT nullif(current_setting('rollcall.request_id', true), ''),
  ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE TABLE audit_seal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Campus-local day; the chain of a day starts from the last hash of the day before.
  day date NOT NULL,
  -- Rows in the order (transaction_id, id), up to and with this one.
  through_transaction xid8 NOT NULL,
  through_id bigint NOT NULL,
  rows_sealed bigint NOT NULL CHECK (rows_sealed > 0),
  previous_hash bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  sealed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX attendance_audit_log_seal ON attendance_audit_log (transaction_id, id);
CREATE INDEX attendance_audit_log_at ON attendance_audit_log (at DESC, id DESC);
CREATE TRIGGER audit_seal_append_only BEFORE UPDATE OR DELETE ON audit_seal
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
