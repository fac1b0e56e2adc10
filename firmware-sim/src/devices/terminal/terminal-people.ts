/** Users that fit into it unless somebody says otherwise. */
const USERS_MAX = 10_000;

export interface KnownUser {
  name: string;
  /** 14: may use the menu. */
  privilege: number;
}

export interface KnownFinger {
  user: string;
  /** 0 left little to 9 right little. */
  number: number;
  template: Uint8Array;
}

/** Users and fingers in the flash of a terminal, and what its people do to them. */
export class TerminalPeople {
  readonly users = new Map<string, KnownUser>();
  readonly fingers = new Map<string, KnownFinger>();
  usersMax = USERS_MAX;
  /** What it answers to every change instead of carrying it out; 0: it carries it out. */
  refusal = 0;
  /** How long it takes to answer. */
  lateMs = 0;
  /** Times that it was reset, so that whoever speaks for it can tell of that. */
  resets = 0;

  hasRoom(user: string): boolean {
    return this.users.has(user) || this.users.size < this.usersMax;
  }

  putFinger(finger: KnownFinger): void {
    this.fingers.set(`${finger.user}/${finger.number}`, finger);
  }

  /** Fingers of a user: one, or all of them. */
  removeFingers(user: string, number?: number): void {
    for (const [key, finger] of this.fingers) {
      if (finger.user === user && (number === undefined || finger.number === number))
        this.fingers.delete(key);
    }
  }

  removeUser(user: string): void {
    this.users.delete(user);
    this.removeFingers(user);
  }

  /** Factory settings. */
  forget(): void {
    this.users.clear();
    this.fingers.clear();
    this.resets += 1;
  }
}
