import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { systemClock } from '@rollcall/protocol/system-clock';
import { ControlApi } from '../control-api.js';
import type { DeviceEvent } from '../devices/device-event.js';
import { SimulatedDevice } from '../devices/simulated-device.js';
import { runCommand } from './device-commands.js';

export interface DeviceCommandOptions {
  driver: string;
  link: string;
  profile?: string;
  baud?: number;
  seed: number;
  controlPort?: number;
  falseReject?: number;
  falseAccept?: number;
  set: Readonly<Record<string, string>>;
}

/** One simulated device on a pty, driven by lines on standard input, until they are done or the process is told to stop. */
export async function runDevice(options: DeviceCommandOptions): Promise<void> {
  const device = new SimulatedDevice({
    id: options.driver,
    driver: options.driver,
    linkPath: options.link,
    clock: systemClock,
    seed: options.seed,
    settings: options.set,
    report: print,
    rates: {
      ...(options.falseReject === undefined ? {} : { falseReject: options.falseReject }),
      ...(options.falseAccept === undefined ? {} : { falseAccept: options.falseAccept }),
    },
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.baud === undefined ? {} : { baud: options.baud }),
  });
  const control = options.controlPort === undefined ? undefined : new ControlApi([device]);
  const controlPort = await control?.listen(options.controlPort ?? 0);
  const input = createInterface({ input: process.stdin });
  const told = new AbortController();
  const stop = (): void => {
    told.abort();
    input.close();
  };
  // Whoever read our events has gone: nobody is there to simulate for.
  process.stdout.on('error', stop);
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    device.start();
    if (controlPort !== undefined)
      print({ event: 'control', url: `http://127.0.0.1:${controlPort}/devices` });
    for await (const text of input) {
      await runCommand(device, text).catch((error: unknown) =>
        print({ event: 'error', message: messageOf(error) }),
      );
    }
    // Lines that were piped in end at once; the cards that they show take their time.
    if (!told.signal.aborted) {
      const shown = Promise.all([device.field.swipesDone(), device.fingers.swipesDone()]);
      await Promise.race([shown, once(told.signal, 'abort')]);
    }
  } finally {
    await device.stop();
    await control?.close();
    // Standard input may still be open after a signal; nothing waits for it any more.
    process.stdin.destroy();
  }
}

function print(event: DeviceEvent | { event: 'control'; url: string }): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
