import { closeSync, constants, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { HostEnd } from './host-end.test-support.js';
import { Pty } from './pty.js';

const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

function device(baud = 9600) {
  const received: number[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  const hostStates: boolean[] = [];
  const hostWaiters: { isOpen: boolean; resolve: () => void }[] = [];
  const pty = Pty.open(baud, {
    onBytes(bytes) {
      received.push(...bytes);
      for (const waiter of waiters) if (received.length >= waiter.count) waiter.resolve();
    },
    onHost(isOpen) {
      hostStates.push(isOpen);
      for (const waiter of hostWaiters.splice(0)) if (waiter.isOpen === isOpen) waiter.resolve();
    },
  });
  open.push(pty);
  return {
    pty,
    received,
    hostStates,
    until: (count: number) =>
      new Promise<void>((resolve) =>
        received.length >= count ? resolve() : waiters.push({ count, resolve }),
      ),
    untilHost: (isOpen: boolean) => new Promise<void>((resolve) => hostWaiters.push({ isOpen, resolve })),
  };
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, index) => index);

describe('Pty', () => {
  it('carries every byte value both ways although the host set no mode', async () => {
    const { pty, received, until } = device();
    const host = new HostEnd(pty.path);
    open.push(host);
    expect(pty.write(EVERY_BYTE)).toBe(256);
    expect(await host.read(256)).toEqual([...EVERY_BYTE]);
    host.write(EVERY_BYTE);
    await until(256);
    expect(received).toEqual([...EVERY_BYTE]);
  });

  it('knows whether a host is there, and loses the bytes of a device that nobody listens to', async () => {
    const { pty, hostStates, untilHost } = device();
    expect(pty.isHostOpen).toBe(false);
    expect(pty.write(Uint8Array.of(1, 2, 3))).toBe(0);
    for (let round = 0; round < 3; round++) {
      const opened = untilHost(true);
      const fd = openSync(pty.path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
      expect(pty.isHostOpen).toBe(true);
      await opened;
      expect(() => readSync(fd, Buffer.alloc(8))).toThrow(/EAGAIN/);
      const closed = untilHost(false);
      closeSync(fd);
      await closed;
      expect(pty.isHostOpen).toBe(false);
    }
    expect(hostStates).toEqual([true, false, true, false, true, false]);
  });

  it('reads what the host wrote immediately before it closed', async () => {
    const { pty, received, untilHost } = device();
    const opened = untilHost(true);
    const fd = openSync(pty.path, constants.O_RDWR | constants.O_NOCTTY);
    await opened;
    const closed = untilHost(false);
    writeSync(fd, 'bye');
    closeSync(fd);
    await closed;
    expect(Buffer.from(received).toString()).toBe('bye');
  });

  it('tells the baud rate: the device rate until a host sets another', () => {
    expect(device(57_600).pty.hostBaud).toBe(57_600);
  });

  it('takes what fits and drops the rest when the host never reads, instead of blocking', () => {
    const { pty } = device();
    open.push(new HostEnd(pty.path));
    let taken = 0;
    for (let piece = 0; piece < 1_000; piece++) taken += pty.write(new Uint8Array(512));
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(512_000);
  });

  it('refuses to write more than 512 bytes at once', () => {
    expect(() => device().pty.write(new Uint8Array(513))).toThrow(RangeError);
  });

  it('hangs up on the host when closed, and leaves no file descriptor behind', async () => {
    const count = () => readdirSync('/proc/self/fd').length;
    let before = 0;
    for (let round = 0; round < 5; round++) {
      // The first round warms up what the runtime opens once.
      if (round === 1) before = count();
      const { pty, untilHost } = device();
      const opened = untilHost(true);
      const host = new HostEnd(pty.path);
      await opened;
      await pty.close();
      await host.hungUp;
      await host.close();
      expect(pty.isHostOpen).toBe(false);
      expect(pty.write(Uint8Array.of(1))).toBe(0);
    }
    expect(count()).toBe(before);
  });
});
