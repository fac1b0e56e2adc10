-- Students who speak for their section: for a time, for one section, and for one thing (domain case 21).
ALTER TABLE account_role DROP CONSTRAINT account_role_role_check;
ALTER TABLE account_role ADD CONSTRAINT account_role_role_check
  CHECK (role IN ('admin', 'dean', 'coordinator', 'hod', 'principal', 'exam_branch', 'faculty', 'mentor', 'student',
    'guardian', 'lab_technician', 'enrollment_officer', 'security_officer', 'dpo', 'auditor', 'class_representative'));
