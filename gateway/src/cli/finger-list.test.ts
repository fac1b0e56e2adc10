import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FingerSlots } from '../identify/finger-slots.js';
import { createTemplateSeal } from '../identify/template-seal.js';
import { TemplateStore } from '../identify/template-store.js';
import { TerminalBook } from '../identify/terminal-book.js';
import type { Database } from '../store/open.js';
import { STORE_FILE } from '../store/replace.js';
import { storeFixture, tempDir } from '../store/store.fixture.js';
import { fingerForget, fingerList } from './finger-list.js';

const ID = '0190a000-0000-7000-8000-000000000001';
const OTHER = '0190a000-0000-7000-8000-000000000002';
const SECRET = 'minutiae of somebody';

/** A gateway with one module that has a name, and one that has none. */
function fixture() {
  const dataDir = tempDir();
  const config = join(dataDir, 'gateway.yaml');
  for (const name of ['password', 'key'])
    writeFileSync(join(dataDir, name), 'ab'.repeat(32), { mode: 0o600 });
  const document = {
    gateway: { id: 'gw', data_dir: dataDir },
    uplink: {
      mqtt_url: 'mqtt://127.0.0.1:9',
      password_file: join(dataDir, 'password'),
      central_url: 'http://127.0.0.1:9',
    },
    identify: { card_hash_key_file: join(dataDir, 'key') },
    devices: [],
  };
  writeFileSync(config, JSON.stringify(document));
  const printed: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0);
  const said = (): unknown => JSON.parse(printed.splice(0).join(''));
  return { dataDir, config, printed, said };
}

function filled() {
  const f = fixture();
  const { store } = storeFixture({ dataDir: f.dataDir });
  const seal = createTemplateSeal(Buffer.alloc(32, 7));
  const place = { template_id: ID, student_ref: '24B81A0501', finger_position: 2, format: 'ef01-0009-512' };
  const sealed = seal.seal(Buffer.from(SECRET), place).toString('base64');
  new TemplateStore(store.db).put([{ ...place, sealed }]);
  const slots = new FingerSlots(store.db);
  slots.put('module-a', { slot: 0, templateId: ID, studentRef: '24B81A0501' });
  slots.put('module-a', { slot: 1, templateId: OTHER, studentRef: '24B81A0502' });
  slots.put('nameless:office', { slot: 5, templateId: ID, studentRef: '24B81A0501' });
  return { ...f, store, sealed };
}

const TERMINAL = 'zk:CKUH204960123';
function tellTerminal(db: Database): void {
  const book = new TerminalBook(db);
  book.putUser(TERMINAL, { userId: '501', isHeld: true });
  book.putFinger(TERMINAL, { userId: '501', fingerPosition: 2, templateId: OTHER, isHeld: true });
}

afterEach(() => vi.restoreAllMocks());

describe('finger list', () => {
  it('prints what is enrolled and where it may lie, also while the gateway runs, and never a template', () => {
    const { config, printed, said, sealed } = filled();
    expect(fingerList({ config })).toBe(0);
    expect(printed.join('')).not.toContain(sealed);
    expect(said()).toEqual({
      templates: [
        { template_id: ID, student_ref: '24B81A0501', finger_position: 2, format: 'ef01-0009-512' },
      ],
      modules: [
        { sensor: 'module-a', templates: 2 },
        { sensor: 'nameless:office', templates: 1 },
      ],
      terminals: [],
    });
  });

  it('names the terminals that were told of somebody, and how many fingers each has', () => {
    const { config, said, store } = filled();
    tellTerminal(store.db);
    expect(fingerList({ config })).toBe(0);
    expect(said()).toMatchObject({ terminals: [{ sensor: TERMINAL, templates: 1 }] });
  });

  it('of a gateway that never ran is empty, and makes no store', () => {
    const { config, said, dataDir } = fixture();
    expect(fingerList({ config })).toBe(0);
    expect(said()).toEqual({ templates: [], modules: [], terminals: [] });
    expect(existsSync(join(dataDir, STORE_FILE))).toBe(false);
  });
});

describe('finger forget', () => {
  it('lets go of one module, so that nothing of it keeps a removal unacknowledged', () => {
    const { config, said, store, dataDir } = filled();
    store.close();
    expect(fingerForget('module-a', { config })).toBe(0);
    expect(said()).toEqual({ forgotten: 'module-a', templates: 2 });
    const slots = new FingerSlots(storeFixture({ dataDir }).store.db);
    expect(slots.modules()).toEqual([{ sensor: 'nameless:office', templates: 1 }]);
    expect(slots.holdOthers(new Set([ID]))).toBe(false);
  });

  it('lets go of a terminal by its serial number', () => {
    const { config, said, store, dataDir } = filled();
    tellTerminal(store.db);
    store.close();
    expect(fingerForget('CKUH204960123', { config })).toBe(0);
    expect(said()).toEqual({ forgotten: TERMINAL, templates: 1 });
    const book = new TerminalBook(storeFixture({ dataDir }).store.db);
    expect(book.terminals()).toEqual([]);
    expect(book.holdOthers(new Set())).toBe(false);
  });

  it('knows a module without a name by the device it is plugged in as', () => {
    const { config, said, store } = filled();
    store.close();
    expect(fingerForget('office', { config })).toBe(0);
    expect(said()).toEqual({ forgotten: 'nameless:office', templates: 1 });
  });

  it('refuses a module that is not known and names those that are, and changes nothing', () => {
    const { config, store, dataDir } = filled();
    store.close();
    expect(() => fingerForget("module-b' OR 1=1 --", { config })).toThrow(
      'it knows module-a, nameless:office (NOT_FOUND)',
    );
    expect(new FingerSlots(storeFixture({ dataDir }).store.db).modules()).toHaveLength(2);
    const empty = fixture();
    expect(() => fingerForget('module-a', { config: empty.config })).toThrow('it knows none');
  });

  it('does not take the slots away from a gateway that runs', () => {
    const { config, store } = filled();
    expect(() => fingerForget('module-a', { config })).toThrow(/STORE_LOCKED/);
    expect(new FingerSlots(store.db).modules()).toHaveLength(2);
  });
});
