import * as z from 'zod';
import type { Principal } from '../auth/principal.js';
import { ROLES } from '../auth/roles.js';

export const EXPORT_FORMATS = ['csv', 'excel', 'pdf'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const EXPORT_STATES = ['queued', 'running', 'done', 'failed', 'expired'] as const;
export type ExportState = (typeof EXPORT_STATES)[number];

/** What is asked for, as it is kept with the job. Campus-local dates, both included; empty lists: everybody. */
export const exportRequestSchema = z.strictObject({
  start_date: z.iso.date(),
  end_date: z.iso.date(),
  course_sections: z.array(z.string()),
  students: z.array(z.string()),
  include_details: z.boolean(),
  include_statistics: z.boolean(),
  include_half_days: z.boolean().optional().describe('Left out: as false'),
});
export type ExportRequest = z.infer<typeof exportRequestSchema>;

const requesterSchema = z.strictObject({
  login: z.string(),
  display_name: z.string(),
  student_id: z.string().nullable(),
  faculty_code: z.string().nullable(),
  guardian_id: z.string().nullable(),
  grants: z.array(
    z.strictObject({
      role: z.enum(ROLES),
      department_id: z.string().nullable(),
      section_id: z.string().nullable(),
    }),
  ),
});
export type Requester = z.infer<typeof requesterSchema>;

/** Who asks, to be kept with the job: it runs with these rights, whatever happens to the account meanwhile. */
export const toRequester = (principal: Principal): Requester => ({
  login: principal.login,
  display_name: principal.displayName,
  student_id: principal.studentId,
  faculty_code: principal.facultyCode,
  guardian_id: principal.guardianId,
  grants: principal.grants.map(({ role, departmentId, sectionId }) => ({
    role,
    department_id: departmentId,
    section_id: sectionId,
  })),
});

/** The principal that a kept requester was, reaching what it reaches now. */
export function fromRequester(kept: unknown, accountId: string | null, nowMs: number): Principal {
  const requester = requesterSchema.parse(kept);
  return {
    accountId,
    login: requester.login,
    displayName: requester.display_name,
    studentId: requester.student_id,
    facultyCode: requester.faculty_code,
    guardianId: requester.guardian_id,
    loginSessionId: null,
    mustChangePassword: false,
    asOfMs: nowMs,
    grants: requester.grants.map(({ role, department_id, section_id }) => ({
      role,
      departmentId: department_id,
      sectionId: section_id,
    })),
  };
}
