-- The letter of the register that a mark by hand was written with, such as OD where several letters mean one mark (domain
-- case 42). Null: it was written in words.
ALTER TABLE decision ADD COLUMN letter text CHECK (letter ~ '^[A-Z]{1,4}$');
