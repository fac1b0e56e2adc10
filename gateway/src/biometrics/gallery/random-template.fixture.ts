import type { Template } from '../extract/extract.js';
import type { MinutiaType } from '../extract/minutiae.js';
import { EMPTY_GRID } from '../field/orientation-grid.js';
import { seeded } from '../ridge-pattern.fixture.js';

/** Minutiae thrown at random: no finger looks like this, but a search has to cope with it all the same. */
export function randomTemplate(seed: number): Template {
  const random = seeded(seed);
  const minutiae = Array.from({ length: 28 }, () => ({
    x: Math.floor(20 + 240 * random()),
    y: Math.floor(20 + 300 * random()),
    angle: Math.floor(256 * random()),
    type: (1 + Math.floor(2 * random())) as MinutiaType,
    quality: 60,
  }));
  return { width: 280, height: 340, quality: 60, skeleton: minutiae, phase: minutiae, grid: EMPTY_GRID };
}

/** The same finger once more: a few px and degrees off, three minutiae missing, moved. */
export function jittered(template: Template, seed: number): Template {
  const random = seeded(seed);
  const minutiae = template.skeleton.slice(3).map((minutia) => ({
    ...minutia,
    x: minutia.x + 6 + Math.floor(5 * random()),
    y: minutia.y - 9 + Math.floor(5 * random()),
    angle: (minutia.angle + 253 + Math.floor(7 * random())) % 256,
  }));
  return { ...template, skeleton: minutiae, phase: minutiae };
}
