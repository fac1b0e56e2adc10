import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import { loadConfig } from '../config/load.js';
import { FingerSlots } from '../identify/finger-slots.js';
import { TerminalBook } from '../identify/terminal-book.js';
import { openForInspection } from '../store/open.js';
import { STORE_FILE } from '../store/replace.js';
import { openStoppedStore } from './open-stopped-store.js';

interface TemplateRow {
  template_id: string;
  student_ref: string;
  finger_position: number;
  format: string;
}

/** Prints what is enrolled here, never a template itself; also while the gateway runs. */
export function fingerList(options: { config: string }): number {
  const { config } = loadConfig({ file: options.config, env: process.env });
  const file = join(config.gateway.dataDir, STORE_FILE);
  if (!existsSync(file)) {
    print({ templates: [], modules: [], terminals: [] });
    return 0;
  }
  const db = openForInspection(file);
  try {
    const templates = db
      .prepare(
        'SELECT template_id, student_ref, finger_position, format FROM finger_template ORDER BY student_ref, finger_position, format',
      )
      .all() as TemplateRow[];
    print({ templates, modules: new FingerSlots(db).modules(), terminals: new TerminalBook(db).terminals() });
    return 0;
  } finally {
    db.close();
  }
}

/**
 * Forgets what a module or a terminal has that is gone for good: until then the roster stays unacknowledged, since what lies
 * in it might still be used.
 */
export function fingerForget(module: string, options: { config: string }): number {
  const { config } = loadConfig({ file: options.config, env: process.env });
  const store = openStoppedStore(config.gateway.dataDir, 'wait until nobody needs it');
  try {
    const slots = new FingerSlots(store.db);
    const book = new TerminalBook(store.db);
    const known = [...slots.modules(), ...book.terminals()];
    const found = known.find(({ sensor }) => [module, `nameless:${module}`, `zk:${module}`].includes(sensor));
    if (found === undefined) {
      const names = known.map(({ sensor }) => sensor).join(', ');
      throw new RollcallError(
        'NOT_FOUND',
        `This gateway knows no fingerprint module and no terminal ${module}; it knows ${names === '' ? 'none' : names}`,
      );
    }
    slots.clear(found.sensor);
    book.clear(found.sensor);
    print({ forgotten: found.sensor, templates: found.templates });
    return 0;
  } finally {
    store.close();
  }
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
