import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandLines } from './command-lines.js';

/** Notes what happens to it in one shared file, so that a test can read the order of starts and stops. */
const COMMON = `
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const folder = import.meta.dirname;
const note = (text) => appendFileSync(join(folder, 'notes'), text + '\\n');
const [command, ...args] = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
const fault = (name) => existsSync(join(folder, name));
function runAs(name) {
  note('run ' + name);
  process.on('SIGTERM', () => { note('stop ' + name); process.exit(0); });
  if (fault('die-before-ready')) { console.error(name + ' has no database'); process.exit(3); }
  writeFileSync(join(folder, name + '.pid'), String(process.pid));
  console.log(JSON.stringify({ level: 'info', msg: 'ready' }));
  setInterval(() => undefined, 1000);
}
`;

const CENTRAL = `${COMMON}
if (command === 'seed') {
  if (fault('bad-seed')) { console.error('students[3].cards[0]: wrong (SEED_INVALID)'); process.exit(1); }
  note('seed ' + args[0] + ' ' + option('--provision-dir') + ' ' + process.env.ROLLCALL_DATA_DIR);
} else {
  note('central ' + args.join(' ') + ' MQTT_URL=' + process.env.MQTT_URL);
  runAs('central');
}
`;

const GATEWAY = `${COMMON}
const id = option('--config').split('/').at(-1).replace('.yaml', '');
if (command === 'key') console.log(JSON.stringify({ gateway_id: id, key_id: 'k1', public_key: Buffer.alloc(32, id.length).toString('base64') }));
else { note('environment ' + Object.keys(process.env).filter((name) => name.startsWith('ROLLCALL_'))); runAs(id); }
`;

/** Small programs that behave like the command lines of central and gateway as the demo sees them. */
export function fakeCommandLines(folder: string): CommandLines {
  mkdirSync(folder, { recursive: true });
  const central = join(folder, 'central.mjs');
  const gateway = join(folder, 'gateway.mjs');
  writeFileSync(central, CENTRAL);
  writeFileSync(gateway, GATEWAY);
  return { central, gateway };
}
