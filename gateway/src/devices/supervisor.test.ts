import { RollcallError } from '@rollcall/protocol/errors';
import { describe, expect, it } from 'vitest';
import { SupervisorBench, settle } from './supervisor.fixture.js';

const FRAME = '\x020C000621A58E\x03';

describe('a connection', () => {
  it('goes through opening and probing to ready', async () => {
    const bench = new SupervisorBench('rdm6300');
    bench.supervisor.start();
    await bench.advance(1_000);
    expect(bench.states).toEqual(['opening', 'probing', 'ready']);
    expect(bench.supervisor.snapshot()).toMatchObject({
      deviceId: 'bench',
      driver: 'rdm6300',
      problem: null,
    });
  });

  it('opens with the speed of the options', async () => {
    const bench = new SupervisorBench('line', { options: { baud: 9600 } });
    await bench.startReady();
    expect(bench.port.last.link).toEqual({ baud: 9600, dtr: true, rts: true });
  });

  it('stamps a card with the moment of the chunk that completed it', async () => {
    const bench = new SupervisorBench('rdm6300', { options: { single_frame: true } });
    await bench.startReady();
    bench.port.last.receive(FRAME.slice(0, 5));
    bench.clock.advance(10);
    const monoMs = bench.clock.monoMs();
    const wallMs = bench.clock.wallMs();
    bench.port.last.receive(FRAME.slice(5));
    bench.clock.advance(30);
    expect(bench.events).toEqual([expect.objectContaining({ type: 'card', monoMs, wallMs })]);
    expect(bench.supervisor.snapshot().lastFrameAtMs).toBe(wallMs);
  });

  it('gets a new port and a new session after a loss: halves of two connections make no card', async () => {
    const bench = new SupervisorBench('rdm6300', { options: { single_frame: true } });
    await bench.startReady();
    bench.port.last.receive(FRAME.slice(0, 7));
    bench.unplug();
    bench.plug('link2');
    await bench.advance(2_000);
    expect(bench.port.openings).toHaveLength(2);
    bench.port.last.receive(FRAME.slice(7));
    expect(bench.events.filter(({ type }) => type === 'card')).toEqual([]);
    bench.port.last.receive(FRAME);
    expect(bench.events.filter(({ type }) => type === 'card')).toHaveLength(1);
    expect(bench.supervisor.snapshot().counters).toMatchObject({ reconnects: 1, frames_ok: 1 });
  });

  it('closes an opening that succeeds after it was given up', async () => {
    const bench = new SupervisorBench('rdm6300');
    let finishOpening = (): void => undefined;
    bench.port.opening = new Promise((resolve) => {
      finishOpening = resolve;
    });
    bench.supervisor.start();
    await bench.advance(10_500);
    expect(bench.port.openings).toHaveLength(2);
    finishOpening();
    await settle();
    expect(bench.port.openings[0]?.isOpen).toBe(false);
  });

  it('ends when a write is stuck, and the light is refused, not kept for later', async () => {
    const bench = new SupervisorBench('line');
    await bench.startReady();
    bench.port.writeFailure = new RollcallError('PORT_WRITE_TIMEOUT', 'stuck');
    await expect(bench.supervisor.lights()?.('kept')).rejects.toThrow('stuck');
    bench.port.writeFailure = undefined;
    await bench.advance(4_000);
    expect(bench.port.openings).toHaveLength(2);
    expect(bench.port.last.written).toEqual([]);
    expect(bench.supervisor.snapshot().counters.timeouts).toBe(1);
  });

  it('opens again only after the port was let go', async () => {
    const bench = new SupervisorBench('rdm6300');
    await bench.startReady();
    let letGo = (): void => undefined;
    bench.port.closing = new Promise((resolve) => {
      letGo = resolve;
    });
    bench.unplug();
    bench.plug('link2');
    await bench.advance(4_000);
    expect(bench.port.openings.filter(({ wasOpened }) => wasOpened)).toHaveLength(1);
    letGo();
    await bench.advance(1_000);
    expect(bench.port.last.isOpen).toBe(true);
  });

  it('refuses lights that were taken from a connection that has ended', async () => {
    const bench = new SupervisorBench('line');
    await bench.startReady();
    const lights = bench.supervisor.lights();
    bench.unplug();
    bench.plug('link2');
    await bench.advance(6_000);
    await expect(lights?.('kept')).rejects.toThrow();
    expect(bench.port.last.written).toEqual([]);
  });

  it('leaves no timer and no open port behind when stopped', async () => {
    const bench = new SupervisorBench('rdm6300');
    await bench.startReady();
    await bench.supervisor.stop();
    expect(bench.port.last.isOpen).toBe(false);
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.states).toEqual(['closing']);
  });
});

