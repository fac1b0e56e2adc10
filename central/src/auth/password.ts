import { hash, verify } from '@node-rs/argon2';
import { RollcallError } from '@rollcall/protocol/errors';

export const PASSWORD_CHARACTERS_MIN = 12;
export const PASSWORD_CHARACTERS_MAX = 200;

/** The library's default is argon2id; 19 MiB, two passes and one lane are OWASP's advice for storing passwords. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

let decoy: Promise<string> | undefined;

export function hashPassword(password: string): Promise<string> {
  return hash(password, OPTIONS);
}

/** Takes as long where there is no such account or no password: the time does not tell which. */
export async function isPassword(stored: string | null | undefined, given: string): Promise<boolean> {
  decoy ??= hashPassword('nobody has this password');
  const matches = await verify(stored ?? (await decoy), given);
  return matches && stored !== null && stored !== undefined;
}

/** @throws RollcallError `PASSWORD_WEAK` */
export function refuseWeakPassword(password: string, login: string): void {
  const isLong = password.length >= PASSWORD_CHARACTERS_MIN && password.length <= PASSWORD_CHARACTERS_MAX;
  const isVaried = new Set(password).size > 4;
  if (isLong && isVaried && !password.toLowerCase().includes(login.toLowerCase())) return;
  throw new RollcallError(
    'PASSWORD_WEAK',
    `Choose a password of ${PASSWORD_CHARACTERS_MIN} to ${PASSWORD_CHARACTERS_MAX} characters that does not contain the login and is not one character over and over`,
  );
}
