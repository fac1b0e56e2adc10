-- Leave and corrections as people use them: drafts, sealed reasons, who has to decide, bulk leave, countersigning.

-- One letter for many: forty leaves, one approval, one undo (domain case 128).
CREATE TABLE leave_batch (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  title text NOT NULL,
  leave_type text NOT NULL CHECK (leave_type IN ('on_duty', 'sport')),
  document_sealed bytea,
  document_name text,
  document_type text,
  created_by uuid REFERENCES account,
  created_at timestamptz NOT NULL,
  CHECK ((document_sealed IS NULL) = (document_name IS NULL) AND (document_sealed IS NULL) = (document_type IS NULL))
);

-- Nothing has written a reason so far. It often is a diagnosis: no dump may hold it in the clear.
ALTER TABLE attendance_leave_application
  DROP COLUMN reason,
  ADD COLUMN reason_sealed bytea,
  ADD COLUMN document_type text,
  -- The lowest level that may decide, by the length of the leave when it was submitted (domain case 130).
  ADD COLUMN decider_level text NOT NULL DEFAULT 'faculty' CHECK (decider_level IN ('faculty', 'hod', 'principal')),
  -- What an excused class is for the percentage, as the policy had it at the decision (domain case 127).
  ADD COLUMN counts_as text NOT NULL DEFAULT 'excluded' CHECK (counts_as IN ('attended', 'missed', 'excluded')),
  ADD COLUMN batch_id uuid REFERENCES leave_batch,
  ADD COLUMN revoked_by uuid REFERENCES account,
  ADD COLUMN revoked_at timestamptz,
  ADD COLUMN revoke_note text NOT NULL DEFAULT '',
  DROP CONSTRAINT attendance_leave_application_status_check,
  ADD CONSTRAINT attendance_leave_application_status_check
    CHECK (status IN ('draft', 'pending', 'approved', 'rejected', 'cancelled', 'revoked')),
  ADD CHECK ((status = 'revoked') = (revoked_at IS NOT NULL)),
  ADD CHECK (start_time < end_time),
  ADD CHECK ((document_sealed IS NULL) = (document_name IS NULL));
CREATE INDEX attendance_leave_application_list ON attendance_leave_application (applied_at DESC, id DESC);
CREATE INDEX attendance_leave_application_of ON attendance_leave_application (student_id, applied_at);
CREATE INDEX attendance_leave_application_batch ON attendance_leave_application (batch_id) WHERE batch_id IS NOT NULL;

ALTER TABLE attendance_correction_request
  ADD COLUMN document_type text,
  -- Asked again after a rejection: the head of the department decides (domain case 134).
  ADD COLUMN decider_level text NOT NULL DEFAULT 'faculty' CHECK (decider_level IN ('faculty', 'hod', 'principal')),
  -- Approved by whoever made the mark, shortly before the exam list: somebody above signs too (domain case 135).
  ADD COLUMN first_approved_by uuid REFERENCES account,
  ADD COLUMN first_approved_at timestamptz,
  ADD COLUMN first_approval_note text NOT NULL DEFAULT '',
  ADD CHECK ((document_sealed IS NULL) = (document_name IS NULL)),
  ADD CHECK ((first_approved_by IS NULL) = (first_approved_at IS NULL));
CREATE INDEX attendance_correction_request_list ON attendance_correction_request (requested_at DESC, id DESC);
CREATE INDEX attendance_correction_request_pair ON attendance_correction_request (session_id, student_id);
CREATE INDEX attendance_correction_request_student ON attendance_correction_request (student_id, requested_at);
