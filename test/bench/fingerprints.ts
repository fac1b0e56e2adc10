import { growFinger } from '@rollcall/firmware-sim/fingers/finger';
import { impressionOf } from '@rollcall/firmware-sim/fingers/impression';
import { extract, type Template } from '@rollcall/gateway/biometrics/extract/extract';
import type { MinutiaType } from '@rollcall/gateway/biometrics/extract/minutiae';
import { EMPTY_GRID } from '@rollcall/gateway/biometrics/field/orientation-grid';
import { fingerCode } from '@rollcall/gateway/biometrics/gallery/finger-code';
import { type Ranked, searchPlan } from '@rollcall/gateway/biometrics/gallery/search-plan';
import { Shard } from '@rollcall/gateway/biometrics/gallery/shard';
import type { GreyImage } from '@rollcall/gateway/biometrics/image/grey-image';
import type { Kernels } from '@rollcall/gateway/biometrics/kernels/kernels';
import { plainKernels } from '@rollcall/gateway/biometrics/kernels/plain-kernels';
import { PlainSearch } from '@rollcall/gateway/biometrics/kernels/plain-search';
import { prepare } from '@rollcall/gateway/biometrics/match/compare';
import { loadKernels, loadSearch } from '@rollcall/gateway/biometrics/node/load-kernels';
import { encodeTemplate } from '@rollcall/gateway/biometrics/template/record';
import { heapMib, type Measured, round } from './measured.js';

/** The image of a desktop scanner, px. */
const WIDTH = 280;
const HEIGHT = 360;
const IMAGES = 12;
const SEED = 20;
const ROUNDS = 5;
/** Templates whose codes are made; larger galleries hold them again under other names, which costs a search the same. */
const DIFFERENT = 1_000;
const SIZES = [1_000, 15_000, 20_000] as const;
const SEARCHES = 12;
const CODE_ROUNDS_PLAIN = 2;
/** What the fingers of fcj2020 have on average. */
const MINUTIAE = 39;
const BYTES_PER_MIB = 1024 * 1024;

interface Enrollment {
  record: Uint8Array;
  code: Int32Array;
}

/** CPU time of this process: one thread, and the machine's other work is not in it. */
function cpuMs(work: () => void): number {
  const started = process.cpuUsage();
  work();
  const used = process.cpuUsage(started);
  return (used.user + used.system) / 1000;
}

/** Extraction and search, in WebAssembly as the gateway does it and with the same loops in plain TypeScript. */
export async function measureFingerprints(): Promise<Measured> {
  const extraction = measureExtraction();
  const enrolled = Array.from({ length: DIFFERENT }, (_, at) => enroll(at));
  const kernels = loadSearch();
  const shard = new Shard(kernels);
  const before = residentBytes();
  const searchMs: number[] = [];
  let residentPerTemplate = 0;
  let codesMs = 0;
  for (const size of SIZES) {
    fill(shard, enrolled, size);
    if (size === 15_000) {
      residentPerTemplate = (residentBytes() - before) / size;
      codesMs = cpuMs(() => void kernels.codeScores(size));
    }
    searchMs.push(searchCost(shard, enrolled));
  }
  const [small = 0, asked = 0, large = 0] = searchMs;
  const plainCodesMs = plainCodes(enrolled) * 15;
  return {
    figures: {
      'extraction of 280 × 360 px, both front ends, CPU ms': round(extraction.wasm),
      'extraction / the same in plain TypeScript': round(extraction.wasm / extraction.plain),
      'search among 15,000 templates, CPU ms': round(asked),
      'first round of a search / the same in plain TypeScript': round(codesMs / plainCodesMs),
      'memory per template, kB': round(residentPerTemplate / 1000),
      'cost of a search per template, 20,000 / 1,000': round(large / SIZES[2] / (small / SIZES[0])),
    },
    raw: {
      'extraction in plain TypeScript, CPU ms': round(extraction.plain),
      'search among 1,000 templates, CPU ms': round(small),
      'search among 20,000 templates, CPU ms': round(large),
      'first round of a search among 15,000, CPU ms': round(codesMs),
      'the same in plain TypeScript (1,000, times 15), CPU ms': round(plainCodesMs),
    },
  };
}

