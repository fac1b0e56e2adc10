-- Credits are booked over HTTP by lists of those who sat an examination (domain case 73): one per student, course and
-- date of it, however often the list is sent.

ALTER TABLE attendance_credit ADD COLUMN exam_date date,
  -- 0, and counted on for those that were booked by hand before, without a date, more than once: all of them stay.
  ADD COLUMN copy smallint NOT NULL DEFAULT 0;
UPDATE attendance_credit k SET copy = again.copy
  FROM (SELECT id, row_number() OVER (PARTITION BY student_id, academic_period_id, kind, course_code ORDER BY booked_at, id) - 1 AS copy
        FROM attendance_credit) again
  WHERE again.id = k.id AND again.copy > 0;
CREATE UNIQUE INDEX attendance_credit_once ON attendance_credit
  (student_id, academic_period_id, kind, coalesce(course_code, ''), coalesce(exam_date, '-infinity'), copy);
