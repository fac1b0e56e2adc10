import { expect, it } from 'vitest';
import { DriverBench } from './driver.fixture.js';
import { driver } from './hid-pos.js';

function scanned(text: string): Uint8Array {
  const report = new Uint8Array(64);
  report.set([0x02, text.length, ...Buffer.from(`]C0${text}`)]);
  return report;
}

it('tells a Honeywell to send reports, and nobody else anything', async () => {
  const honeywell = new DriverBench(driver, { enable: 'honeywell' });
  await honeywell.session.probe?.();
  expect(honeywell.written).toEqual(['\u00fe\u0001']);
  const other = new DriverBench(driver);
  await other.session.probe?.();
  expect(other.written).toEqual([]);
});

it('drops a report right after opening, which can be the end of a long code', () => {
  const bench = new DriverBench(driver);
  bench.feed(scanned('0006572982'));
  expect(bench.cards).toEqual([]);
  bench.settle();
  bench.feed(scanned('0006572982'));
  expect(bench.cards).toEqual(['number32:00644BB6']);
});
