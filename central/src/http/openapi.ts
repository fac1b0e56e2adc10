import type { ErrorCode } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { IDEMPOTENCY_KEY, takesIdempotencyKey } from './idempotency.js';
import { PROBLEM_CONTENT_TYPE, problemSchema, statusOf } from './problem.js';
import type { Route, RouteContract } from './route.js';

export type OpenApiVersion = '3.0' | '3.1';

type Json = Record<string, unknown>;

/** The document of the whole interface, from the same contracts that requests are held to. */
export function openApiDocument(
  routes: readonly Route[],
  version: OpenApiVersion,
): Json & { openapi: string } {
  const paths: Record<string, Json> = {};
  for (const { contract } of routes) {
    const path = documentedPath(contract);
    const operations = paths[path] ?? {};
    paths[path] = operations;
    operations[contract.method] = operationOf(contract, version);
  }
  return {
    openapi: version === '3.1' ? '3.1.0' : '3.0.3',
    info: {
      title: 'Rollcall central',
      version: '1',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      description:
        'Campus attendance: evidence, marks and why they are what they are. Every path also works with a trailing slash.',
    },
    servers: [{ url: '/', description: 'This central' }],
    tags: tagsOf(routes),
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, version, 'output') },
      securitySchemes: {
        gateway: { type: 'http', scheme: 'basic', description: 'Gateway id and MQTT password' },
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'Access token, for scripts',
        },
        cookie: { type: 'apiKey', in: 'cookie', name: 'rollcall_access', description: 'For the pages' },
      },
    },
  };
}

function operationOf(contract: RouteContract, version: OpenApiVersion): Json {
  const { params, query, body, reply } = contract;
  const headers = { ...contract.headers, ...(takesIdempotencyKey(contract) ? IDEMPOTENCY_HEADER : {}) };
  const content =
    'schema' in reply
      ? { 'application/json': { schema: jsonSchema(reply.schema, version, 'output') } }
      : { [reply.contentType]: { schema: { type: 'string' } } };
  return {
    operationId: contract.operationId,
    tags: [contract.tag],
    summary: contract.summary,
    parameters: [
      ...parametersOf(params, 'path', version),
      ...parametersOf(query, 'query', version),
      ...Object.entries(headers).map(([name, description]) => ({
        name,
        in: 'header',
        required: false,
        description,
        schema: { type: 'string' },
      })),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: false,
            content: { 'application/json': { schema: jsonSchema(body, version, 'input') } },
          },
        }),
    security: securityOf(contract),
    responses: {
      [contract.status ?? 200]: { description: contract.summary, content },
      ...problemResponses(contract),
    },
  };
}

/** Of every write by somebody who is signed in. */
const IDEMPOTENCY_HEADER = {
  [IDEMPOTENCY_KEY]:
    'Makes the request safe to repeat for a day: the same key and request get the first answer again (with Idempotency-Replayed: true), and nothing is done twice',
} as const;

function securityOf({ access }: RouteContract): Json[] {
  if (access === 'public') return [];
  return access === 'gateway' ? [{ gateway: [] }] : [{ bearer: [] }, { cookie: [] }];
}

