import { describe, expect, it } from 'vitest';
import type { EvidenceItem, Explanation } from '../../api/types.js';
import { instant } from '../../fixtures.js';
import { sentenceOf } from './explain-sentence.js';

const limits = {
  accepted_from: instant('09:50:00'),
  present_until: instant('10:05:00'),
  late_until: instant('10:20:00'),
  closes_at: instant('10:55:00'),
};

function evidence(time: string, used: boolean): EvidenceItem {
  return {
    punch_id: `p-${time}`,
    kind: 'card',
    device_name: 'R101 card reader',
    room_name: 'R101',
    effective_at: instant(time),
    used,
    why: used ? null : 'LATER_CAPTURE',
    why_text: null,
    class_rooms: [],
  };
}

function explanation(patch: Partial<Explanation>): Explanation {
  return {
    id: 'r1',
    mark: 'present',
    reason: 'ON_TIME',
    policy_version: 'default-1',
    limits,
    evidence: [],
    evidence_more: 0,
    also: [],
    flags: [],
    waiting_for: [],
    text: 'in the words of central',
    ...patch,
  };
}

describe('sentenceOf', () => {
  it('explains late by the decisive tap and the limit it missed', () => {
    const taps = [evidence('10:09:00', false), evidence('10:06:12', true)];
    expect(sentenceOf(explanation({ mark: 'late', reason: 'LATE', evidence: taps }))).toEqual({
      kind: 'tap',
      text: 'late',
      punchKind: 'card',
      place: 'R101',
      at: instant('10:06:12'),
      limit: limits.present_until,
    });
  });

  it('explains an arrival after the cutoff by the limit for late', () => {
    const absent = explanation({
      mark: 'absent',
      reason: 'ARRIVED_AFTER_CUTOFF',
      evidence: [evidence('10:20:01', true)],
    });
    expect(sentenceOf(absent)).toMatchObject({ kind: 'tap', text: 'tooLate', limit: limits.late_until });
  });

  it('never calls pending absent, and names who is waited for', () => {
    const pending = explanation({ mark: 'pending', reason: 'NO_CAPTURE_YET', waiting_for: ['gw-block-b'] });
    expect(sentenceOf(pending)).toEqual({ kind: 'pending', waitingFor: ['gw-block-b'] });
  });

  it('uses the words of central for what a person decided', () => {
    const excused = explanation({ mark: 'excused', reason: 'LEAVE' });
    expect(sentenceOf(excused)).toEqual({ kind: 'told', reason: 'LEAVE', text: 'in the words of central' });
    const byHand = explanation({
      mark: 'absent',
      reason: 'DECIDED_BY_HUMAN',
      evidence: [evidence('10:02:00', false)],
    });
    expect(sentenceOf(byHand)).toMatchObject({ kind: 'told', reason: 'DECIDED_BY_HUMAN' });
  });
});
