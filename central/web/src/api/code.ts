import { queryOptions } from '@tanstack/react-query';
import { getJson, postJson } from './client.js';
import { KEYS } from './keys.js';
import { ApiProblem } from './problem.js';
import type { Mark, Named } from './types.js';

/** The code that the screen shows now; central's clock alone says how long. */
export interface ScreenCode {
  session_id: string;
  qr_token: string;
  fallback_code: string;
  server_time: string;
  step_ends_at: string;
  expires_at: string;
  present_count: number;
  unverified_count: number;
}

export interface ScanResult {
  session: { id: string; course: { code: string; title: string }; room: Named };
  mark: Mark;
  marked_at: string | null;
  already_recorded: boolean;
  /** Of the scan that counts; null where a mark was there without any, missing from an older central while replicas are replaced. */
  recorded_at?: string | null;
  is_verified: boolean;
}

export interface Place {
  location_lat: number;
  location_lng: number;
  location_accuracy_m: number;
  location_at: string;
}

/** Ask a little after the step has ended, so that the answer is the next one. */
const STEP_MARGIN_MS = 150;
const REPAIR_MS = 3_000;

const pathOf = (sessionId: string): string => `sessions/${encodeURIComponent(sessionId)}/`;

export function codeQuery(sessionId: string) {
  return queryOptions({
    queryKey: KEYS.code(sessionId),
    queryFn: ({ signal }): Promise<ScreenCode> => readCode(sessionId, signal),
    refetchInterval: ({ state }) => {
      const code = state.data;
      if (state.status === 'error' || code === undefined) return REPAIR_MS;
      return Math.max(0, Date.parse(code.step_ends_at) - Date.parse(code.server_time)) + STEP_MARGIN_MS;
    },
  });
}

async function readCode(sessionId: string, signal: AbortSignal): Promise<ScreenCode> {
  try {
    return await getJson<ScreenCode>(`${pathOf(sessionId)}qr/`, {}, signal);
  } catch (error) {
    // Nobody has asked for a code of this class yet, or its life is over.
    if (!(error instanceof ApiProblem) || error.code !== 'QR_NOT_GENERATED') throw error;
    return freshCode(sessionId);
  }
}

export async function freshCode(sessionId: string): Promise<ScreenCode> {
  await postJson(`${pathOf(sessionId)}generate-qr/`);
  return getJson<ScreenCode>(`${pathOf(sessionId)}qr/`);
}

export function scan(
  code: { qr_token: string } | { code: string },
  place: Place | null,
): Promise<ScanResult> {
  return postJson<ScanResult>('records/qr-scan/', { ...code, ...place, device_id: deviceId() });
}

const DEVICE_KEY = 'rollcall-device';

/** One phone, one person: the phone is known by a number that it made up itself. */
function deviceId(): string {
  const known = localStorage.getItem(DEVICE_KEY);
  if (known !== null) return known;
  const made = randomId();
  localStorage.setItem(DEVICE_KEY, made);
  return made;
}

/** `crypto.randomUUID` is missing on pages that were not served over HTTPS. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
