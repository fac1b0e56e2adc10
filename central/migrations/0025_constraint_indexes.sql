-- The index of an exclusion constraint is for the constraint alone. The planner takes GiST to cost no more than a B-tree, and
-- where the days are asked for, too, to find fewer rows; it takes ten to a hundred times as long: the roster of one class
-- was 5 ms of every opening, closing and marking. An index with a condition is taken only by queries that repeat it, and
-- this one, which is always true of what could overlap, none repeats.
ALTER TABLE roster_membership
  DROP CONSTRAINT roster_membership_student_id_section_id_valid_during_excl,
  ADD CONSTRAINT roster_membership_student_id_section_id_valid_during_excl
    EXCLUDE USING gist (student_id WITH =, section_id WITH =, valid_during WITH &&) WHERE (NOT isempty(valid_during));
ALTER TABLE session_room
  DROP CONSTRAINT session_room_session_id_room_id_valid_during_excl,
  ADD CONSTRAINT session_room_session_id_room_id_valid_during_excl
    EXCLUDE USING gist (session_id WITH =, room_id WITH =, valid_during WITH &&) WHERE (NOT isempty(valid_during));
