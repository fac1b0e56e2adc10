/** Commands of the controller (OSDP note §4). */
export const COMMAND = {
  poll: 0x60,
  id: 0x61,
  capabilities: 0x62,
  localStatus: 0x64,
  led: 0x69,
  buzzer: 0x6a,
  comset: 0x6e,
  readFinger: 0x73,
  matchFinger: 0x74,
  keyset: 0x75,
  challenge: 0x76,
  serverCryptogram: 0x77,
  receiveSize: 0x7b,
  abort: 0xa2,
} as const;

/** Replies of the reader (OSDP note §5). */
export const REPLY = {
  ack: 0x40,
  nak: 0x41,
  id: 0x45,
  capabilities: 0x46,
  localStatus: 0x48,
  raw: 0x50,
  formatted: 0x51,
  keypad: 0x53,
  com: 0x54,
  fingerRead: 0x57,
  fingerMatched: 0x58,
  clientCryptogram: 0x76,
  rMac: 0x78,
  busy: 0x79,
} as const;

export const NAK = {
  check: 1,
  sequence: 4,
  securityNeeded: 6,
} as const;

/** Types of the security block (OSDP note §6). */
export const SCS = {
  challenge: 0x11,
  clientCryptogram: 0x12,
  serverCryptogram: 0x13,
  rMac: 0x14,
  command: 0x15,
  reply: 0x16,
  commandSealed: 0x17,
  replySealed: 0x18,
} as const;
