import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';

describe('a second gateway on the same data directory', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start();
  });
  afterAll(() => campus?.stop());

  it('is refused with the process that has it and what to do, and the first goes on', async () => {
    const { gateway } = campus;
    const { code, stderr } = await gateway.command('run');
    expect(code).toBe(1);
    expect(stderr).toContain('STORE_LOCKED');
    expect(stderr).toContain(`process ${gateway.process.pid}`);
    expect(stderr).toContain(gateway.dataDir);
    expect(await campus.tapNewCard()).toBe('green');
    await expectGreensArePunches(campus);
  });

  it('is not refused because of one that was killed', async () => {
    await campus.gateway.kill();
    await campus.gateway.start();
    expect(await campus.tapNewCard()).toBe('green');
    await expectGreensArePunches(campus);
  });
});
