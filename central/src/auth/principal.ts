import type { RoleGrant } from './roles.js';

/** Who is asking, as proved by a token; rights are asked of `permissions.ts`, never of the fields here. */
export interface Principal {
  /** Null for a request that proved nothing and for the system itself. */
  accountId: string | null;
  login: string;
  displayName: string;
  grants: readonly RoleGrant[];
  studentId: string | null;
  facultyCode: string | null;
  guardianId: string | null;
  loginSessionId: string | null;
  /** Signed in with a password that an office gave: nothing but changing it is allowed. */
  mustChangePassword: boolean;
  /** When the request was proved: roles and what they reach are those of this instant. */
  asOfMs: number;
}

/** Nobody in particular: may do what is public, and nothing else. */
export const ANONYMOUS: Principal = {
  accountId: null,
  login: 'anonymous',
  displayName: 'Anonymous',
  grants: [],
  studentId: null,
  facultyCode: null,
  guardianId: null,
  loginSessionId: null,
  mustChangePassword: false,
  asOfMs: 0,
};
