-- Whose doing it is that a pair has to be judged, as audit rows keep it; null for evidence of devices and for what concerns many.
-- Fits older replicas: their marks are told as nobody's.
ALTER TABLE judgement_todo ADD COLUMN actor jsonb;
