import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus, classIsOpen } from '../support/campus.js';
import { until } from '../support/until.js';

interface Item {
  code: string;
  message: string;
  gateway_id: string | null;
  detail: Record<string, unknown>;
}

describe('a silicone finger on a sensor that notices', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start();
    await classIsOpen(campus);
  });
  afterAll(() => campus?.stop());

  it('case 117: is refused with a red light, kept as an event, put before a person, and marks nobody', async () => {
    const reader = campus.reader('line-r101');
    const fake = reader.device.firmware.commands?.find(({ usage }) => usage === 'fake-finger');
    const light = await reader.lightAfter(() => {
      fake?.run([]);
      return () => undefined;
    });
    expect(light).toBe('red');
    await campus.drained();
    const [item, ...others] = await until('it is listed', async () => {
      const { results } = await campus.central.get<{ results: Item[] }>(
        'exception-items/?code=FINGER_NOT_LIVE&open=true',
      );
      return results.length > 0 ? results : undefined;
    });
    expect(others).toEqual([]);
    expect(item?.message).toContain('line-r101');
    expect(item?.gateway_id).toBe('gw-block-a');
    expect(await campus.database.count('gateway_event', "type = 'finger_refused'")).toBe(1);
    expect(await campus.database.count('punch', 'true')).toBe(0);
    expect((await campus.database.marks()).filter(({ mark }) => mark !== 'pending')).toEqual([]);
  });
});
