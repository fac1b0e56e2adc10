import { API, type Body } from '../../http/test-server.js';
import type { HttpCampus } from '../../marks/http-campus.js';
import { foldStatistics } from '../../statistics/fold.js';

let courses = 0;

/** A course that nobody has been to yet. */
export async function freshCourse({ server }: HttpCampus): Promise<string> {
  courses += 1;
  const code = `PROOF-${courses}`;
  await server.db.knex('course').insert({ code, title: code });
  return code;
}

/** What the first student reads of a course, as soon as everything is counted. */
export async function summaryOf(campus: HttpCampus, course: string): Promise<Body> {
  const { db, clock } = campus.server;
  while ((await foldStatistics(db.knex, 1_000, clock.wallMs())) > 0);
  const { body } = await campus.student().get(`${API}/statistics/student-summary/`);
  return body.courses.find((one: { course: { code: string } }) => one.course.code === course);
}
