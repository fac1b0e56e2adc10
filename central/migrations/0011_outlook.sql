-- What is still to come of each course of a group, from the timetable and the calendar (domain case 149).
CREATE TABLE course_outlook (
  section_id text NOT NULL REFERENCES section ON DELETE CASCADE,
  course_code text NOT NULL REFERENCES course ON DELETE CASCADE,
  academic_period_id text NOT NULL REFERENCES academic_period ON DELETE CASCADE,
  remaining_periods integer NOT NULL CHECK (remaining_periods >= 0),
  -- Campus-local; this day is counted.
  from_date date NOT NULL,
  PRIMARY KEY (section_id, course_code, academic_period_id)
);
