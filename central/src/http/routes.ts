import { openApiSchema, schemaQuery } from './contracts/operations.js';
import { MASTER_ROUTES } from './masters/registry.js';
import { openApiDocument } from './openapi.js';
import { patchAndPut } from './patch-and-put.js';
import { defineRoute, type Route } from './route.js';
import { generatePeriod, generateSlots } from './routes/academic-period-acts.js';
import { currentPeriod, periodByDate, setCurrentPeriod } from './routes/academic-periods.js';
import {
  addRole,
  finishRole,
  listAccounts,
  makeAccount,
  readAccount,
  resetPassword,
  updateAccount,
} from './routes/accounts.js';
import {
  bookAttendanceCredits,
  listCredits,
  takeBackAttendanceCredits,
} from './routes/attendance-credits.js';
import { listAuditLogs, readAuditLog, verifyAuditLogs } from './routes/audit.js';
import { changePassword, login, logout, logoutAll, me, refresh } from './routes/auth.js';
import { enrollTemplate, listTemplates, readTemplate, revokeTemplate } from './routes/biometric-templates.js';
import { placeGatewayBoot } from './routes/boots.js';
import { createSessions } from './routes/bulk-sessions.js';
import {
  deleteCalendarDay,
  listCalendarDays,
  putCalendarDay,
  readCalendarDay,
} from './routes/calendar-days.js';
import { readCampus } from './routes/campus.js';
import { correctClock, listClockOffsets } from './routes/clock-offsets.js';
import {
  createConfiguration,
  deactivateConfiguration,
  listConfigurations,
  readConfiguration,
  readEffective,
} from './routes/configurations.js';
import { grant, listConsents, revoke } from './routes/consents.js';
import {
  cancelCorrectionRequest,
  correctionDecisions,
  createCorrection,
  listCorrections,
  readCorrection,
  readCorrectionDocument,
  updateCorrection,
} from './routes/corrections.js';
import {
  assignCredential,
  credentialActions,
  interpretCard,
  issuePinRoute,
  listCredentials,
  readCredential,
} from './routes/credentials.js';
import { allowShared, giveCode, rebind, release } from './routes/device-bindings.js';
import { listDevices } from './routes/devices.js';
import {
  courseSectionsByPeriod,
  semestersByYear,
  slotsByPeriod,
  studentsOfSession,
} from './routes/dropdowns.js';
import { cancelEnrollment, listEnrollments, readEnrollment, startEnrollment } from './routes/enrollments.js';
import { listExceptions, readException, resolveException } from './routes/exceptions.js';
import { downloadExport, exportData, listExports, readExport } from './routes/exports.js';
import {
  endFingerExemption,
  grantFingerExemption,
  listFingerExemptions,
  readFingerExemption,
} from './routes/finger-exemptions.js';
import { listGalleries } from './routes/galleries.js';
import { openGatewayEnrollment, reportGatewayEnrollment } from './routes/gateway-enrollments.js';
import { registerGatewayKey, renewGatewayPassword, revokeGatewayKey } from './routes/gateway-secrets.js';
import { fetchTemplates, uploadTemplate } from './routes/gateway-templates.js';
import { gatewayActs, listGateways, readRoster } from './routes/gateways.js';
import { generate, undoGenerate } from './routes/generation.js';
import { addGuest } from './routes/guests.js';
import { listHalfDays } from './routes/half-days.js';
import { confirmHeadcount } from './routes/headcount-confirmation.js';
import { deleteHoliday, updateHoliday } from './routes/holiday-edits.js';
import { createHoliday, listHolidays, previewHoliday, readHoliday } from './routes/holidays.js';
import {
  cancelLeave,
  createLeave,
  listLeave,
  readLeave,
  readLeaveDocument,
  updateLeave,
} from './routes/leave.js';
import { createLeaveBatch, leaveBatchDecisions, readLeaveBatch } from './routes/leave-batches.js';
import { leaveDecisions } from './routes/leave-decisions.js';
import { bulkMark, markRecord, remarkRecord, unmarkRecord } from './routes/marking.js';
import { listNotifications, readAllNotifications, readNotification } from './routes/notifications.js';
import { importOnlinePresence } from './routes/online-presence.js';
import { healthz, listJobs, metricsRoute, readyz } from './routes/operations.js';
import { listPunches } from './routes/punches.js';
import { checkInByQr, generateQr, readQr, scanQr } from './routes/qr.js';
import { listQuarantine } from './routes/quarantine.js';
import { listMarkChanges, readManualShare, recompute, recomputeRange } from './routes/recompute.js';
import { explainRecord, listRecords, listSessionRecords, readRecord } from './routes/records.js';
import { defaulters, examEligibility } from './routes/reports.js';
import { previewRetention } from './routes/retention.js';
import {
  decideBatch,
  listReviewBatches,
  listReviewSessions,
  readReviewBatch,
} from './routes/review-batches.js';
import {
  deleteMembership,
  joinSection,
  leaveSection,
  listMemberships,
  moveSection,
  readMembership,
} from './routes/roster-memberships.js';
import {
  confirm as confirmFactor,
  enroll as enrollFactor,
  remove as removeFactor,
} from './routes/second-factors.js';
import { confirmNotHeldSession, finalizeSession, sessionActions, unlock } from './routes/session-actions.js';
import {
  create,
  headcount,
  makeupPreview,
  moveRoom,
  substituteFaculty,
  swap,
} from './routes/session-changes.js';
import { deleteSession, editSession, generateRecords } from './routes/session-edits.js';
import {
  listSessions,
  openSessions,
  readSession,
  summarizeSession,
  todaysSessions,
} from './routes/sessions.js';
import { listStatistics } from './routes/statistics.js';
import { courseSummary, statisticsOverview } from './routes/statistics-summaries.js';
import { stream } from './routes/stream.js';
import { deleteStudentFingers, readStudentFingers } from './routes/student-fingers.js';
import {
  endStudentStatus,
  enterStudentStatus,
  listStudentStatuses,
  readStudentStatus,
  withdrawStudentStatus,
} from './routes/student-statuses.js';
import { studentSummary } from './routes/student-summary.js';
import { importRecords, offlineReview, offlineSync } from './routes/sync.js';
import { askTerminalUser, listTerminalCommands, readTerminalCommand } from './routes/terminal-commands.js';
import { createSlot, createVersion, deleteSlot, listSlots, listVersions } from './routes/timetable.js';
import { readSlot, updateSlot } from './routes/timetable-edits.js';
import { verificationDraw } from './routes/verification-draw.js';
import { biometricWebhook } from './routes/webhooks.js';
import { readWorkload } from './routes/workload.js';

