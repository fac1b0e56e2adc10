import type { UserChange } from '../user-change.js';

/** Types of `BIODATA`: finger, face by infrared, vein, palm, face by light (PUSH note §1.4). */
const BIODATA_TYPES = [1, 2, 7, 8, 9] as const;

/**
 * What a terminal is told to change about a user, in order. A terminal that has no such table refuses that command and
 * takes the others, so older and newer names are both sent (PUSH note §1.5).
 */
export function userCommands(change: UserChange): { text: string; isOptional: boolean }[] {
  const { user } = change;
  switch (change.action) {
    case 'put':
      return [
        {
          text: `DATA UPDATE USERINFO PIN=${user}\tName=${change.name}\tPri=0\tPrivilege=0`,
          isOptional: false,
        },
      ];
    case 'remove':
      return [{ text: `DATA DELETE USERINFO PIN=${user}`, isOptional: false }];
    case 'forget_biometrics':
      return [
        { text: `DATA DELETE FINGERTMP PIN=${user}`, isOptional: true },
        ...BIODATA_TYPES.map((type) => ({
          text: `DATA DELETE BIODATA PIN=${user}\tType=${type}`,
          isOptional: true,
        })),
      ];
  }
}
