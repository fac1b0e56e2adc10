import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureDrain } from './drain.js';
import { GOALS, type Measurement } from './goals.js';
import { measureGrowth } from './growth.js';
import { measureIngest } from './ingest.js';
import { judge, type Measured, type Result } from './measured.js';
import { measureTap } from './tap.js';

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    growth: { type: 'boolean', default: false },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const MEASUREMENTS: Record<Measurement, () => Promise<Measured>> = {
  tap: measureTap,
  drain: measureDrain,
  ingest: measureIngest,
  growth: measureGrowth,
};

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function isWanted(measurement: Measurement): boolean {
  if (options.only !== undefined) return options.only === measurement;
  return measurement !== 'growth' || options.growth;
}

function print(result: Result): void {
  const { name, metric, value, goal, holds, note } = result;
  const verdict = holds === null ? 'not measured' : holds ? 'holds' : 'MISSED';
  say(`${name}\n  ${metric}${value === null ? '' : `: ${value}`}  (${verdict}; goal ${goal})`);
  if (note !== undefined) say(`  ${note}`);
}

async function main(): Promise<void> {
  if (options.help) {
    say('npm run bench -- [--json FILE] [--growth] [--only tap|drain|ingest|growth]');
    return;
  }
  const measured = new Map<Measurement, Measured>();
  for (const [name, measure] of Object.entries(MEASUREMENTS) as [Measurement, () => Promise<Measured>][]) {
    if (!isWanted(name)) continue;
    say(`Measuring ${name} …`);
    const found = await measure();
    measured.set(name, found);
    for (const [what, value] of Object.entries(found.raw)) say(`  ${what}: ${value}`);
  }
  say('');
  const results = GOALS.flatMap((goal) => judge(goal, measured, 'not asked for in this run'));
  for (const result of results) print(result);
  if (options.json !== undefined) {
    const raw = Object.fromEntries([...measured].map(([name, found]) => [name, found.raw]));
    const machine = { cores: cpus().length, node: process.version };
    writeFileSync(options.json, `${JSON.stringify({ results, raw, machine }, null, 2)}\n`);
  }
}

await main();
