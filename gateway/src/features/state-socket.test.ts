import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@rollcall/protocol/system-clock';
import { describe, expect, it } from 'vitest';
import { askGateway } from '../cli/ask-gateway.js';
import { silentLog } from '../log.js';
import { onCleanup, tempDir } from '../store/store.fixture.js';
import { deviceSnapshot } from './device-snapshot.fixture.js';
import { StateSocket, stateSocketPath } from './state-socket.js';

async function listening(dataDir: string): Promise<StateSocket> {
  const states = new StateSocket({
    dataDir,
    clock: systemClock,
    log: silentLog,
    devices: () => [
      deviceSnapshot({
        deviceId: 'reader',
        state: 'absent',
        problem: { code: 'PORT_ABSENT', message: 'plug it in' },
      }),
    ],
  });
  states.start();
  onCleanup(() => void states.stop());
  return states;
}

describe('the socket on which a running gateway says how its devices fare', () => {
  it('tells whoever owns it, and takes nothing', async () => {
    const dataDir = tempDir();
    // As a gateway that was killed leaves it.
    writeFileSync(stateSocketPath(dataDir), '');
    await listening(dataDir);
    const state = await askGateway(dataDir);
    expect(state?.devices).toMatchObject([
      { device_id: 'reader', state: 'absent', problem: { code: 'PORT_ABSENT' } },
    ]);
    expect(statSync(stateSocketPath(dataDir)).mode & 0o777).toBe(0o600);
    const rude = connect(stateSocketPath(dataDir));
    await new Promise<void>((resolve) => {
      rude.on('error', () => undefined);
      rude.on('close', () => resolve());
      rude.write(Buffer.alloc(1_000_000));
      rude.resume();
    });
    expect((await askGateway(dataDir))?.devices).toHaveLength(1);
  });

  it('is silent once the gateway has stopped, and where there is no room for its name', async () => {
    const dataDir = tempDir();
    const states = await listening(dataDir);
    await states.stop();
    expect(await askGateway(dataDir)).toBeUndefined();
    const deep = join(dataDir, 'x'.repeat(120));
    mkdirSync(deep);
    await listening(deep);
    expect(await askGateway(deep)).toBeUndefined();
  });

  it('may be connected to by nobody else from its first moment on', async () => {
    const dataDir = tempDir();
    const umask = process.umask();
    await listening(dataDir);
    expect(statSync(stateSocketPath(dataDir)).mode & 0o077).toBe(0);
    expect(process.umask()).toBe(umask);
  });

  it('is missed where something else is at its path, or takes it away, and the gateway goes on', async () => {
    const taken = tempDir();
    mkdirSync(stateSocketPath(taken));
    await listening(taken);
    expect(await askGateway(taken)).toBeUndefined();
    const dataDir = tempDir();
    await listening(dataDir);
    rmSync(stateSocketPath(dataDir));
    expect(await askGateway(dataDir)).toBeUndefined();
  });
});
