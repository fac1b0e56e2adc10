// What a search looks at first. Fingers are laid out as gateway/src/biometrics/gallery/finger-code.ts says, and the
// contracts are those of kernels/plain-search.ts; everything is whole numbers.

const CODES_MAX: usize = 40;
const CODE_BYTES: usize = 40;
const PLACES_AT: usize = 4;
const ONES_AT: usize = PLACES_AT + CODES_MAX * 4;
const BITS_AT: usize = ONES_AT + CODES_MAX * 4;
const SIDE_BYTES: usize = 2 * CODES_MAX * 4 + CODES_MAX * CODE_BYTES;
const FINGER_BYTES: usize = 4 + 2 * SIDE_BYTES;

const PAIRS: i32 = 12;
const LENGTH_OFF_MAX: i32 = 15;
const TURN_OFF_MAX: i32 = 24;
const TANGENTS: i32 = 1024;
const TURN: i32 = 65536;

// Tables that the other side writes.
const likenessTable = memory.data(641 * 4, 16);
const lengthFits = memory.data(16 * 4, 16);
const turnFits = memory.data(25 * 4, 16);
const eighths = memory.data(1025 * 4, 16);

const bins = memory.data(256 * 4, 16);
const likenesses = memory.data(1600, 16);
const pairA = memory.data(160, 16);
const pairB = memory.data(160, 16);
const alike = memory.data(160, 16);
const support = memory.data(160, 16);

export function likenessTableAt(): usize {
  return likenessTable;
}
export function lengthFitsAt(): usize {
  return lengthFits;
}
export function turnFitsAt(): usize {
  return turnFits;
}
export function eighthsAt(): usize {
  return eighths;
}

/** Scores of `count` fingers in a row. */
export function codeScores(probe: usize, fingers: usize, count: i32, out: usize): void {
  for (let at = 0; at < count; at++) {
    store<i32>(out, codeScore(probe, fingers));
    fingers += FINGER_BYTES;
    out += 4;
  }
}

/** Scores of the fingers whose numbers are in `list`. */
export function supportScores(probe: usize, fingers: usize, list: usize, count: i32, out: usize): void {
  for (let at = 0; at < count; at++) {
    store<i32>(out, supportScore(probe, fingers + <usize>load<i32>(list) * FINGER_BYTES));
    list += 4;
    out += 4;
  }
}

function countOf(finger: usize, side: i32): i32 {
  return <i32>load<u16>(finger + 2 * <usize>side);
}

function codeScore(probe: usize, finger: usize): i32 {
  let score = 0;
  for (let side = 0; side < 2; side++) {
    const a = probe + <usize>side * SIDE_BYTES;
    const b = finger + <usize>side * SIDE_BYTES;
    const countA = countOf(probe, side);
    const countB = countOf(finger, side);
    memory.fill(bins, 0, 1024);
    for (let one: usize = 0; one < <usize>countA; one++) {
      const bin = bins + ((<usize>mostAlike(a, one, b, countB)) << 2);
      store<i32>(bin, load<i32>(bin) + 1);
    }
    score += sumOfMost();
  }
  return score;
}

function mostAlike(a: usize, one: usize, b: usize, countB: i32): i32 {
  const place = load<i32>(a + (one << 2), PLACES_AT) + 64;
  const ones = load<i32>(a + (one << 2), ONES_AT);
  const code = a + BITS_AT + one * CODE_BYTES;
  const c0 = load<u64>(code);
  const c1 = load<u64>(code, 8);
  const c2 = load<u64>(code, 16);
  const c3 = load<u64>(code, 24);
  const c4 = load<u64>(code, 32);
  let most = 0;
  let other = b;
  let codeB = b + BITS_AT;
  for (let at = 0; at < countB; at++) {
    if (((place - load<i32>(other, PLACES_AT)) & 255) <= 128) {
      const common = <i32>(
        (popcnt(c0 & load<u64>(codeB)) +
          popcnt(c1 & load<u64>(codeB, 8)) +
          popcnt(c2 & load<u64>(codeB, 16)) +
          popcnt(c3 & load<u64>(codeB, 24)) +
          popcnt(c4 & load<u64>(codeB, 32)))
      );
      const total = ones + load<i32>(other, ONES_AT);
      const likeness = (common * load<i32>(likenessTable + ((<usize>total) << 2))) >> 16;
      most = max(most, likeness);
    }
    other += 4;
    codeB += CODE_BYTES;
  }
  return most;
}

function sumOfMost(): i32 {
  let left = PAIRS;
  let sum = 0;
  for (let value = 255; value > 0 && left > 0; value--) {
    const taken = min(left, load<i32>(bins + ((<usize>value) << 2)));
    sum += taken * value;
    left -= taken;
  }
  return sum;
}

function likenessOf(a: usize, one: usize, b: usize, other: usize): i32 {
  const turn = load<i32>(a + (one << 2), PLACES_AT) - load<i32>(b + (other << 2), PLACES_AT) + 64;
  if ((turn & 255) > 128) return 0;
  const codeA = a + BITS_AT + one * CODE_BYTES;
  const codeB = b + BITS_AT + other * CODE_BYTES;
  let common: i64 = 0;
  for (let at: usize = 0; at < CODE_BYTES; at += 8) {
    common += popcnt(load<i64>(codeA + at) & load<i64>(codeB + at));
  }
  const total = load<i32>(a + (one << 2), ONES_AT) + load<i32>(b + (other << 2), ONES_AT);
  return (<i32>common * load<i32>(likenessTable + ((<usize>total) << 2))) >> 16;
}

