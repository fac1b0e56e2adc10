import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../support/root.js';

describe('rollcall-gateway whose output nobody reads any more ("| head")', () => {
  let directory: string;
  let file: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'rollcall-output-'));
    file = join(directory, 'gateway.yaml');
    const secret = join(directory, 'secret');
    writeFileSync(
      file,
      JSON.stringify({
        gateway: { id: 'gw-a', data_dir: directory },
        uplink: { mqtt_url: 'mqtt://127.0.0.1:1', password_file: secret, central_url: 'http://127.0.0.1:1' },
        identify: { card_hash_key_file: secret },
      }),
    );
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Closes standard output before the program has said its first word. */
  async function runUnread(...args: string[]): Promise<{ code: number | null; stderr: string }> {
    const child = spawn(process.execPath, [COMMANDS.gateway, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stderr };
  }

  it.each([
    ['config show', ['config', 'show'], 0],
    ['config show --json', ['config', 'show', '--json'], 0],
    // Two missing secrets, no broker, no central.
    ['doctor', ['doctor'], 4],
    ['key', ['key'], 0],
  ])('ends %s as if everything had been read', async (_name, args, expected) => {
    const { code, stderr } = await runUnread(...args, '--config', file);
    expect(stderr).not.toContain('EPIPE');
    expect(code).toBe(expected);
  });

  it('ends monitor, since nobody looks', async () => {
    const { code, stderr } = await runUnread(
      'monitor',
      '--driver',
      'line',
      '--port',
      join(directory, 'none'),
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });
});
