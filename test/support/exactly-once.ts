import { expect } from 'vitest';
import type { Campus } from './campus.js';

/**
 * The main check of every fault: the multiset of punches in PostgreSQL is the multiset of green lights. Green
 * is what the simulated devices counted from bytes on their ptys.
 *
 * A gateway that was killed between the commit and the light has kept a punch whose light nobody saw: the
 * person taps again, and that one is green. Only such cards may have a punch more than green lights, and only
 * one for each time they stayed dark.
 */
export async function expectGreensArePunches(campus: Campus): Promise<void> {
  await campus.drained();
  const lit = campus.cardsThatSaw('green');
  expect(campus.greens, 'green lights counted on the wire').toBe(lit.length);
  const punched = await campus.punchedCards();
  expect(without(lit, punched), 'green lights without a punch').toEqual([]);
  const inTheDark = without(punched, lit);
  expect(without(inTheDark, campus.cardsThatSaw('dark')), 'punches without a green light').toEqual([]);
  const punches = await campus.database.punches();
  expect(new Set(punches.map((punch) => punch.punchId)).size, 'distinct punch ids').toBe(punches.length);
  for (const gateway of campus.gateways) {
    const { head } = gateway.outbox();
    // One unbroken range and nothing beside it: nothing is missing, and nothing came that was never written.
    expect(await campus.database.settled(gateway.id)).toContain(`{[1,${head + 1})}`);
  }
}

/** The items of the first multiset that the second does not have. */
export function without(items: readonly string[], taken: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const item of taken) left.set(item, (left.get(item) ?? 0) + 1);
  return items.filter((item) => {
    const count = left.get(item) ?? 0;
    left.set(item, count - 1);
    return count <= 0;
  });
}
