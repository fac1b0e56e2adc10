import { decide } from '../gallery/decide.js';
import { GALLERY_TEMPLATES_MAX, Gallery } from '../gallery/gallery.js';
import { loadSearch } from '../node/load-kernels.js';
import { encodeTemplate } from '../template/record.js';
import { listFolder, loadTemplate, tryLoadTemplate } from './load.js';

/** Searches a probe among the files of a folder and prints the decision and the fingers that fit best. */
export function identify(probe: string, folder: string): void {
  const gallery = new Gallery(GALLERY_TEMPLATES_MAX, loadSearch());
  for (const { name, finger, file } of listFolder(folder)) {
    const template = tryLoadTemplate(file);
    if (template !== undefined) gallery.add(name, finger, encodeTemplate(template));
  }
  const ranking = gallery.search(encodeTemplate(loadTemplate(probe)));
  const decision = decide(ranking, { fingers: gallery.fingers });
  const said =
    decision.kind === 'match'
      ? `match ${decision.finger}`
      : decision.kind === 'ambiguous'
        ? `ambiguous ${decision.fingers.join(' ')}`
        : 'none';
  const rows = ranking.map(({ finger, score }) => `${finger.padEnd(12)} ${score.toFixed(1)}`);
  process.stdout.write(`${[said, ...rows].join('\n')}\n`);
}
