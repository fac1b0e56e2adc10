/** One student in one class session. */
export interface Pair {
  sessionId: string;
  studentId: string;
}

export const pairKey = ({ sessionId, studentId }: Pair): string => `${sessionId}/${studentId}`;
