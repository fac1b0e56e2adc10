import * as z from 'zod';
import { projectionHashesSchema, TECHNOLOGIES } from './credential-hash.js';
import { contractVersionSchema, deviceIdSchema, gatewayIdSchema, instantSchema } from './ids.js';
import { studentRefSchema } from './punch.js';

/** Students in one roster document: a whole university through one gateway. */
export const ROSTER_STUDENTS_MAX = 100_000;
/** Two fingers of each of them. */
const ROSTER_TEMPLATES_MAX = 200_000;
/** Class sessions of two days in the rooms of one building. */
const ROSTER_CLASSES_MAX = 10_000;
/** People in one class session: a hall with several sections. */
const ROSTER_CLASS_STUDENTS_MAX = 5_000;
/** Bytes of one roster document. */
export const ROSTER_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Header of the answer with a roster: the optional members of rows that this central takes, separated by commas. It would
 * put a row with any other one into quarantine, so software from before the header gets none of them.
 */
export const ROW_MEMBERS_HEADER = 'rollcall-row-members';
export const ROW_MEMBERS = ['punch.student.finger_position'] as const;
export type RowMember = (typeof ROW_MEMBERS)[number];

/** Members that a header names; those of a newer central are left out. */
export function readRowMembers(header: string | undefined): RowMember[] {
  const named = new Set((header ?? '').split(',').map((name) => name.trim()));
  return ROW_MEMBERS.filter((member) => named.has(member));
}

const versionSchema = z.int().min(1);

/** `down/roster`, retained: where the roster is, never the roster itself (edge §4.5). */
export const rosterPointerSchema = z.strictObject({
  v: contractVersionSchema,
  version: versionSchema,
  /** Absolute, or a path below the central URL that the gateway is configured with. */
  url: z.string().min(1).max(500),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type RosterPointer = z.infer<typeof rosterPointerSchema>;

export const rosterCredentialSchema = z.strictObject({
  /** `pin`: the student's PIN, of which there is one hash, `full` (see pinText). */
  technology: z.enum([...TECHNOLOGIES, 'pin']),
  hashes: projectionHashesSchema,
  state: z.enum(['issued', 'blocked', 'lost', 'returned']),
  valid_from: instantSchema,
  valid_to: instantSchema.nullable(),
});
export type RosterCredential = z.infer<typeof rosterCredentialSchema>;

/** A class session where devices of this gateway look, so that a person can be told at once where nobody expects them. */
export const rosterClassSchema = z.strictObject({
  /** Enabled devices of this gateway in its rooms. */
  device_ids: z.array(deviceIdSchema).min(1).max(256),
  /** From the early opening to the end with its close grace. */
  from: instantSchema,
  until: instantSchema,
  student_refs: z.array(studentRefSchema).max(ROSTER_CLASS_STUDENTS_MAX),
});
export type RosterClass = z.infer<typeof rosterClassSchema>;

/** The document the pointer names. Names of people are not in it: a gateway does not need them. */
export const rosterDocumentSchema = z.strictObject({
  v: contractVersionSchema,
  version: versionSchema,
  gateway_id: gatewayIdSchema,
  students: z
    .array(
      z.strictObject({ student_ref: studentRefSchema, credentials: z.array(rosterCredentialSchema).max(16) }),
    )
    .max(ROSTER_STUDENTS_MAX),
  /** Fingerprint templates that the gateway may hold; it removes every other one. Undefined: none. */
  templates: z.array(z.guid()).max(ROSTER_TEMPLATES_MAX).optional(),
  /** Classes of today and tomorrow. Undefined: none. Advice for lights and searches only; marks are central's. */
  classes: z.array(rosterClassSchema).max(ROSTER_CLASSES_MAX).optional(),
});
export type RosterDocument = z.infer<typeof rosterDocumentSchema>;
