import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './root.js';

/** Tests run on TypeScript sources, but the kernels in WebAssembly have to be compiled first. */
export default function setUp(): void {
  const result = spawnSync(process.execPath, [join(ROOT, 'scripts/build-kernels.mjs')], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`The kernels were not built:\n${result.stdout}${result.stderr}`);
}