function supportScore(probe: usize, finger: usize): i32 {
  let score = 0;
  for (let side = 0; side < 2; side++) {
    const a = probe + <usize>side * SIDE_BYTES;
    const b = finger + <usize>side * SIDE_BYTES;
    const count = likestPairs(a, b, countOf(probe, side), countOf(finger, side));
    addSupport(a, b, count);
    score += bestSupported(count);
  }
  return score;
}

function likestPairs(a: usize, b: usize, countA: i32, countB: i32): i32 {
  memory.fill(bins, 0, 1024);
  for (let one = 0; one < countA; one++) {
    for (let other = 0; other < countB; other++) {
      const likeness = likenessOf(a, <usize>one, b, <usize>other);
      store<u8>(likenesses + <usize>one * CODES_MAX + <usize>other, likeness);
      const bin = bins + ((<usize>likeness) << 2);
      store<i32>(bin, load<i32>(bin) + 1);
    }
  }
  const wanted = min(countA, countB);
  let floor = 255;
  let above = 0;
  while (floor > 1 && above + load<i32>(bins + ((<usize>floor) << 2)) < wanted) {
    above += load<i32>(bins + ((<usize>floor) << 2));
    floor--;
  }
  let atFloor = wanted - above;
  let count = 0;
  for (let one = 0; one < countA; one++) {
    for (let other = 0; other < countB; other++) {
      const likeness = <i32>load<u8>(likenesses + <usize>one * CODES_MAX + <usize>other);
      if (likeness < floor) continue;
      if (likeness === floor) {
        if (atFloor === 0) continue;
        atFloor--;
      }
      const place = (<usize>count) << 2;
      store<i32>(pairA + place, one);
      store<i32>(pairB + place, other);
      store<i32>(alike + place, likeness);
      count++;
    }
  }
  return count;
}

function placeOf(side: usize, pairs: usize, at: usize): i32 {
  return load<i32>(side + ((<usize>load<i32>(pairs + at)) << 2), PLACES_AT);
}

function addSupport(a: usize, b: usize, count: i32): void {
  memory.fill(support, 0, 160);
  const end = (<usize>count) << 2;
  for (let one: usize = 0; one < end; one += 4) {
    const placeA = placeOf(a, pairA, one);
    const placeB = placeOf(b, pairB, one);
    for (let other = one + 4; other < end; other += 4) {
      const fits = fit(placeA, placeOf(a, pairA, other), placeB, placeOf(b, pairB, other));
      if (fits === 0) continue;
      store<i32>(support + one, load<i32>(support + one) + ((fits * load<i32>(alike + other)) >> 8));
      store<i32>(support + other, load<i32>(support + other) + ((fits * load<i32>(alike + one)) >> 8));
    }
  }
}

function fit(a: i32, toA: i32, b: i32, toB: i32): i32 {
  const turnOff = shortest(a - toA - (b - toB));
  if (turnOff > TURN_OFF_MAX) return 0;
  const ax = <i32>((<u32>toA >> 20) - (<u32>a >> 20));
  const ay = ((a >> 8) & 0xfff) - ((toA >> 8) & 0xfff);
  const bx = <i32>((<u32>toB >> 20) - (<u32>b >> 20));
  const by = ((b >> 8) & 0xfff) - ((toB >> 8) & 0xfff);
  const lengthOff = abs(rootOf(ax * ax + ay * ay) - rootOf(bx * bx + by * by));
  if (lengthOff > LENGTH_OFF_MAX) return 0;
  const bearingOff = shortest(a - ((turnOf(ax, ay) + 128) >> 8) - (b - ((turnOf(bx, by) + 128) >> 8)));
  if (bearingOff > TURN_OFF_MAX) return 0;
  return (
    (load<i32>(lengthFits + ((<usize>lengthOff) << 2)) *
      load<i32>(turnFits + ((<usize>turnOff) << 2)) *
      load<i32>(turnFits + ((<usize>bearingOff) << 2))) >>
    8
  );
}

function rootOf(value: i32): i32 {
  return <i32>Math.sqrt(<f64>value);
}

function shortest(difference: i32): i32 {
  const steps = difference & 255;
  return steps > 128 ? 256 - steps : steps;
}

/** field/turns.ts, for whole numbers. */
function turnOf(cos: i32, sin: i32): i32 {
  const across = abs(cos);
  const up = abs(sin);
  if (across + up === 0) return 0;
  let turn: i32;
  if (across >= up) turn = eighth(up, across);
  else turn = TURN / 4 - eighth(across, up);
  if (cos < 0) turn = TURN / 2 - turn;
  if (sin < 0) turn = -turn;
  return turn & (TURN - 1);
}

function eighth(small: i32, large: i32): i32 {
  const step = <usize>Math.floor(<f64>(TANGENTS * small) / <f64>large + 0.5);
  return load<i32>(eighths + (step << 2));
}

function bestSupported(count: i32): i32 {
  let sum = 0;
  for (let taken = 0; taken < PAIRS; taken++) {
    let most = 0;
    let at: usize = 0;
    for (let pair = 0; pair < count; pair++) {
      const value = load<i32>(support + ((<usize>pair) << 2));
      if (value > most) {
        most = value;
        at = (<usize>pair) << 2;
      }
    }
    if (most === 0) break;
    sum += most;
    const partnerA = load<i32>(pairA + at);
    const partnerB = load<i32>(pairB + at);
    for (let pair: usize = 0; pair < (<usize>count) << 2; pair += 4) {
      if (load<i32>(pairA + pair) === partnerA || load<i32>(pairB + pair) === partnerB)
        store<i32>(support + pair, 0);
    }
  }
  return sum;
}
