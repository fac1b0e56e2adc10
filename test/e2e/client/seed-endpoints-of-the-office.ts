import type { SeedCampus } from './seed-endpoints.js';
import { must, signedIn } from './seed-endpoints.js';

/** The seed's endpoints about leave, statistics and exports. */
export async function driveOfficeEndpoints({ url, faculty, student, date }: SeedCampus) {
  const teacher = await signedIn(url, faculty);
  const pupil = await signedIn(url, student);
  const apply = (leaveType: 'personal' | 'emergency') =>
    pupil.POST('/api/v1/attendance/leave-applications', {
      body: { leave_type: leaveType, start_date: date, end_date: date, reason: 'a wedding at home' },
    });

  const first = must(await apply('personal'));
  const rejected = must(
    await teacher.POST('/api/v1/attendance/leave-applications/{id}/reject', {
      params: { path: { id: first.id } },
      body: { decision_note: 'there is a test on that day' },
    }),
  );
  const second = must(await apply('emergency'));
  const approved = must(
    await teacher.POST('/api/v1/attendance/leave-applications/{id}/approve', {
      params: { path: { id: second.id } },
      body: {},
    }),
  );
  const leaves = must(await pupil.GET('/api/v1/attendance/leave-applications', {}));
  const studentSummary = await pupil.GET('/api/v1/attendance/statistics/student-summary', {});
  const courseSummary = await teacher.GET('/api/v1/attendance/statistics/course-summary', {
    params: { query: { course_section_id: 'cse-a' } },
  });
  const exported = await teacher.POST('/api/v1/attendance/export/data', {
    body: { format: 'csv', start_date: date, end_date: date, purpose: 'for the test' },
  });
  return {
    leaves: [rejected.status, approved.status, leaves.results.length],
    answered: [studentSummary, courseSummary, exported].map(({ response }) => response.status),
  };
}
