-- Credits are booked over HTTP by lists of those who sat an examination (domain case 73): one per student, course and
-- date of it, however often the list is sent.

ALTER TABLE attendance_credit ADD COLUMN exam_date date;
CREATE UNIQUE INDEX attendance_credit_once ON attendance_credit
  (student_id, academic_period_id, kind, coalesce(course_code, ''), coalesce(exam_date, '-infinity'));
CREATE INDEX attendance_credit_list ON attendance_credit (booked_at DESC, id DESC);
