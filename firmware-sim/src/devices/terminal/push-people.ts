import { RollcallError } from '@rollcall/protocol/errors';
import type { FirmwareContext } from '../device.js';
import { FINGER_NAME, isSameFinger, makeTemplate } from '../simulated-finger.js';
import { timeText } from './push-dialects.js';
import type { TerminalMemory } from './terminal-memory.js';

const TEMPLATE_BYTES = 512;
/** Where templates of version 10 say so. */
const MARK = { at: 2, text: 'SS21' };
/** How long it waits for a finger that it was told to take. */
const ENROLL_WITHIN_MS = 300_000;
/** Answers of the vendor's appendix. */
const CODE = {
  done: 0,
  parameter: -1,
  templateSize: -9,
  noUser: -10,
  templateForm: -11,
  full: -1001,
  unsupported: -1002,
  otherModel: -1004,
  duplicate: 5,
  nobodyCame: 6,
} as const;

export interface PushPeopleOptions {
  /** Version of its fingerprint algorithm: `9`, `10`, `12.3`. */
  algorithm: string;
  onResult(result: string): void;
}

interface Awaited {
  id: string;
  user: string;
  number: number;
  cancel(): void;
}

/** What a pushing terminal does with commands about its people, and what it tells of them. */
export class PushPeople {
  readonly algorithm: string;
  readonly #context: FirmwareContext;
  readonly #memory: TerminalMemory;
  readonly #onResult: (result: string) => void;
  /** Of OPERLOG, for the server. */
  readonly lines: string[] = [];
  #wantsFingers = false;
  #awaited: Awaited | undefined;
  #resetsTold = 0;
  readonly #late = new Set<() => void>();

  constructor(context: FirmwareContext, memory: TerminalMemory, { algorithm, onResult }: PushPeopleOptions) {
    this.#context = context;
    this.#memory = memory;
    this.algorithm = algorithm;
    this.#onResult = onResult;
  }

  powerOff(): void {
    this.#awaited?.cancel();
    this.#awaited = undefined;
    for (const cancel of this.#late) cancel();
    this.#late.clear();
  }

  /** What the server wants to be told, in either form of the flags; the fourth is new fingers. */
  asked(flags: string): void {
    this.#wantsFingers = /^\d+$/.test(flags) ? flags[3] === '1' : flags.includes('EnrollFP');
    const { resets } = this.#memory.people;
    if (resets === this.#resetsTold) return;
    this.#resetsTold = resets;
    this.lines.push(`OPLOG 22\t0\t${timeText(this.#memory.localMs)}\t0\t0\t0\t0\n`);
  }

  /** Somebody enrolls at its keypad, who may use its menu. */
  enrollAtKeypad([user = '', number = '', finger = '', ...rest]: readonly string[]): void {
    if (!/^\w{1,24}$/.test(user) || !/^\d$/.test(number) || !FINGER_NAME.test(finger) || rest.length > 0)
      throw new RollcallError('REQUEST_INVALID', 'Write: enroll <user> <number 0 to 9> <finger>');
    const { people } = this.#memory;
    if (!people.hasRoom(user)) throw new RollcallError('REQUEST_INVALID', 'The terminal is full.');
    if (!people.users.has(user)) people.users.set(user, { name: '', privilege: 0 });
    this.#take(user, Number(number), finger);
  }

  /** A finger is laid on its sensor. @returns whose it is, where nobody is being enrolled */
  touched(finger: string): string | undefined {
    const awaited = this.#awaited;
    const probe = makeTemplate(finger, TEMPLATE_BYTES, this.#context.random);
    const known = [...this.#memory.people.fingers.values()].find((one) => isSameFinger(one.template, probe));
    if (awaited === undefined) return known?.user;
    this.#awaited = undefined;
    awaited.cancel();
    const isTaken = known !== undefined && (known.user !== awaited.user || known.number !== awaited.number);
    if (!isTaken) this.#take(awaited.user, awaited.number, finger);
    this.#answer(awaited.id, isTaken ? CODE.duplicate : CODE.done, 'ENROLL_FP');
    return undefined;
  }

  obey(id: string, command: string): void {
    const { people } = this.#memory;
    const [, verb = '', table = '', text = ''] = /^DATA (\w+) (\w+) ?(.*)$/.exec(command) ?? [];
    const enroll = /^ENROLL_FP (.*)$/.exec(command)?.[1];
    if (people.refusal !== 0) this.#answer(id, people.refusal, command.split(' ')[0] ?? '');
    else if (enroll !== undefined) this.#beginEnrollment(id, membersOf(enroll));
    else this.#answer(id, this.#change(`${verb} ${table}`, membersOf(text)), 'DATA');
  }

  #beginEnrollment(id: string, members: ReadonlyMap<string, string>): void {
    const user = members.get('pin') ?? '';
    const number = Number(members.get('fid') ?? '');
    if (!this.#memory.people.users.has(user)) {
      this.#answer(id, CODE.noUser, 'ENROLL_FP');
      return;
    }
    this.#awaited?.cancel();
    const cancel = this.#context.clock.after(ENROLL_WITHIN_MS, () => {
      this.#awaited = undefined;
      this.#answer(id, CODE.nobodyCame, 'ENROLL_FP');
    });
    this.#awaited = { id, user, number, cancel };
    this.#context.beep(1, 100);
  }

  #change(what: string, members: ReadonlyMap<string, string>): number {
    const { people } = this.#memory;
    const user = members.get('pin') ?? '';
    switch (what) {
      case 'UPDATE USERINFO':
        if (user === '') return CODE.parameter;
        if (!people.hasRoom(user)) return CODE.full;
        people.users.set(user, {
          name: members.get('name') ?? people.users.get(user)?.name ?? '',
          privilege: Number(members.get('pri') ?? people.users.get(user)?.privilege ?? 0),
        });
        return CODE.done;
      case 'DELETE USERINFO':
        if (!people.users.has(user)) return CODE.noUser;
        people.removeUser(user);
        return CODE.done;
      case 'QUERY USERINFO':
        for (const [pin, { name, privilege }] of people.users)
          this.lines.push(`USER PIN=${pin}\tName=${name}\tPri=${privilege}\tPasswd=1234\tCard=0\tGrp=1\n`);
        return CODE.done;
      case 'UPDATE FINGERTMP':
        return this.#isUnified ? CODE.otherModel : this.#putFinger(members, members.get('fid'));
      case 'UPDATE BIODATA':
        return this.#isUnified ? this.#putFinger(members, members.get('no')) : CODE.otherModel;
      case 'DELETE FINGERTMP':
        return this.#isUnified ? CODE.otherModel : this.#removeFinger(members, members.get('fid'));
      case 'DELETE BIODATA':
        if (members.get('type') !== '1') return CODE.otherModel;
        return this.#isUnified ? this.#removeFinger(members, members.get('no')) : CODE.otherModel;
      default:
        return CODE.unsupported;
    }
  }

