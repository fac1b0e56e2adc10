/** Only what the audits touch of the page they run in; the rest of the tests must not see a browser's types. */
interface Style {
  color: string;
  backgroundColor: string;
  visibility: string;
  fontSize: string;
  fontWeight: string;
  getPropertyValue(name: string): string;
}
interface PageElement {
  tagName: string;
  id: string;
  textContent: string | null;
  innerText: string;
  parentElement: PageElement | null;
  childNodes: Iterable<{ nodeType: number; textContent: string | null }>;
  getBoundingClientRect(): { width: number; height: number; right: number; left: number };
  getAttribute(name: string): string | null;
  closest(selector: string): PageElement | null;
  labels?: { length: number };
}
declare const document: {
  documentElement: { scrollWidth: number; clientWidth: number; lang: string };
  querySelectorAll(selector: string): Iterable<PageElement>;
};
declare function getComputedStyle(element: PageElement): Style;

/** Runs in the page: texts whose contrast to what lies behind them is below 4.5 (WCAG 2.2, 1.4.3). */
export function lowContrasts(): string[] {
  const CONTRAST_MIN = 4.5;
  type Color = [number, number, number, number];
  const parse = (text: string): Color => {
    const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a]: Color, [r2, g2, b2]: Color): Color => [
    r * a + r2 * (1 - a),
    g * a + g2 * (1 - a),
    b * a + b2 * (1 - a),
    1,
  ];
  const light = ([r, g, b]: Color): number => {
    const [x = 0, y = 0, z = 0] = [r, g, b]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element: PageElement | null): Color => {
    if (element === null) return [255, 255, 255, 1];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  const found: string[] = [];
  for (const element of document.querySelectorAll('body *')) {
    const hasText = [...element.childNodes].some(
      (node) => node.nodeType === 3 && (node.textContent ?? '').trim() !== '',
    );
    const box = element.getBoundingClientRect();
    if (!hasText || box.width <= 1 || box.height <= 1 || element.closest('noscript, script, style')) continue;
    const style = getComputedStyle(element);
    if (style.visibility === 'hidden') continue;
    const back = behind(element);
    const [bright, dark] = [light(over(parse(style.color), back)), light(back)].sort((a, b) => b - a);
    const contrast = ((bright ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
    if (contrast < CONTRAST_MIN)
      found.push(`${element.tagName} "${element.textContent?.slice(0, 40)}": ${contrast.toFixed(2)}`);
  }
  return found;
}

/** Runs in the page: what reaches beyond the right edge, when the page can be scrolled sideways. */
export function sidewaysOverflow(): string[] {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const wide = [...document.querySelectorAll('body *')].filter(
    (element) => element.getBoundingClientRect().right > clientWidth + 0.5,
  );
  return wide.map((element) => `${element.tagName} "${element.textContent?.slice(0, 40)}"`);
}

/** Runs in the page: the structural mistakes that screen readers stumble over. */
export function structureProblems(): string[] {
  const all = (selector: string): PageElement[] => [...document.querySelectorAll(selector)];
  const problems: string[] = [];
  if (document.documentElement.lang === '') problems.push('no language');
  for (const landmark of ['main', 'body header', 'footer', 'nav[aria-label]']) {
    if (all(landmark).length !== 1) problems.push(`${all(landmark).length} × ${landmark}`);
  }
  if (all('h1').length !== 1) problems.push(`${all('h1').length} × h1`);
  let before = 0;
  for (const heading of all('h1, h2, h3, h4, h5, h6')) {
    const level = Number(heading.tagName[1]);
    if (level > before + 1) problems.push(`h${before} is followed by h${level} "${heading.textContent}"`);
    before = level;
  }
  const ids = all('[id]').map((element) => element.id);
  for (const id of ids.filter((one, index) => ids.indexOf(one) !== index))
    problems.push(`two elements "${id}"`);
  for (const control of all('a, button, input, select, [role=progressbar]')) {
    const name = control.getAttribute('aria-label') ?? control.textContent ?? '';
    if (name.trim() === '' && (control.labels?.length ?? 0) === 0)
      problems.push(`a ${control.tagName} without a name`);
  }
  for (const image of all('svg:not([aria-hidden=true]), img:not([alt])'))
    problems.push(`${image.tagName} is not hidden`);
  for (const script of all('script:not([src])'))
    problems.push(`inline script ${script.textContent?.slice(0, 40)}`);
  return problems;
}