const schemaRoute = defineRoute(
  {
    method: 'get',
    path: '/api/schema/',
    operationId: 'schema',
    tag: 'Operations',
    summary: 'This document: OpenAPI 3.1, or 3.0 with version=3.0',
    access: 'public',
    query: schemaQuery,
    reply: { schema: openApiSchema },
  },
  ({ query }) => Promise.resolve({ body: openApiDocument(ROUTES, query.version) }),
);

/** Everything that central answers besides the files of the page. */
export const ROUTES: readonly Route[] = [
  // Express asks one route after the other: the one that five thousand phones call in a minute comes first.
  scanQr,
  login,
  refresh,
  logout,
  logoutAll,
  me,
  changePassword,
  readCampus,
  listSessions,
  todaysSessions,
  openSessions,
  readSession,
  ...editSession,
  deleteSession,
  generateRecords,
  summarizeSession,
  create,
  createSessions,
  generate,
  makeupPreview,
  ...sessionActions,
  finalizeSession,
  confirmNotHeldSession,
  unlock,
  moveRoom,
  substituteFaculty,
  swap,
  headcount,
  confirmHeadcount,
  addGuest,
  undoGenerate,
  listHolidays,
  createHoliday,
  previewHoliday,
  readHoliday,
  ...patchAndPut(updateHoliday, 'replaceHoliday'),
  deleteHoliday,
  listCalendarDays,
  readCalendarDay,
  putCalendarDay,
  deleteCalendarDay,
  listSlots,
  createSlot,
  readSlot,
  ...patchAndPut(updateSlot, 'replaceTimetableSlot'),
  deleteSlot,
  listVersions,
  createVersion,
  listSessionRecords,
  listRecords,
  readRecord,
  markRecord,
  bulkMark,
  offlineSync,
  offlineReview,
  importRecords,
  importOnlinePresence,
  checkInByQr,
  generateQr,
  readQr,
  rebind,
  giveCode,
  release,
  enrollFactor,
  confirmFactor,
  removeFactor,
  allowShared,
  verificationDraw,
  remarkRecord,
  unmarkRecord,
  explainRecord,
  listLeave,
  createLeave,
  readLeave,
  ...patchAndPut(updateLeave, 'replaceLeaveApplication'),
  cancelLeave,
  readLeaveDocument,
  ...leaveDecisions,
  createLeaveBatch,
  readLeaveBatch,
  ...leaveBatchDecisions,
  listCorrections,
  createCorrection,
  readCorrection,
  ...patchAndPut(updateCorrection, 'replaceCorrectionRequest'),
  cancelCorrectionRequest,
  readCorrectionDocument,
  ...correctionDecisions,
  listExceptions,
  readException,
  resolveException,
  listNotifications,
  readNotification,
  readAllNotifications,
  recompute,
  recomputeRange,
  listMarkChanges,
  readManualShare,
  readWorkload,
  listStatistics,
  listHalfDays,
  studentSummary,
  courseSummary,
  statisticsOverview,
  listCredits,
  bookAttendanceCredits,
  takeBackAttendanceCredits,
  examEligibility,
  defaulters,
  exportData,
  listExports,
  readExport,
  downloadExport,
  listConfigurations,
  readEffective,
  readConfiguration,
  createConfiguration,
  deactivateConfiguration,
  listPunches,
  biometricWebhook,
  listQuarantine,
  listGateways,
  ...gatewayActs,
  readRoster,
  fetchTemplates,
  uploadTemplate,
  openGatewayEnrollment,
  reportGatewayEnrollment,
  registerGatewayKey,
  revokeGatewayKey,
  renewGatewayPassword,
  askTerminalUser,
  listTerminalCommands,
  readTerminalCommand,
  listClockOffsets,
  correctClock,
  placeGatewayBoot,
  listDevices,
  listAuditLogs,
  verifyAuditLogs,
  readAuditLog,
  // Before the master's own routes, whose {id} would take these for an id.
  currentPeriod,
  periodByDate,
  setCurrentPeriod,
  generatePeriod,
  generateSlots,
  ...MASTER_ROUTES,
  listMemberships,
  joinSection,
  readMembership,
  leaveSection,
  moveSection,
  deleteMembership,
  listStudentStatuses,
  readStudentStatus,
  enterStudentStatus,
  endStudentStatus,
  withdrawStudentStatus,
  listReviewBatches,
  readReviewBatch,
  listReviewSessions,
  decideBatch,
  listCredentials,
  assignCredential,
  interpretCard,
  issuePinRoute,
  readCredential,
  ...credentialActions,
  listConsents,
  grant,
  revoke,
  listFingerExemptions,
  readFingerExemption,
  grantFingerExemption,
  endFingerExemption,
  listTemplates,
  readTemplate,
  enrollTemplate,
  revokeTemplate,
  startEnrollment,
  listEnrollments,
  readEnrollment,
  cancelEnrollment,
  readStudentFingers,
  deleteStudentFingers,
  listGalleries,
  listAccounts,
  makeAccount,
  readAccount,
  updateAccount,
  resetPassword,
  addRole,
  finishRole,
  semestersByYear,
  courseSectionsByPeriod,
  slotsByPeriod,
  studentsOfSession,
  listJobs,
  previewRetention,
  stream,
  schemaRoute,
  healthz,
  readyz,
  metricsRoute,
];
