import type { Principal } from './principal.js';
import type { RoleGrant, RoleId } from './roles.js';

/**
 * How far a permission goes for a role.
 *
 * - `all`: everything on the campus.
 * - `department`: sections, courses, faculty and classes of the department named in the grant, and students who are in
 *   its sections since the academic period began.
 * - `taught`: class sessions whose faculty or substitute the person is; students and statistics of the groups that the
 *   timetable or somebody above gave to the person in this academic period, never of a class that one made oneself.
 * - `mentored`: the section named in the grant, and who is in it since the academic period began.
 * - `self`: the student's own.
 * - `child`: of the students whose guardian the person is.
 */
export type Reach = 'all' | 'department' | 'taught' | 'mentored' | 'self' | 'child';

type Row = Partial<Record<RoleId, Reach>>;

const everybody: Row = {
  admin: 'all',
  dean: 'all',
  coordinator: 'all',
  hod: 'all',
  principal: 'all',
  exam_branch: 'all',
  faculty: 'all',
  mentor: 'all',
  student: 'all',
  guardian: 'all',
  lab_technician: 'all',
  enrollment_officer: 'all',
  security_officer: 'all',
  dpo: 'all',
  auditor: 'all',
};
const office: Row = { admin: 'all', coordinator: 'all' };
const seesMarks: Row = {
  admin: 'all',
  dean: 'all',
  coordinator: 'all',
  principal: 'all',
  auditor: 'all',
  hod: 'department',
  faculty: 'taught',
  mentor: 'mentored',
  student: 'self',
  guardian: 'child',
};
const decides: Row = {
  admin: 'all',
  coordinator: 'all',
  principal: 'all',
  hod: 'department',
  faculty: 'taught',
  mentor: 'mentored',
};

/**
 * The whole of who may do what (domain A6, case 157). What is not written here is refused: a role without a
 * row entry has nothing of that permission.
 */
