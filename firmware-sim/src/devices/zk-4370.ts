import { DatagramPlug } from '../wire/datagram-plug.js';
import { NetworkWire } from '../wire/network-wire.js';
import { CalledPlug, networkAddress } from '../wire/tcp-plug.js';
import type { DeviceModel, Firmware, FirmwareContext } from './device.js';
import { TerminalMemory } from './terminal/terminal-memory.js';
import { ZkAnswers } from './terminal/zk-answers.js';
import { DIALECTS, type Dialect, K40, number, packTime, unpackTime } from './terminal/zk-dialects.js';
import { ZkEvents } from './terminal/zk-events.js';
import {
  commKeyBytes,
  ZkDatagrams,
  type ZkPacket,
  type ZkPacketLink,
  ZkPackets,
} from './terminal/zk-packets.js';
import { ZkUsers } from './terminal/zk-users.js';

/** What it says, by number (zk-protocol). */
const OK = 2000;
const ERROR = 2001;
const UNAUTHORIZED = 2005;
const PREPARE_DATA = 1500;
const DATA = 1501;
const ATTENDANCE_EVENT = 500;
/** Data up to here come in one packet (zk-protocol, Exchange of Data). */
const SMALL_BYTES_MAX = 1_024;
/** Of one packet. */
const DATA_BYTES_MAX = { stream: 0xffc0, datagrams: 1_024 } as const;
const SERIAL = 'SIM4370000001';

/** A terminal that is asked: it answers one connection, and tells of a finger at once where it is asked to. */
class Zk4370Firmware implements Firmware {
  readonly memory: TerminalMemory;
  readonly #context: FirmwareContext;
  readonly #dialect: Dialect;
  readonly #isDatagrams: boolean;
  #packets: ZkPacketLink = new ZkPackets();
  readonly #answers: ZkAnswers;
  readonly #users: ZkUsers;
  readonly #events: ZkEvents;
  #session = 0;
  #isAuthorized = false;
  #tellsEvents = false;
  #buffer: Buffer | undefined;

  constructor(context: FirmwareContext) {
    this.#context = context;
    this.memory = new TerminalMemory(context.clock);
    this.#dialect = DIALECTS[context.profile] ?? K40;
    this.#isDatagrams = context.link.startsWith('udp:');
    this.#answers = new ZkAnswers(context.clock, (packet) => context.send(packet));
    this.#users = new ZkUsers(this.memory, this.#dialect);
    this.#events = new ZkEvents(context.clock, (data) =>
      context.send(this.#packets.encode({ command: ATTENDANCE_EVENT, session: 1, reply: 0, data })),
    );
  }

  powerOn(): void {
    this.#forgetHost();
  }

  powerOff(): void {
    this.#forgetHost();
  }

  hostOpened(): void {
    this.#forgetHost();
  }

  hostClosed(): void {
    this.#forgetHost();
  }

  cardIn(shown: Uint8Array): void {
    const entry = this.memory.verified(Buffer.from(shown).toString('latin1'));
    if (entry === undefined) {
      this.#context.refuse('the log is full');
      return;
    }
    this.#context.beep(1, 50);
    if (!this.#tellsEvents) return;
    this.#events.add(this.#dialect.event(entry));
  }

  cardOut(): void {
    // A finger that is taken away is nothing to it.
  }

  receive(bytes: Uint8Array): void {
    for (const packet of this.#packets.push(bytes)) this.#onPacket(packet);
  }

  /** Whom it knows. */
  get users(): readonly string[] {
    return this.#users.ids;
  }

  userRecord(user: string): Buffer {
    return this.#users.record(user);
  }

  ghostFrame(): Uint8Array {
    return this.#packets.encode({
      command: ATTENDANCE_EVENT,
      session: 2,
      reply: 0,
      data: Buffer.from([100]),
    });
  }