  #putFinger(members: ReadonlyMap<string, string>, number: string | undefined): number {
    const user = members.get('pin') ?? '';
    const text = members.get('tmp') ?? '';
    const size = members.get('size');
    const template = new Uint8Array(Buffer.from(text, 'base64'));
    if (!this.#memory.people.users.has(user)) return CODE.noUser;
    if (number === undefined || !/^\d$/.test(number)) return CODE.parameter;
    if (size !== undefined && Number(size) !== text.length) return CODE.templateSize;
    const version = [members.get('majorver'), members.get('minorver')].join('.');
    const isOurs = this.#isUnified
      ? version === this.algorithm
      : hasMark(template) === (this.algorithm === '10');
    if (!isOurs) return CODE.templateForm;
    this.#memory.people.putFinger({ user, number: Number(number), template });
    return CODE.done;
  }

  #removeFinger(members: ReadonlyMap<string, string>, number: string | undefined): number {
    const user = members.get('pin') ?? '';
    if (!this.#memory.people.users.has(user)) return CODE.noUser;
    this.#memory.people.removeFingers(user, number === undefined ? undefined : Number(number));
    return CODE.done;
  }

  #take(user: string, number: number, finger: string): void {
    const template = makeTemplate(finger, TEMPLATE_BYTES, this.#context.random);
    if (this.algorithm === '10') template.set(Buffer.from(MARK.text, 'latin1'), MARK.at);
    this.#memory.people.putFinger({ user, number, template });
    if (!this.#wantsFingers) return;
    const text = Buffer.from(template).toString('base64');
    const [major = '', minor = '0'] = this.algorithm.split('.');
    this.lines.push(
      this.#isUnified
        ? `BIODATA Pin=${user}\tNo=${number}\tIndex=0\tValid=1\tDuress=0\tType=1\tMajorVer=${major}\tMinorVer=${minor}\tFormat=0\tTmp=${text}\n`
        : `FP PIN=${user}\tFID=${number}\tSize=${text.length}\tValid=1\tTMP=${text}\n`,
    );
  }

  /** Newer algorithms are in the table of all biometrics. */
  get #isUnified(): boolean {
    return Number(this.algorithm) > 10;
  }

  #answer(id: string, code: number, command: string): void {
    const result = `ID=${id}&Return=${code}&CMD=${command}\n`;
    const { lateMs } = this.#memory.people;
    if (lateMs === 0) {
      this.#onResult(result);
      return;
    }
    const cancel = this.#context.clock.after(lateMs, () => {
      this.#late.delete(cancel);
      this.#onResult(result);
    });
    this.#late.add(cancel);
  }
}

const hasMark = (template: Uint8Array): boolean =>
  Buffer.from(template.subarray(MARK.at, MARK.at + MARK.text.length)).toString('latin1') === MARK.text;

function membersOf(text: string): Map<string, string> {
  return new Map(
    text.split('\t').map((member) => {
      const at = member.indexOf('=');
      return [member.slice(0, at).trim().toLowerCase(), member.slice(at + 1)] as const;
    }),
  );
}
