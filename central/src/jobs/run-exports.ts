import { EXPORT_CHANNEL } from '../exports/create-export.js';
import { expireExports } from '../exports/expire-exports.js';
import { runExports } from '../exports/run-exports.js';
import type { Job } from './job.js';

export const runExportsJob: Job = {
  name: 'run-exports',
  title: 'Writes exports that were asked for and removes old ones',
  everyMinutes: 1,
  wokenBy: EXPORT_CHANNEL,
  async run(context) {
    const { files } = context;
    if (files === undefined) return undefined;
    const finished = await runExports({ ...context, files });
    const expired = await expireExports({ ...context, files });
    return finished + expired === 0 ? undefined : `${finished} written, ${expired} expired`;
  },
};
