-- When a job last came to its end: a run that fails or is cut off overwrites the rest of its row, and what has to be
-- made up for since is counted from here.
ALTER TABLE job_run ADD COLUMN last_done_at timestamptz;
UPDATE job_run SET last_done_at = started_at WHERE outcome = 'done';