function parametersOf(
  schema: z.ZodObject | undefined,
  place: 'path' | 'query',
  version: OpenApiVersion,
): Json[] {
  if (schema === undefined) return [];
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...rest } = jsonSchema(field as z.ZodType, version, 'input');
    const isRequired = place === 'path' || !(field as z.ZodType).safeParse(undefined).success;
    return {
      name,
      in: place,
      required: isRequired,
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

/** Without the trailing slash, which linters take for a mistake; central answers with and without it. */
export const documentedPath = ({ path }: Pick<RouteContract, 'path'>): string =>
  path.replace(/(?<=.)\/$/, '');

/** In the order in which their first routes come. */
function tagsOf(routes: readonly Route[]): Json[] {
  const names = [...new Set(routes.map(({ contract }) => contract.tag))];
  return names.map((name) => ({ name, description: TAG_DESCRIPTIONS[name] ?? name }));
}

const TAG_DESCRIPTIONS: Readonly<Record<string, string>> = {
  'Sign-in': 'Access tokens of fifteen minutes, refresh tokens of a day; cookies for pages',
  'Class sessions': 'Classes as they are held: their life from scheduled to locked',
  'Changes of class sessions': 'Rooms, substitutes, swaps, makeups, guests, head counts',
  'Attendance records': 'Marks, and why each is what it is',
  'Marking by hand': 'What people decide about marks, one by one, in bulk, from phones and files',
  Leave: 'Applications, who decides them, and letters for many at once',
  Corrections: 'Requests for another mark, and who decides them',
  Reports: 'Who may sit the examination, and who is short',
  Exceptions: 'What a person has to look at, and the answers',
  Notifications: 'What you were told on the page',
  'QR codes': 'The code on the screen and its scan',
  Evidence: 'Punches as they reached central',
  Calendar: 'Holidays, special days, generation',
  Timetable: 'Weekly slots and their versions',
  Masters: 'Places, programmes, courses, groups: what everything else names',
  People: 'Students, faculty, guardians, rosters',
  'Consent and templates': 'What was consented to, and what is known of enrolled fingers',
  Accounts: 'Who signs in, with which roles, from when until when',
  Choices: 'Lists to choose from',
  'Gateways and devices': 'What captures, and how it is',
  Audit: 'Who changed what, sealed against later changes',
  Operations: 'Health, metrics, jobs, this document',
};

/** What any route behind this access can refuse before it looks at the request; a foreign page or name is refused everywhere. */
function accessErrors({ access, method, beforePasswordChange }: RouteContract): ErrorCode[] {
  if (access === 'public') return ['FORBIDDEN', 'TOO_MANY_REQUESTS'];
  if (access === 'gateway') return ['FORBIDDEN', 'UNAUTHENTICATED'];
  return [
    'TOKEN_MISSING',
    'TOKEN_EXPIRED',
    'TOKEN_INVALID',
    'FORBIDDEN',
    'TOO_MANY_REQUESTS',
    ...(method === 'get' ? [] : (['CSRF_MISSING'] as const)),
    ...(beforePasswordChange === true ? [] : (['PASSWORD_CHANGE_NEEDED'] as const)),
  ];
}

const IDEMPOTENCY_ERRORS = ['IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_FLIGHT', 'ANSWER_LOST'] as const;

/** One entry per status with the codes it can carry; any route can refuse a request or fail. */
function problemResponses(contract: RouteContract): Json {
  const { errors = [], body } = contract;
  const codesOf = new Map<number, string[]>();
  for (const code of [
    'REQUEST_INVALID',
    ...(body === undefined ? [] : (['BODY_TOO_LARGE'] as const)),
    ...accessErrors(contract),
    ...(takesIdempotencyKey(contract) ? IDEMPOTENCY_ERRORS : []),
    ...errors,
    'CONCURRENT_CHANGE',
    'DATABASE_LOST',
    'INTERNAL',
  ] as const) {
    const status = statusOf(code);
    codesOf.set(status, [...new Set([...(codesOf.get(status) ?? []), code])]);
  }
  const entries = [...codesOf].map(([status, codes]) => [
    status,
    {
      description: codes.join(', '),
      content: { [PROBLEM_CONTENT_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]);
  return Object.fromEntries(entries) as Json;
}

function jsonSchema(schema: z.ZodType, version: OpenApiVersion, io: 'input' | 'output'): Json {
  const target = version === '3.1' ? 'draft-2020-12' : 'openapi-3.0';
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target,
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: node }) => {
      // OpenAPI 3.0 knows Base64 by the name `byte` only.
      if (version === '3.0' && node.contentEncoding === 'base64') {
        delete node.contentEncoding;
        node.format = 'byte';
      }
    },
  });
  return rest as Json;
}