  #forgetHost(): void {
    this.#events.clear();
    this.#answers.clear();
    this.#packets = this.#isDatagrams ? new ZkDatagrams() : new ZkPackets();
    this.#isAuthorized = false;
    this.#tellsEvents = false;
    this.#buffer = undefined;
  }

  #onPacket(packet: ZkPacket): void {
    const { command, data } = packet;
    if (command === OK) {
      this.#events.acknowledged();
    } else if (command === 1000) {
      this.#session = this.#context.random.int(1, 0xfffe);
      this.#isAuthorized = this.#dialect.key === 0;
      this.#answer(packet, this.#isAuthorized ? OK : UNAUTHORIZED);
    } else if (command === 1102) {
      this.#isAuthorized = commKeyBytes(this.#dialect.key, this.#session).equals(data);
      this.#answer(packet, this.#isAuthorized ? OK : UNAUTHORIZED);
    } else if (!this.#isAuthorized || packet.session !== this.#session) {
      this.#answer(packet, UNAUTHORIZED);
    } else {
      this.#obey(packet);
    }
  }

  #obey(packet: ZkPacket): void {
    const { command, data } = packet;
    switch (command) {
      case 11:
        this.#option(packet);
        break;
      case 13:
        this.#table(packet, this.#log());
        break;
      case 9:
        this.#table(packet, this.#userTable());
        break;
      case 8:
        this.#users.write(data);
        this.#answer(packet, OK);
        break;
      case 18:
        this.#answer(packet, this.#users.delete(data.readUInt16LE(0)) ? OK : ERROR);
        break;
      case 134:
      case 1013:
        this.#answer(packet, OK);
        break;
      case 15:
        this.memory.clear();
        this.#answer(packet, OK);
        break;
      case 50:
        this.#answer(packet, OK, this.#sizes());
        break;
      case 201:
        this.#answer(packet, OK, number(packTime(this.memory.localMs)));
        break;
      case 202:
        this.memory.setLocal(unpackTime(data.readUInt32LE(0)));
        this.#answer(packet, OK);
        break;
      case 500:
        this.#tellsEvents = (data.readUInt32LE(0) & 1) !== 0;
        this.#answer(packet, OK);
        break;
      case 1001:
        this.#answer(packet, OK);
        this.#isAuthorized = false;
        this.#tellsEvents = false;
        break;
      case 1002:
      case 1003:
        this.#answer(packet, OK);
        break;
      case 1100:
        this.#answer(packet, OK, Buffer.from('Ver 6.60 Sep 23 2015\0', 'latin1'));
        break;
      case 1502:
        this.#buffer = undefined;
        this.#answer(packet, OK);
        break;
      case 1503:
        this.#prepare(packet);
        break;
      case 1504:
        this.#readBuffer(packet);
        break;
      default:
        this.#context.refuse(`command ${command}`);
        this.#answer(packet, ERROR);
    }
  }

  #option(packet: ZkPacket): void {
    const name = packet.data.toString('latin1').split('\0')[0] ?? '';
    const values: Record<string, string> = {
      '~SerialNumber': SERIAL,
      '~DeviceName': 'Simulator',
      '~Platform': 'SIM_TFT',
      MAC: '00:17:61:00:00:01',
    };
    this.#answer(packet, OK, Buffer.from(`${name}=${values[name] ?? ''}\0`, 'latin1'));
  }

  #prepare(packet: ZkPacket): void {
    const table = packet.data.readUInt16LE(1);
    const bytes = table === 13 ? this.#log() : table === 9 ? this.#userTable() : undefined;
    if (!this.#dialect.hasBuffer || bytes === undefined) {
      this.#answer(packet, ERROR);
      return;
    }
    if (bytes.length <= SMALL_BYTES_MAX) {
      this.#answer(packet, DATA, bytes);
      return;
    }
    this.#buffer = bytes;
    const size = number(bytes.length);
    this.#answer(packet, OK, Buffer.concat([Buffer.from([0]), size, size, number(0x1234_5678)]));
  }

  #readBuffer(packet: ZkPacket): void {
    const start = packet.data.readUInt32LE(0);
    const size = packet.data.readUInt32LE(4);
    const part = this.#buffer?.subarray(start, start + size);
    if (part === undefined || part.length !== size) this.#answer(packet, ERROR);
    else this.#table(packet, part);
  }

  #table(packet: ZkPacket, bytes: Buffer): void {
    this.#answer(packet, PREPARE_DATA, Buffer.concat([number(bytes.length), number(0x1000)]));
    const pieceBytes = DATA_BYTES_MAX[this.#isDatagrams ? 'datagrams' : 'stream'];
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      this.#answer(packet, DATA, bytes.subarray(at, at + pieceBytes));
    }
    this.#answer(packet, OK);
  }

  #log(): Buffer {
    const records = this.memory.entries.map((entry, index) => this.#dialect.record(entry, index));
    const bytes = records.reduce((sum, { length }) => sum + length, 0);
    return Buffer.concat([number(bytes), ...records]);
  }

  #userTable(): Buffer {
    const records = this.#users.ids.map((user) => this.userRecord(user));
    const bytes = records.reduce((sum, { length }) => sum + length, 0);
    return Buffer.concat([number(bytes), ...records]);
  }

  #sizes(): Buffer {
    const sizes = Buffer.alloc(80);
    sizes.writeUInt32LE(this.#users.ids.length, 16);
    sizes.writeUInt32LE(this.memory.entries.length, 32);
    sizes.writeUInt32LE(10_000, 60);
    sizes.writeUInt32LE(1_000_000, 64);
    return sizes;
  }

  #answer(packet: ZkPacket, command: number, data: Buffer = Buffer.alloc(0)): void {
    this.#answers.add(this.#packets.encode({ command, session: this.#session, reply: packet.reply, data }));
  }
}

export const zk4370: DeviceModel = {
  id: 'zk-4370',
  title: 'terminal that is asked on port 4370',
  profiles: [
    { id: 'k40', title: 'entries of 40 bytes, events of 32', baud: 0 },
    { id: 'keyed', title: 'the same with the Comm Key 12345', baud: 0 },
    { id: 'zk6', title: 'entries of 16 bytes, events of 12, numeric user ids', baud: 0 },
    { id: 'old', title: 'entries of 8 bytes with its own numbers, no buffer', baud: 0 },
  ],
  uidBytes: [],
  readsUsers: true,
  openWire: ({ clock, link, ...events }) =>
    new NetworkWire({
      clock,
      path: link,
      plugIn: (plugEvents) =>
        link.startsWith('udp:')
          ? new DatagramPlug(networkAddress(link), plugEvents)
          : new CalledPlug(networkAddress(link), plugEvents),
      ...events,
    }),
  boot: (context) => new Zk4370Firmware(context),
};
