import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cannotCreate } from './postgres-user.js';

describe('a machine where the user of PostgreSQL cannot be created', () => {
  it('without useradd: says so, and names ways that need none', () => {
    const result = spawnSync('useradd-that-is-not-there', { encoding: 'utf8' });
    const { code, message } = cannotCreate(result);
    expect(code).toBe('DATABASE_UNAVAILABLE');
    expect(message).toMatch(
      /has no "useradd"\. Create a system user "rollcall".*another user than root.*DATABASE_URL/,
    );
    expect(message).not.toContain('ENOENT');
  });

  it('where useradd refuses: repeats its words', () => {
    const result = spawnSync('sh', ['-c', 'echo "useradd: cannot lock /etc/passwd" >&2; exit 1'], {
      encoding: 'utf8',
    });
    expect(cannotCreate(result).message).toMatch(
      /useradd says: useradd: cannot lock \/etc\/passwd\. Create it with/,
    );
  });
});
