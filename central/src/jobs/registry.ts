import { advanceSessionsJob } from './advance-sessions.js';
import { askAboutBootsJob } from './ask-about-boots.js';
import { checkIntegrityJob } from './check-integrity.js';
import { escalateWatermarksJob } from './escalate-watermarks.js';
import { expireAnswersJob } from './expire-answers.js';
import { expireAuditJob } from './expire-audit.js';
import { expireEnrollmentsJob } from './expire-enrollments.js';
import { expireSessionsJob } from './expire-sessions.js';
import { generateSessionsJob } from './generate-sessions.js';
import type { Job } from './job.js';
import { makePunchPartitionsJob } from './make-punch-partitions.js';
import { noteSwiftMarkingJob } from './note-swift-marking.js';
import { noticeSilentGatewaysJob } from './notice-silent-gateways.js';
import { readQuarantineAgainJob } from './read-quarantine-again.js';
import { recountStatisticsJob } from './recount-statistics.js';
import { runExportsJob } from './run-exports.js';
import { sealAuditJob } from './seal-audit.js';
import { tellReaderOutagesJob } from './tell-reader-outages.js';
import { warnStudentsJob } from './warn-students.js';

/** Every periodic job; at start they run once, in this order. */
export const JOBS: readonly Job[] = [
  makePunchPartitionsJob,
  readQuarantineAgainJob,
  generateSessionsJob,
  advanceSessionsJob,
  escalateWatermarksJob,
  noticeSilentGatewaysJob,
  askAboutBootsJob,
  expireAnswersJob,
  expireEnrollmentsJob,
  sealAuditJob,
  expireAuditJob,
  expireSessionsJob,
  checkIntegrityJob,
  recountStatisticsJob,
  noteSwiftMarkingJob,
  runExportsJob,
  tellReaderOutagesJob,
  warnStudentsJob,
];