function measureExtraction(): { wasm: number; plain: number } {
  const images = Array.from({ length: IMAGES }, (_, at) => syntheticPrint(at + 1));
  const kernels = { wasm: loadKernels(), plain: plainKernels };
  const once = (which: Kernels): number =>
    cpuMs(() => {
      for (const image of images) extract(image, which);
    });
  // Turns, so that what else the machine does meets both; the first turn warms up.
  const turns = Array.from({ length: ROUNDS + 1 }, () => ({
    wasm: once(kernels.wasm),
    plain: once(kernels.plain),
  }));
  const mean = (which: 'wasm' | 'plain'): number =>
    turns.slice(1).reduce((sum, turn) => sum + turn[which], 0) / (ROUNDS * IMAGES);
  return { wasm: mean('wasm'), plain: mean('plain') };
}

function fill(shard: Shard, enrolled: readonly Enrollment[], size: number): void {
  for (let at = shard.size; at < size; at += 1) {
    const { record, code } = enrolled[at % enrolled.length] as Enrollment;
    shard.store({ id: `template-${at}`, finger: `finger-${at}`, record, code });
  }
}

function searchCost(shard: Shard, enrolled: readonly Enrollment[]): number {
  const search = (at: number): void => {
    shard.begin((enrolled[at] as Enrollment).record);
    const plan = searchPlan({ templates: shard.size, fingers: shard.size });
    let answers: Ranked[][] = [];
    for (let step = plan.next(answers); step.done !== true; step = plan.next(answers)) {
      answers = [shard.answer(step.value)];
    }
  };
  search(0);
  return (
    cpuMs(() => {
      for (let at = 0; at < SEARCHES; at += 1) search(at * 7);
    }) / SEARCHES
  );
}

function plainCodes(enrolled: readonly Enrollment[]): number {
  const plain = new PlainSearch();
  plain.reserve(enrolled.length + 1);
  plain.finger(0).set((enrolled[0] as Enrollment).code);
  for (const [at, { code }] of enrolled.entries()) plain.finger(at + 1).set(code);
  plain.codeScores(enrolled.length);
  return (
    cpuMs(() => {
      for (let turn = 0; turn < CODE_ROUNDS_PLAIN; turn += 1) plain.codeScores(enrolled.length);
    }) / CODE_ROUNDS_PLAIN
  );
}

/** The heap after a collection, and what lies outside of it: the memory of WebAssembly and the records. */
function residentBytes(): number {
  return heapMib() * BYTES_PER_MIB + process.memoryUsage().external;
}

function enroll(seed: number): Enrollment {
  const template = randomTemplate(seed);
  return { record: encodeTemplate(template), code: fingerCode(template, prepare(template)) };
}

/** Minutiae thrown at random: nobody's finger, but as many and as much work. */
function randomTemplate(seed: number): Template {
  const random = seeded(seed);
  const side = () =>
    Array.from({ length: MINUTIAE }, () => ({
      x: Math.floor(20 + (WIDTH - 40) * random()),
      y: Math.floor(20 + (HEIGHT - 40) * random()),
      angle: Math.floor(256 * random()),
      type: (1 + Math.floor(2 * random())) as MinutiaType,
      quality: 60,
    }));
  return { width: WIDTH, height: HEIGHT, quality: 60, skeleton: side(), phase: side(), grid: EMPTY_GRID };
}

/** One impression of a finger of the simulator, whole enough to be worth extracting. */
function syntheticPrint(number: number): GreyImage {
  const sensor = { width: WIDTH, height: HEIGHT, dpi: 500 };
  return impressionOf(growFinger(SEED, number), { seed: SEED, number, impression: 1 }, sensor);
}

function seeded(seed: number): () => number {
  let state = ((seed * 16807 * 40_692) % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
