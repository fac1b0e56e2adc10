import * as z from 'zod';
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
    const operations = paths[contract.path] ?? {};
    paths[contract.path] = operations;
    operations[contract.method] = operationOf(contract, version);
  }
  return {
    openapi: version === '3.1' ? '3.1.0' : '3.0.3',
    info: {
      title: 'Rollcall central',
      version: '1',
      description:
        'Campus attendance: evidence, marks and why they are what they are. Every path also works without its trailing slash.',
    },
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
  const { params, query, headers = {}, body, reply } = contract;
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

/** One entry per status with the codes it can carry; any route can refuse a request or fail. */
function problemResponses({ errors = [] }: RouteContract): Json {
  const codesOf = new Map<number, string[]>();
  for (const code of ['REQUEST_INVALID', ...errors, 'DATABASE_LOST', 'INTERNAL'] as const) {
    const status = statusOf(code);
    codesOf.set(status, [...(codesOf.get(status) ?? []), code]);
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
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target, io, unrepresentable: 'any' });
  return rest as Json;
}