describe('a device that is not there', () => {
  it('is never said to be absent without saying why: not before the first attempt, nor after the end', async () => {
    const bench = new SupervisorBench('rdm6300');
    bench.identity = undefined;
    bench.port.unplug();
    expect(bench.supervisor.snapshot()).toMatchObject({ state: 'opening', problem: null });
    bench.supervisor.start();
    await bench.advance(10_000);
    await bench.supervisor.stop();
    expect(bench.states).toEqual(['opening', 'absent', 'closing']);
    const away = bench.published.filter(({ state }) => state === 'absent');
    expect(away.map(({ problem }) => problem?.code)).toEqual(['PORT_ABSENT']);
    expect(bench.supervisor.snapshot().state).toBe('closing');
  });
});

describe('a lost device', () => {
  it('is said to be absent only after three quick attempts within about five seconds', async () => {
    const bench = new SupervisorBench('rdm6300');
    await bench.startReady();
    bench.unplug();
    await bench.advance(4_750);
    expect(bench.states).toEqual([]);
    expect(bench.port.openings).toHaveLength(3);
    await bench.advance(500);
    expect(bench.port.openings).toHaveLength(4);
    expect(bench.states).toEqual(['absent']);
    expect(bench.supervisor.snapshot().problem?.code).toBe('PORT_ABSENT');
  });

  it('is not mentioned when it is back within the quick attempts', async () => {
    const bench = new SupervisorBench('rdm6300');
    await bench.startReady();
    bench.unplug();
    await bench.advance(1_000);
    bench.plug('link2');
    await bench.advance(3_000);
    expect(bench.states).toEqual([]);
    expect(bench.supervisor.snapshot().state).toBe('ready');
  });

  it('is tried for ever, ever more rarely, at least once a minute', async () => {
    const bench = new SupervisorBench('rdm6300', { port: 'tcp://10.0.0.1:4001' });
    bench.port.failure = new RollcallError('PORT_ABSENT', 'no answer');
    bench.supervisor.start();
    await bench.advance(10 * 60_000);
    const tenMinutes = bench.port.openings.length;
    await bench.advance(10 * 60_000);
    expect(bench.port.openings.length - tenMinutes).toBeGreaterThanOrEqual(9);
    expect(bench.port.openings.length - tenMinutes).toBeLessThanOrEqual(11);
    expect(bench.states).toEqual(['opening', 'absent']);
  });

  it('is opened within two seconds of coming back, however long it was away', async () => {
    const bench = new SupervisorBench('rdm6300');
    await bench.startReady();
    bench.unplug();
    await bench.advance(30 * 60_000);
    bench.plug('link2');
    await bench.advance(2_250);
    expect(bench.supervisor.snapshot().state).toBe('ready');
  });

  it('is noticed by its path when the open file says nothing', async () => {
    const bench = new SupervisorBench('rdm6300');
    await bench.startReady();
    bench.identity = undefined;
    await bench.advance(2_250);
    expect(bench.port.openings[0]?.isOpen).toBe(false);
  });

  it('is opened anew when its path leads to another device', async () => {
    const bench = new SupervisorBench('rdm6300');
    await bench.startReady();
    bench.identity = { target: 'tty2', entry: 'link2' };
    await bench.advance(3_000);
    expect(bench.port.openings).toHaveLength(2);
    expect(bench.port.openings[0]?.isOpen).toBe(false);
    expect(bench.port.last.isOpen).toBe(true);
  });

  it('is blocked at once when the port may not be opened, and tried again all the same', async () => {
    const bench = new SupervisorBench('rdm6300');
    bench.port.failure = new RollcallError('PORT_DENIED', 'not in group dialout');
    bench.supervisor.start();
    await settle();
    expect(bench.states).toEqual(['opening', 'blocked']);
    expect(bench.supervisor.snapshot().problem).toMatchObject({ code: 'PORT_DENIED' });
    bench.port.plug();
    await bench.advance(5_000);
    expect(bench.supervisor.snapshot().state).toBe('ready');
  });

  it('gets quick attempts again only after a minute of being ready', async () => {
    const bench = new SupervisorBench('rdm6300');
    await bench.startReady();
    for (let flap = 0; flap < 4; flap++) {
      bench.unplug();
      bench.plug(`link${flap}`);
      await bench.advance(4_000);
    }
    expect(bench.states).toContain('absent');
    await bench.advance(61_000);
    bench.published.length = 0;
    bench.unplug();
    await bench.advance(4_000);
    expect(bench.states).toEqual([]);
  });
});

