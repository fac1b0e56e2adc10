import { createHmac } from 'node:crypto';
import { hashRead, parseCanonical } from '@rollcall/protocol/credential';
import { pinText } from '@rollcall/protocol/pin';
import type { RosterCredential, RosterDocument } from '@rollcall/protocol/roster';

export const GATEWAY_ID = 'gw-block-a';

export const hmacHex = (text: string): string => createHmac('sha256', 'test key').update(text).digest('hex');

export const readHash = (canonical: string) => hashRead(parseCanonical(canonical), hmacHex);

export function credential(canonical: string, over: Partial<RosterCredential> = {}): RosterCredential {
  return {
    ...readHash(canonical),
    state: 'issued',
    valid_from: '2026-07-01T00:00:00.000Z',
    valid_to: null,
    ...over,
  };
}

export function pinCredential(
  studentRef: string,
  pin: string,
  over: Partial<RosterCredential> = {},
): RosterCredential {
  return {
    technology: 'pin',
    hashes: [{ projection: 'full', hash: hmacHex(pinText(studentRef, pin)) }],
    state: 'issued',
    valid_from: '2026-07-01T00:00:00.000Z',
    valid_to: null,
    ...over,
  };
}

/** A roster of students with the given cards. */
export function rosterDocument(version: number, cards: Record<string, RosterCredential[]>): RosterDocument {
  return {
    v: 1,
    version,
    gateway_id: GATEWAY_ID,
    students: Object.entries(cards).map(([student_ref, credentials]) => ({ student_ref, credentials })),
  };
}
