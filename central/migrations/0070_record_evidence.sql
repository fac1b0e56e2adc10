-- Leave is evidence, too (domain A11: record ↔ punches, manual marks, leaves); until now only the explanation named it.
CREATE OR REPLACE VIEW record_evidence AS
  SELECT r.id AS record_id, r.session_id, r.student_id, used->>'kind' AS kind, (used->>'punch_id')::uuid AS evidence_id
  FROM attendance_record r CROSS JOIN LATERAL jsonb_array_elements(r.derivation->'used') AS used
  UNION ALL
  SELECT r.id, r.session_id, r.student_id, 'decision', decision_id::uuid
  FROM attendance_record r CROSS JOIN LATERAL jsonb_array_elements_text(r.derivation->'decisions') AS decision_id
  UNION ALL
  SELECT r.id, r.session_id, r.student_id, 'leave', (r.derivation->>'leave_id')::uuid
  FROM attendance_record r WHERE r.derivation->>'leave_id' IS NOT NULL;