describe('a degraded device', () => {
  it('is one that sent heartbeats and fell silent; it is ready again with the next byte', async () => {
    const bench = new SupervisorBench('line');
    await bench.startReady();
    bench.port.last.receive('\nHB,000018*2F\n');
    await bench.advance(30_000);
    expect(bench.states).toEqual([]);
    await bench.advance(2_500);
    expect(bench.states).toEqual(['degraded']);
    expect(bench.supervisor.snapshot().problem?.code).toBe('DEVICE_TIMEOUT');
    bench.port.last.receive('HB,000018*2F\n');
    await bench.advance(2_500);
    expect(bench.states).toEqual(['degraded', 'ready']);
  });

  it('is connected anew after a long silence, and stays degraded until it speaks', async () => {
    const bench = new SupervisorBench('line');
    await bench.startReady();
    bench.port.last.receive('\nHB,000018*2F\n');
    await bench.advance(100_000);
    expect(bench.port.openings).toHaveLength(2);
    expect(bench.states).toEqual(['degraded']);
  });

  it('is never one that does not send heartbeats', async () => {
    const bench = new SupervisorBench('line');
    await bench.startReady();
    bench.port.last.receive('\n4A8D694F\n');
    await bench.advance(3_600_000);
    expect(bench.states).toEqual([]);
  });

  it('is one that sends mostly garbage, with a hint at the baud rate, until that ends', async () => {
    const bench = new SupervisorBench('rdm6300');
    await bench.startReady();
    for (let count = 0; count < 10; count++) bench.port.last.receive('\xf8\x9c\x00');
    expect(bench.states).toEqual(['degraded']);
    expect(bench.supervisor.snapshot().problem).toMatchObject({
      code: 'FRAME_GARBAGE',
      message: expect.stringContaining('wrong baud?'),
    });
    await bench.advance(65_000);
    expect(bench.states).toEqual(['degraded', 'ready']);
  });

  it('repeats the remedy of the driver when the bytes are readable', async () => {
    const bench = new SupervisorBench('line');
    await bench.startReady();
    bench.port.last.receive('\n');
    for (let count = 0; count < 10; count++) bench.port.last.receive('EDBA996\n');
    expect(bench.supervisor.snapshot().problem?.message).toContain('two digits per byte');
  });
});

it('captures both directions with their times', async () => {
  const bench = new SupervisorBench('line');
  await bench.startReady();
  bench.port.last.receive('\n');
  await bench.supervisor.lights()?.('kept');
  expect(bench.supervisor.capture.pieces().map(({ direction }) => direction)).toEqual(['in', 'out']);
});
