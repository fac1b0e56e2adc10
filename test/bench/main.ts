import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureDrain } from './drain.js';
import { measureFingerprints } from './fingerprints.js';
import { CASES, GOALS, type Measurement } from './goals.js';
import { LARGE_SIZES, measureGrowth, SIZES } from './growth.js';
import { measureHttp } from './http.js';
import { measureIngest } from './ingest.js';
import { judge, type Measured, type Result, round } from './measured.js';
import { measureSemester } from './semester.js';
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
  http: measureHttp,
  semester: measureSemester,
  fingerprints: measureFingerprints,
  growth: () => measureGrowth(options.growth ? LARGE_SIZES : SIZES),
};

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function isWanted(measurement: Measurement): boolean {
  return options.only === undefined || options.only === measurement;
}

function print(results: readonly Result[]): void {
  let printed: string | undefined;
  for (const { name, metric, value, goal, holds, note } of results) {
    if (name !== printed) say(`${name}\n  goal: ${goal}`);
    printed = name;
    const verdict = holds === null ? 'not measured' : holds ? 'holds' : 'MISSED';
    say(
      `  ${value === null ? metric : `${metric}: ${value}`}  (${note === undefined ? verdict : `${verdict}: ${note}`})`,
    );
  }
}

async function main(): Promise<void> {
  if (options.help) {
    say(`npm run bench -- [--json FILE] [--growth] [--only ${Object.keys(MEASUREMENTS).join('|')}]`);
    return;
  }
  const measured = new Map<Measurement, Measured>();
  const startMs = performance.now();
  for (const [name, measure] of Object.entries(MEASUREMENTS) as [Measurement, () => Promise<Measured>][]) {
    if (!isWanted(name)) continue;
    say(`Measuring ${name} …`);
    const beganMs = performance.now();
    const found = await measure();
    found.raw['seconds that this took'] = round((performance.now() - beganMs) / 1_000);
    measured.set(name, found);
    for (const [what, value] of Object.entries(found.raw)) say(`  ${what}: ${value}`);
  }
  const minutes = round((performance.now() - startMs) / 60_000);
  say(`\n${minutes} minutes in all\n`);
  const results = [...GOALS, ...CASES].flatMap((goal) => judge(goal, measured, 'not asked for in this run'));
  print(results);
  if (options.json !== undefined) {
    const raw = Object.fromEntries([...measured].map(([name, found]) => [name, found.raw]));
    const machine = { cores: cpus().length, node: process.version };
    writeFileSync(options.json, `${JSON.stringify({ results, raw, machine, minutes }, null, 2)}\n`);
  }
}

await main();
