/** Every role that a person can hold (domain A6); `gateway` is a machine and signs in as one. */
export const ROLES = [
  'admin',
  'dean',
  'coordinator',
  'hod',
  'principal',
  'exam_branch',
  'faculty',
  'mentor',
  'student',
  'guardian',
  'lab_technician',
  'enrollment_officer',
  'security_officer',
  'dpo',
  'auditor',
  'class_representative',
] as const;
export type RoleId = (typeof ROLES)[number];

/** One role that an account holds now, and what it reaches. */
export interface RoleGrant {
  role: RoleId;
  /** Of a head of department; null elsewhere. */
  departmentId: string | null;
  /** Of a mentor and a class representative; null elsewhere. */
  sectionId: string | null;
}
