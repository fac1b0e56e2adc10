-- Whoever judges a capture asks which groups one student is in: twice for every punch, scan and mark. The planner would ask
-- the exclusion constraint's GiST index, which it takes to cost no more than a B-tree and which takes ten times as long; a
-- hash index is cheaper by its own reckoning, too.
CREATE INDEX roster_membership_of_student ON roster_membership USING hash (student_id);

-- Everybody of one group: opening, closing, marking and generating ask it for one class; without this they read every
-- membership of the campus.
CREATE INDEX roster_membership_section ON roster_membership (section_id, student_id) INCLUDE (valid_during);
