-- Days that there are not are refused as EXAM_LIST_DATE; one that was set before would be read as no setting at all.
UPDATE attendance_configuration SET is_active = false, updated_at = now(), version = version + 1
WHERE key = 'EXAM_LIST_DATE' AND is_active AND (value ~ '-(02-3[01]|(04|06|09|11)-31)$'
  OR (value ~ '-02-29$' AND NOT (left(value, 4)::int % 4 = 0 AND (left(value, 4)::int % 100 <> 0 OR left(value, 4)::int % 400 = 0))));
