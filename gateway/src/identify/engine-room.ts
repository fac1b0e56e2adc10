import { type ListedTemplate, templateOf } from './engine-templates.js';

/**
 * Which templates the gallery has room for, one after the other, each with all its records: half of a finger would be
 * recognized worse, and nobody would know why. One that cannot be read has none, and fits.
 *
 * @param records names of what was read of these templates
 */
export function whatFits(
  templates: readonly ListedTemplate[],
  records: Iterable<string>,
  room: number,
): { fitting: Map<ListedTemplate, string[]>; left: number } {
  const byTemplate = new Map<string, string[]>(templates.map(({ templateId }) => [templateId, []]));
  for (const id of records) byTemplate.get(templateOf(id))?.push(id);
  const fitting = new Map<ListedTemplate, string[]>();
  let free = room;
  for (const template of templates) {
    const own = byTemplate.get(template.templateId) ?? [];
    if (own.length > free) continue;
    free -= own.length;
    fitting.set(template, own);
  }
  return { fitting, left: templates.length - fitting.size };
}
