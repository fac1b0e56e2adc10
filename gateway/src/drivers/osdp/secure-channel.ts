import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';
import { SCS } from './codes.js';
import { encodePacket, MAC_BYTES, type Packet, packetHead } from './packet.js';

const BLOCK_BYTES = 16;
/** The key that every reader leaves the factory with: public, good for nothing but handing over a real one. */
export const SCBK_D = Uint8Array.from({ length: BLOCK_BYTES }, (_, index) => 0x30 + index);

export interface Cryptograms {
  sEnc: Uint8Array;
  sMac1: Uint8Array;
  sMac2: Uint8Array;
  /** What the reader proves its key with. */
  client: Uint8Array;
  /** What we prove ours with. */
  server: Uint8Array;
  rMac: Uint8Array;
}

/** Keys of one session from the base key and both challenges (OSDP note §6; SIA Annex E has the vectors). */
export function deriveSession(scbk: Uint8Array, rndA: Uint8Array, rndB: Uint8Array): Cryptograms {
  const sessionKey = (first: number, second: number): Uint8Array => {
    const block = new Uint8Array(BLOCK_BYTES);
    block.set([first, second, ...rndA.subarray(0, 6)]);
    return encryptBlock(scbk, block);
  };
  const sEnc = sessionKey(0x01, 0x82);
  const sMac1 = sessionKey(0x01, 0x01);
  const sMac2 = sessionKey(0x01, 0x02);
  const server = encryptBlock(sEnc, Uint8Array.of(...rndB, ...rndA));
  return {
    sEnc,
    sMac1,
    sMac2,
    client: encryptBlock(sEnc, Uint8Array.of(...rndA, ...rndB)),
    server,
    rMac: encryptBlock(sMac2, encryptBlock(sMac1, server)),
  };
}

/**
 * An operating channel. Every MAC starts from the last one of the other side, so that nothing can be left out,
 * repeated or put in between (OSDP note §6).
 */
export class SecureChannel {
  readonly #keys: Cryptograms;
  /** Whole MAC that the reader computed last: RMAC-I at first. */
  #theirs: Uint8Array;
  #ours: Uint8Array;

  constructor(keys: Cryptograms) {
    this.#keys = keys;
    this.#theirs = keys.rMac;
    this.#ours = keys.rMac;
  }

  /** The bytes of a command. Made once: a repetition sends the same bytes again. */
  seal(command: Packet): Uint8Array {
    const hasData = command.data.length > 0;
    const sealed: Packet = {
      ...command,
      security: { type: hasData ? SCS.commandSealed : SCS.command, data: new Uint8Array() },
      data: hasData ? cbc(this.#keys.sEnc, inverted(this.#theirs), padded(command.data)) : command.data,
    };
    this.#ours = this.#macOf(packetHead(sealed), this.#theirs);
    return encodePacket({ ...sealed, mac: this.#ours.subarray(0, MAC_BYTES) });
  }

  /** The reply with its data in clear; undefined where it is not proven to come from the reader, and to this command. */
  open(reply: Packet): Packet | undefined {
    const { security, mac } = reply;
    if (security === undefined || mac === undefined) return undefined;
    if (security.type !== SCS.reply && security.type !== SCS.replySealed) return undefined;
    const expected = this.#macOf(packetHead(reply), this.#ours);
    if (!isEqual(mac, expected.subarray(0, MAC_BYTES))) return undefined;
    this.#theirs = expected;
    if (security.type === SCS.reply || reply.data.length === 0) return reply;
    if (reply.data.length % BLOCK_BYTES !== 0) return undefined;
    const data = unpadded(decipherCbc(this.#keys.sEnc, inverted(this.#ours), reply.data));
    return data === undefined ? undefined : { ...reply, data };
  }

  #macOf(head: Uint8Array, from: Uint8Array): Uint8Array {
    const { sMac1, sMac2 } = this.#keys;
    const blocks = head.length % BLOCK_BYTES === 0 ? head : padded(head);
    const last = blocks.length - BLOCK_BYTES;
    const chain = last === 0 ? from : cbc(sMac1, from, blocks.subarray(0, last)).subarray(-BLOCK_BYTES);
    return cbc(sMac2, chain, blocks.subarray(last));
  }
}

/** Takes the same time wherever they differ. */
export function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function encryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  return createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(block);
}

function cbc(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array {
  return createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(blocks);
}

function decipherCbc(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array {
  return createDecipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(blocks);
}

function padded(bytes: Uint8Array): Uint8Array {
  const blocks = new Uint8Array(Math.ceil((bytes.length + 1) / BLOCK_BYTES) * BLOCK_BYTES);
  blocks.set(bytes);
  blocks[bytes.length] = 0x80;
  return blocks;
}

function unpadded(bytes: Uint8Array): Uint8Array | undefined {
  const end = bytes.findLastIndex((byte) => byte !== 0);
  return bytes[end] === 0x80 ? bytes.slice(0, end) : undefined;
}

const inverted = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => ~byte & 0xff);
