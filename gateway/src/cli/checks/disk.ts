import { access, constants, statfs } from 'node:fs/promises';
import { type Check, fail, ok, warn } from './check.js';

const USED_PERCENT_WARN = 70;
const USED_PERCENT_FAIL = 95;

/** The data folder can be written and has room (edge §4.4). */
export const disk: Check = {
  id: 'disk',
  async run({ gateway }) {
    const folder = gateway.dataDir;
    try {
      await access(folder, constants.W_OK | constants.X_OK);
    } catch {
      // Missing and forbidden have the same remedy.
      return [
        fail(
          `${folder} is missing or not writable`,
          `sudo install -d -o rollcall -g rollcall -m 0700 ${folder}`,
        ),
      ];
    }
    const { blocks, bavail } = await statfs(folder);
    const usedPercent = Math.round(100 * (1 - bavail / Math.max(1, blocks)));
    const text = `the disk of ${folder} is ${usedPercent} % full`;
    if (usedPercent >= USED_PERCENT_FAIL)
      return [fail(text, 'free space, or move data_dir to a larger disk')];
    if (usedPercent >= USED_PERCENT_WARN)
      return [warn(text, 'free space soon, or move data_dir to a larger disk')];
    return [ok(text)];
  },
};
