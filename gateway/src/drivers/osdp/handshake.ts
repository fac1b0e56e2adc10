import { RollcallError } from '@rollcall/protocol/errors';
import type { DriverContext } from '../driver.js';
import { COMMAND, REPLY, SCS } from './codes.js';
import { keyset } from './commands.js';
import type { Link } from './link.js';
import type { OsdpOptions } from './options.js';
import { deriveSession, isEqual, SCBK_D, SecureChannel } from './secure-channel.js';

const KEY_PATTERN = /^[0-9a-f]{32}$/i;
const RND_BYTES = 8;
/** Third byte of the security block: which key is meant. */
const KEY_TYPE = { default: 0, own: 1 } as const;
const RMAC_ACCEPTED = 1;

export interface Keys {
  /** The reader's own; undefined where the bus speaks in the clear. */
  scbk: Uint8Array | undefined;
  /** Keys that the reader may have instead, and only to be given its own. */
  outgoing: readonly { key: Uint8Array; type: number }[];
}

/** @throws RollcallError `KEY_INVALID` */
export function readKeys({ options, readSecret }: DriverContext<OsdpOptions>): Keys {
  const read = (file: string): Uint8Array => {
    const hex = readSecret(file);
    if (KEY_PATTERN.test(hex)) return Buffer.from(hex, 'hex');
    throw new RollcallError(
      'KEY_INVALID',
      `${file} does not hold 32 hex digits; make a key with "openssl rand -hex 16" (docs/readers/osdp.md)`,
    );
  };
  const { scbk_file, previous_scbk_file, install } = options;
  if (scbk_file === undefined) return { scbk: undefined, outgoing: [] };
  const previous = previous_scbk_file === undefined ? [] : [read(previous_scbk_file)];
  return {
    scbk: read(scbk_file),
    outgoing: [
      ...previous.map((key) => ({ key, type: KEY_TYPE.own })),
      ...(install ? [{ key: SCBK_D, type: KEY_TYPE.default }] : []),
    ],
  };
}

type Outcome = 'secured' | 'refused' | 'silent';

/**
 * Opens the secure channel under the reader's own key. Under any other it only hands over that key, and starts again:
 * nothing else is ever said or believed in such a channel, nor in the clear. Whoever only looks hands over nothing.
 *
 * @returns false where the reader has another key, which it would be handed its own over.
 * @throws RollcallError `DEVICE_REFUSED`, or `DEVICE_TIMEOUT` where the reader fell silent
 */
export async function establishSecurity(
  context: DriverContext<OsdpOptions>,
  link: Link,
  { scbk, outgoing }: Keys,
): Promise<boolean> {
  if (scbk === undefined) return true;
  let outcome = await shakeHands(context, link, { key: scbk, type: KEY_TYPE.own });
  for (const candidate of outgoing) {
    if (outcome !== 'refused') break;
    link.restart();
    outcome = await shakeHands(context, link, candidate);
    if (outcome !== 'secured') continue;
    if (context.isLookedAt === true) {
      link.restart();
      return false;
    }
    outcome = await handOver(context, link, scbk);
  }
  if (outcome === 'secured') return true;
  link.restart();
  if (outcome === 'silent') {
    throw new RollcallError('DEVICE_TIMEOUT', 'The reader fell silent while the secure channel was opened');
  }
  throw new RollcallError(
    'DEVICE_REFUSED',
    'The reader does not have the key of scbk_file. If it is new or was replaced, reset it to its default key and set ' +
      'install: true while you stand beside it; if nobody touched it, find out what is on the cable',
  );
}

async function shakeHands(
  context: DriverContext<OsdpOptions>,
  link: Link,
  { key, type }: { key: Uint8Array; type: number },
): Promise<Outcome> {
  const rndA = context.randomBytes(RND_BYTES);
  const challenge = { code: COMMAND.challenge, data: rndA, name: 'CHLNG' };
  const ccrypt = await link.ask(challenge, { type: SCS.challenge, data: Uint8Array.of(type) });
  if (ccrypt.type === 'trouble') return 'silent';
  if (ccrypt.type === 'nak' || ccrypt.code !== REPLY.clientCryptogram || ccrypt.data.length !== 32) {
    return 'refused';
  }
  const session = deriveSession(key, rndA, ccrypt.data.subarray(8, 16));
  if (!isEqual(ccrypt.data.subarray(16), session.client)) return 'refused';
  const scrypt = { code: COMMAND.serverCryptogram, data: session.server, name: 'SCRYPT' };
  const rMac = await link.ask(scrypt, { type: SCS.serverCryptogram, data: Uint8Array.of(type) });
  if (rMac.type === 'trouble') return 'silent';
  if (rMac.type === 'nak' || rMac.code !== REPLY.rMac || rMac.security?.data[0] !== RMAC_ACCEPTED) {
    return 'refused';
  }
  if (!isEqual(rMac.data, session.rMac)) return 'refused';
  link.channel = new SecureChannel(session);
  return 'secured';
}

/** The reader's own key, and a new channel under it: whether it was taken shows only there (some answer in the clear). */
async function handOver(context: DriverContext<OsdpOptions>, link: Link, scbk: Uint8Array): Promise<Outcome> {
  const answer = await link.ask(keyset(scbk));
  if (answer.type === 'nak') return 'refused';
  link.restart();
  return shakeHands(context, link, { key: scbk, type: KEY_TYPE.own });
}
