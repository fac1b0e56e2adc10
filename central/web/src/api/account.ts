import { queryOptions, useQuery } from '@tanstack/react-query';
import { sendJson } from './client.js';
import { KEYS } from './keys.js';
import { ApiProblem } from './problem.js';

export const AUTH_ROOT = '/api/v1/auth/';

/** Who is signed in, as central says it; rights are only what the page shows, central checks every request. */
export interface Account {
  id: string;
  login: string;
  display_name: string;
  student: { id: string; roll_number: string } | null;
  faculty_code: string | null;
  roles: { role: string; department_id: string | null; section_id: string | null }[];
  permissions: string[];
  must_change_password: boolean;
}

export interface Credentials {
  login: string;
  password: string;
}

export function accountQuery() {
  return queryOptions({
    queryKey: KEYS.account,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<Account | null> => {
      try {
        return (await sendJson<{ account: Account }>('GET', `${AUTH_ROOT}me/`, { signal })).account;
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 401) return null;
        throw error;
      }
    },
  });
}

export async function signIn(credentials: Credentials): Promise<Account> {
  const { account } = await sendJson<{ account: Account }>('POST', `${AUTH_ROOT}login/`, {
    body: credentials,
  });
  return account;
}

export async function signOut(): Promise<void> {
  await sendJson('POST', `${AUTH_ROOT}logout/`, { body: {} });
}

export async function changePassword(current: string, next: string): Promise<void> {
  await sendJson('POST', `${AUTH_ROOT}change-password/`, {
    body: { current_password: current, new_password: next },
  });
}

export function useAccount(): Account | null | undefined {
  return useQuery(accountQuery()).data;
}

/** Whether the page offers something; what is offered and not allowed would only be refused by central. */
export function useMay(permission: string): boolean {
  return useAccount()?.permissions.includes(permission) ?? false;
}
