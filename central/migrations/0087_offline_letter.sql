-- The letter that a phone wrote for its mark, such as OD where several letters mean one mark: kept for rows that wait for a
-- person, as on a decision (domain case 42).

-- Fits older replicas: they write no letter, and none is read from what they wrote.
ALTER TABLE offline_row ADD COLUMN letter text CHECK (letter ~ '^[A-Z]{1,4}$');