export const PERMISSIONS = {
  'campus.read': everybody,
  'masters.read': everybody,
  'masters.write': office,
  'people.read': {
    ...office,
    dean: 'all',
    principal: 'all',
    exam_branch: 'all',
    auditor: 'all',
    enrollment_officer: 'all',
    dpo: 'all',
    hod: 'department',
    faculty: 'taught',
    mentor: 'mentored',
    student: 'self',
    guardian: 'child',
  },
  'people.write': office,
  // Who is suspended or withdrawn, and why: for whoever decides about it, and the student.
  'student_statuses.read': {
    ...office,
    dean: 'all',
    principal: 'all',
    auditor: 'all',
    hod: 'department',
    mentor: 'mentored',
    student: 'self',
    guardian: 'child',
  },
  'student_statuses.write': office,
  // Whose cards are in which state, never their numbers.
  'credentials.read': {
    ...office,
    principal: 'all',
    auditor: 'all',
    enrollment_officer: 'all',
    lab_technician: 'all',
    student: 'self',
    guardian: 'child',
  },
  'credentials.write': { ...office, enrollment_officer: 'all' },
  // How people are reached, their guardians and their dates of birth (domain F3).
  'contacts.read': {
    ...office,
    principal: 'all',
    enrollment_officer: 'all',
    dpo: 'all',
    hod: 'department',
    mentor: 'mentored',
    student: 'self',
    guardian: 'child',
  },
  'accounts.read': { admin: 'all', auditor: 'all', security_officer: 'all' },
  'accounts.write': { admin: 'all' },
  'calendar.read': everybody,
  'calendar.write': { ...office, dean: 'all' },
  'timetable.read': everybody,
  'timetable.write': { ...office, dean: 'all', hod: 'department' },
  'sessions.read': { ...seesMarks, exam_branch: 'all', lab_technician: 'all' },
  'sessions.generate': { ...office, dean: 'all' },
  'sessions.operate': { ...office, principal: 'all', hod: 'department', faculty: 'taught' },
  // That a class was not held, where nothing says otherwise (domain case 21).
  'sessions.confirm_not_held': { class_representative: 'mentored' },
  'sessions.change': { ...office, principal: 'all', hod: 'department', faculty: 'taught' },
  'sessions.unlock': { admin: 'all', principal: 'all', dean: 'all', hod: 'department' },
  'records.read': seesMarks,
  'records.mark': { admin: 'all', hod: 'department', faculty: 'taught' },
  'records.import': office,
  'records.recompute': { admin: 'all', hod: 'department' },
  'evidence.read': {
    admin: 'all',
    principal: 'all',
    auditor: 'all',
    hod: 'department',
    faculty: 'taught',
    mentor: 'mentored',
    student: 'self',
  },
  'qr.show': { admin: 'all', hod: 'department', faculty: 'taught' },
  'qr.scan': { student: 'self' },
  'bindings.write': office,
  'leave.read': decidesAndOwn(),
  'leave.apply': { ...office, student: 'self', guardian: 'child' },
  'leave.decide': decides,
  'corrections.read': decidesAndOwn(),
  'corrections.request': { ...office, student: 'self', faculty: 'taught' },
  'corrections.decide': decides,
  'statistics.read': { ...seesMarks, exam_branch: 'all' },
  // Periods booked without a class; who sat an examination is known to the exam branch (domain case 73).
  'credits.read': {
    ...office,
    dean: 'all',
    principal: 'all',
    exam_branch: 'all',
    auditor: 'all',
    hod: 'department',
    mentor: 'mentored',
    student: 'self',
    guardian: 'child',
  },
  'credits.write': { ...office, exam_branch: 'all' },
  // Lists of who may sit the examination: for those who act on them; a student has the own summary.
  'reports.read': {
    ...office,
    dean: 'all',
    principal: 'all',
    exam_branch: 'all',
    auditor: 'all',
    hod: 'department',
    mentor: 'mentored',
  },
  'export.create': {
    ...office,
    dean: 'all',
    principal: 'all',
    exam_branch: 'all',
    hod: 'department',
    faculty: 'taught',
  },
  /** Files that others asked for (case 154). */
  'export.read_others': { admin: 'all' },
  'exceptions.read': { ...decides, auditor: 'all', lab_technician: 'all', security_officer: 'all' },
  'exceptions.decide': decides,
  // What is about devices, cards and fingers is answered by whoever looks after these; anything else as it is decided.
  'exceptions.resolve': { ...decides, lab_technician: 'all', security_officer: 'all' },
  // Figures of marks and evidence that waits, by class: for who decides about them, and the auditor (case 157).
  'reviews.read': { ...decides, auditor: 'all' },
  'devices.read': {
    admin: 'all',
    principal: 'all',
    lab_technician: 'all',
    security_officer: 'all',
    auditor: 'all',
  },
  'devices.write': { admin: 'all', lab_technician: 'all' },
  'clocks.write': { admin: 'all' },
  'gateways.revoke': { admin: 'all', security_officer: 'all' },
  'quarantine.read': { admin: 'all', lab_technician: 'all', security_officer: 'all' },
  'enrollment.operate': { enrollment_officer: 'all' },
  'consent.read': {
    admin: 'all',
    dpo: 'all',
    enrollment_officer: 'all',
    auditor: 'all',
    student: 'self',
    guardian: 'child',
  },
  'consent.write': { dpo: 'all', enrollment_officer: 'all', student: 'self', guardian: 'child' },
  // What is known of templates, never their bytes.
  'templates.read': {
    admin: 'all',
    dpo: 'all',
    enrollment_officer: 'all',
    auditor: 'all',
    student: 'self',
    guardian: 'child',
  },
  // That a student has no usable finger, never why: also for who has to confirm the student instead.
  'exemptions.read': {
    ...office,
    dpo: 'all',
    enrollment_officer: 'all',
    auditor: 'all',
    hod: 'department',
    faculty: 'taught',
    mentor: 'mentored',
    student: 'self',
    guardian: 'child',
  },
  'exemptions.write': { ...office, enrollment_officer: 'all' },
  // How many templates lie where: whoever looks after fingers, or after gateways.
  'galleries.read': {
    admin: 'all',
    lab_technician: 'all',
    enrollment_officer: 'all',
    security_officer: 'all',
    dpo: 'all',
    auditor: 'all',
  },
  'privacy.read': { dpo: 'all', admin: 'all' },
  'privacy.write': { dpo: 'all' },
  'configuration.read': {
    admin: 'all',
    dean: 'all',
    coordinator: 'all',
    principal: 'all',
    hod: 'all',
    auditor: 'all',
  },
  'configuration.write': { admin: 'all' },
  'jobs.read': { admin: 'all', lab_technician: 'all', auditor: 'all' },
  'audit.read': {
    admin: 'all',
    dean: 'all',
    principal: 'all',
    auditor: 'all',
    dpo: 'all',
    security_officer: 'all',
  },
} as const satisfies Record<string, Row>;
export type Permission = keyof typeof PERMISSIONS;

function decidesAndOwn(): Row {
  return { ...decides, dean: 'all', auditor: 'all', student: 'self', guardian: 'child' };
}

export interface Reached {
  reach: Reach;
  grant: RoleGrant;
}

/** Every way in which the person has this permission; empty: not at all. */
export function reachesOf(principal: Principal, permission: Permission): Reached[] {
  const row: Row = PERMISSIONS[permission];
  return principal.grants.flatMap((grant) => {
    const reach = row[grant.role];
    return reach === undefined ? [] : [{ reach, grant }];
  });
}
