-- A new phone is bound with a password and something that a thief of the password has not (domain case 105): a code of
-- an authenticator application (RFC 6238), or one that the office gave to the person.

CREATE TABLE second_factor (
  account_id uuid PRIMARY KEY REFERENCES account ON DELETE CASCADE,
  -- AES-256-GCM, the key outside of the database.
  secret_sealed bytea NOT NULL,
  enrolled_at timestamptz NOT NULL,
  -- Null: the secret was shown, but no code of it was seen yet; it counts for nothing.
  confirmed_at timestamptz,
  -- The 30-second step of the last code that was taken: no code is taken twice, and none older than it.
  last_step integer
);

-- The latest code of a student, until it is used: as an argon2id hash, good for minutes.
CREATE TABLE rebind_code (
  student_id uuid PRIMARY KEY REFERENCES student ON DELETE CASCADE,
  code_hash text NOT NULL,
  expires_at timestamptz NOT NULL
);
