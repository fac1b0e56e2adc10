import type { Clock } from '@rollcall/protocol/clock';
import type { ErrorCode } from '@rollcall/protocol/errors';
import type { Request, Response } from 'express';
import type * as z from 'zod';
import type { AuditKeys } from '../audit/audit-keys.js';
import type { Auth } from '../auth/auth.js';
import type { Permission } from '../auth/permissions.js';
import type { Principal } from '../auth/principal.js';
import type { Capture } from '../capture/capture.js';
import type { Database } from '../db/database.js';
import type { CommandSender } from '../devices/commands.js';
import type { ExportFiles } from '../exports/export-files.js';
import type { Log } from '../log.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Idempotency } from './idempotency.js';
import type { LiveFeed } from './live-feed.js';
import type { RateLimits } from './rate-limits.js';
import type { Refusals } from './refusals.js';
import type { RateClass } from './role-budgets.js';

export interface HttpContext {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  log: Log;
  live: LiveFeed;
  metrics: Metrics;
  auth: Auth;
  rates: RateLimits;
  refusals: Refusals;
  /** Metrics are for the machine that watches, not for whoever reaches the port. */
  mayReadMetrics(address: string): boolean;
  idempotency: Idempotency;
  capture: Capture;
  auditKeys: AuditKeys;
  /** To gateways. */
  commands: CommandSender;
  /** Keyed hash of one value of a card, as gateways send it. */
  cardHmac: (value: string) => string;
  /** Where exports lie; undefined: not on this machine. */
  files?: ExportFiles | undefined;
  /** What has to work before traffic may come, by name. */
  checks: Readonly<Record<string, () => Promise<boolean> | boolean>>;
}

/**
 * Who may call a route at all; which rows it then shows or changes is asked of the principal's reach.
 *
 * `public`: everybody. `gateway`: a gateway's own login. `signed_in`: any account. Otherwise a permission.
 */
export type Access = 'public' | 'gateway' | 'signed_in' | Permission;

/** What the document says about a route, and what its requests are held to. */
export interface RouteContract {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** OpenAPI form: `/api/v1/attendance/sessions/{id}/`. */
  path: string;
  operationId: string;
  tag: string;
  summary: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodObject;
  /** Where it may be larger than usual: a document goes with it. */
  bodyBytesMax?: number;
  /** Request headers that mean something, with their description. */
  headers?: Readonly<Record<string, string>>;
  access: Access;
  /** Also for who still has the password that an office gave; everything else is refused until it is changed. */
  beforePasswordChange?: true;
  rate?: RateClass;
  /** Of success; 200 unless the route says otherwise. */
  status?: 200 | 201 | 202;
  /** JSON with this shape, or another media type. */
  reply: { schema: z.ZodType } | { contentType: string };
  /** Beside REQUEST_INVALID and INTERNAL, which any route can answer. */
  errors?: readonly ErrorCode[];
}

export interface RouteInput<C extends RouteContract> {
  params: C['params'] extends z.ZodObject ? z.output<C['params']> : Record<string, never>;
  query: C['query'] extends z.ZodObject ? z.output<C['query']> : Record<string, never>;
  body: C['body'] extends z.ZodObject ? z.output<C['body']> : undefined;
  principal: Principal;
  /** The gateway whose login came with the request, where the access is `gateway`. */
  gatewayId: C['access'] extends 'gateway' ? string : undefined;
  request: Request;
  /** For routes that answer by themselves: streams and files. */
  response: Response;
}

export interface JsonReply<Body> {
  body: Body;
  status?: number;
  headers?: Readonly<Record<string, string>>;
  /** Also to who has the ETag already: it names the version that may be changed, and the answer holds more than that. */
  isAlwaysSent?: true;
}

type ReplyOf<C extends RouteContract> = C['reply'] extends { schema: infer S extends z.ZodType }
  ? JsonReply<z.output<S>>
  : undefined;

export interface Route {
  contract: RouteContract;
  handle(input: RouteInput<RouteContract>, context: HttpContext): Promise<JsonReply<unknown> | undefined>;
}

/** Ties a contract to what answers it; the types of both have to agree. */
export function defineRoute<const C extends RouteContract>(
  contract: C,
  handle: (input: RouteInput<C>, context: HttpContext) => Promise<ReplyOf<C>>,
): Route {
  return { contract, handle: handle as unknown as Route['handle'] };
}
