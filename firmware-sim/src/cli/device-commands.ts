import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import type { SimulatedDevice } from '../devices/simulated-device.js';
import type { Fault } from '../faults/fault.js';
import { FAULTS, findFault, inflictFault } from '../faults/registry.js';

/** Characters of an unknown command that its error repeats: anything can come in on standard input. */
const ECHO_LENGTH_MAX = 40;

interface Command {
  usage: string;
  run(device: SimulatedDevice, words: string[]): void | Promise<void>;
}

const COMMANDS: Record<string, Command> = {
  swipe: {
    usage: 'swipe <uid> [ms]',
    run(device, [uid, ms, ...rest]) {
      if (uid === undefined || rest.length > 0) throw misuse('swipe');
      if (ms === undefined) device.swipe(uid);
      else device.swipe(uid, Number(ms));
    },
  },
  hold: {
    usage: 'hold <uid>',
    run(device, [uid, ...rest]) {
      if (uid === undefined || rest.length > 0) throw misuse('hold');
      device.hold(uid);
    },
  },
  finger: {
    usage: 'finger <name> [ms]',
    run(device, [name, ms, ...rest]) {
      if (name === undefined || rest.length > 0) throw misuse('finger');
      if (ms === undefined) device.touch(name);
      else device.touch(name, Number(ms));
    },
  },
  remove: alone('remove', (device) => {
    device.field.remove();
    device.fingers.remove();
  }),
  unplug: alone('unplug', (device) => device.unplug()),
  plug: alone('plug', (device) => device.plug()),
};

function alone(name: string, act: (device: SimulatedDevice) => void | Promise<void>): Command {
  return {
    usage: name,
    run(device, words) {
      if (words.length > 0) throw misuse(name);
      return act(device);
    },
  };
}

/** Carries out one line of standard input; every misuse is an error with the right usage in its message. */
export async function runCommand(device: SimulatedDevice, text: string): Promise<void> {
  const [name, ...words] = text.trim().split(/\s+/);
  if (name === undefined || name === '') return;
  if (Object.hasOwn(COMMANDS, name)) {
    await COMMANDS[name]?.run(device, words);
    return;
  }
  const own = device.firmware.commands?.find(({ usage }) => usage.split(' ')[0] === name);
  if (own !== undefined) {
    own.run(words);
    return;
  }
  const fault = findFault(name);
  if (fault === undefined) {
    const known = [...usages(), ...(device.firmware.commands ?? []).map(({ usage }) => usage)];
    throw new RollcallError(
      'REQUEST_INVALID',
      `There is no command "${name.slice(0, ECHO_LENGTH_MAX)}". There are: ${known.join(' | ')}`,
    );
  }
  if (words.length > fault.positional.length) throw misuse(name);
  const options = Object.fromEntries(words.map((word, index) => [fault.positional[index] ?? '', word]));
  await inflictFault(device, name, options);
}

/** All commands as a technician types them. */
export function usages(): string[] {
  return [...Object.values(COMMANDS).map((command) => command.usage), ...FAULTS.map(faultUsage)];
}

function faultUsage({ id, positional, options }: Fault): string {
  const shape = options instanceof z.ZodObject ? options.shape : {};
  const words = positional.map((option) => (isOptional(shape[option]) ? `[${option}]` : `<${option}>`));
  return [id, ...words].join(' ');
}

function isOptional(schema: unknown): boolean {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
}

function misuse(name: string): RollcallError {
  const usage = usages().find((candidate) => candidate.split(' ')[0] === name) ?? name;
  return new RollcallError('REQUEST_INVALID', `Write: ${usage}`);
}
