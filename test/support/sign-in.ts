import { ADMIN } from './seed-file.js';

/** Tokens by address: a sign-in costs what a password hash costs. */
const tokens = new Map<string, { token: string; expiresMs: number }>();

/** The headers of the admin of the test campus, or of somebody else who is known there. */
export async function signIn(
  url: string,
  { login, password }: { login: string; password: string } = ADMIN,
): Promise<{ authorization: string }> {
  const key = `${url} ${login}`;
  const known = tokens.get(key);
  if (known !== undefined && known.expiresMs > Date.now()) return { authorization: `Bearer ${known.token}` };
  const response = await fetch(`${url}/api/v1/auth/login/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password, cookies: false }),
  });
  if (!response.ok) throw new Error(`signing in answered ${response.status}: ${await response.text()}`);
  const { access_token: token, expires_at: expires } = (await response.json()) as Record<string, string>;
  tokens.set(key, { token: token ?? '', expiresMs: Date.parse(expires ?? '') - 60_000 });
  return { authorization: `Bearer ${token}` };
}
