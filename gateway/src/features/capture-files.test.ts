import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseVectorFile } from '@rollcall/protocol/vectors';
import { describe, expect, it } from 'vitest';
import { CaptureRing } from '../devices/capture-ring.js';
import { silentLog } from '../log.js';
import { tempDir } from '../store/store.fixture.js';
import { CaptureFiles } from './capture-files.js';

function ringOf(text: string): CaptureRing {
  const ring = new CaptureRing();
  ring.add('in', 1, Buffer.from(text));
  return ring;
}

describe('CaptureFiles', () => {
  it('writes one file for each device that said something, which tests can replay and only the owner can read', () => {
    const dataDir = tempDir();
    const files = new CaptureFiles({ dataDir, log: silentLog });
    files.write([
      { deviceId: 'rdm-r101', driver: 'rdm6300', ring: ringOf('\x020C') },
      { deviceId: 'line-r102', driver: 'line', ring: new CaptureRing() },
    ]);
    const file = join(dataDir, 'captures', 'rdm-r101.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { driver, vectors } = parseVectorFile(JSON.parse(readFileSync(file, 'utf8')));
    expect(driver).toBe('rdm6300');
    expect(vectors[0]?.chunks_hex).toEqual(['02 30 43']);
    expect(existsSync(join(dataDir, 'captures', 'line-r102.json'))).toBe(false);
  });

  it('removes them, also when there are none', () => {
    const dataDir = tempDir();
    const files = new CaptureFiles({ dataDir, log: silentLog });
    files.remove();
    files.write([{ deviceId: 'a', driver: 'line', ring: ringOf('x') }]);
    files.remove();
    expect(existsSync(join(dataDir, 'captures'))).toBe(false);
  });

  it('logs instead of failing where nothing can be written', () => {
    const dataDir = join(tempDir(), 'file');
    writeFileSync(dataDir, '');
    const errors: string[] = [];
    const log = { ...silentLog, error: (_: object | string, text?: string) => void errors.push(text ?? '') };
    new CaptureFiles({ dataDir, log }).write([{ deviceId: 'a', driver: 'line', ring: ringOf('x') }]);
    expect(errors).toEqual(['the captures could not be written']);
  });
});
