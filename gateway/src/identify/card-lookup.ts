import type { Projection, ReadHash, Technology } from '@rollcall/protocol/credential-hash';
import type { RosterCredential } from '@rollcall/protocol/roster';
import type { Database, Statement } from '../store/open.js';

/** Credentials looked at for one hash; 26-bit numbers repeat, but not this often on one campus. */
const MATCHES_MAX = 32;

export type CardMatch =
  | { outcome: 'recognized'; studentRef: string; projection: Projection }
  | { outcome: 'ambiguous' }
  /** The card is on the roster, and not to be accepted: blocked, lost, returned, or out of its time. */
  | { outcome: 'blocked' }
  | { outcome: 'unknown' };

interface Match {
  credentialId: number;
  studentRef: string;
  technology: Technology | 'pin';
  state: RosterCredential['state'];
  validFromMs: number;
  validToMs: number | null;
}

/** Finds whose card it is by the keyed hashes of what the reader saw (design §5). */
export class CardLookup {
  readonly #byHash: Statement;
  readonly #hashes: Statement;

  constructor(db: Database) {
    this.#byHash = db.prepare(
      `SELECT c.credential_id AS credentialId, c.student_ref AS studentRef, c.technology, c.state,
              c.valid_from_ms AS validFromMs, c.valid_to_ms AS validToMs
         FROM roster_hash h JOIN roster_credential c ON c.credential_id = h.credential_id
        WHERE h.hash = ? AND h.projection = ?
          AND c.version = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'roster_version')
        LIMIT ${MATCHES_MAX}`,
    );
    this.#hashes = db.prepare('SELECT projection, hash FROM roster_hash WHERE credential_id = ?');
  }

  /**
   * @param atMs when the card was seen; undefined while the clock cannot be believed, and then no credential
   *   is out of its time: central decides again with the repaired time.
   */
  find(read: ReadHash, atMs: number | undefined): CardMatch {
    for (const { projection, hash } of read.hashes) {
      const all = this.#byHash.all(hash, projection) as Match[];
      const matches = all.filter((match) => !this.#isOtherCard(match, read));
      if (matches.length > 0) return decide(matches, projection, atMs);
    }
    return { outcome: 'unknown' };
  }

  /** Whether this is the hash of the student's PIN, and it is to be accepted. */
  hasPin(studentRef: string, hash: string, atMs: number | undefined): boolean {
    const matches = this.#byHash.all(hash, 'full') as Match[];
    return matches.some(
      (match) => match.technology === 'pin' && match.studentRef === studentRef && isLive(match, atMs),
    );
  }

  /**
   * Two cards can share their lowest bits. Where reader and roster both know more than the projection that
   * matched, and that differs, it is another card.
   */
  #isOtherCard(match: Match, read: ReadHash): boolean {
    const known = this.#hashes.all(match.credentialId) as Array<{ projection: Projection; hash: string }>;
    return read.hashes.some(({ projection, hash }) => {
      if (projection === 'full' && match.technology !== read.technology) return false;
      return known.some((other) => other.projection === projection && other.hash !== hash);
    });
  }
}

function decide(matches: readonly Match[], projection: Projection, atMs: number | undefined): CardMatch {
  const students = new Set(
    matches.filter((match) => isLive(match, atMs)).map(({ studentRef }) => studentRef),
  );
  const [studentRef] = students;
  if (studentRef === undefined) return { outcome: 'blocked' };
  return students.size > 1 ? { outcome: 'ambiguous' } : { outcome: 'recognized', studentRef, projection };
}

function isLive({ state, validFromMs, validToMs }: Match, atMs: number | undefined): boolean {
  if (state !== 'issued') return false;
  return atMs === undefined || (validFromMs <= atMs && (validToMs === null || atMs < validToMs));
}
