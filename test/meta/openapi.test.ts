import { createConfig, lintFromString } from '@redocly/openapi-core';
import { openApiDocument } from '@rollcall/central/http/openapi';
import { ROUTES } from '@rollcall/central/http/routes';
import openapiTS, { astToString } from 'openapi-typescript';
import { describe, expect, it } from 'vitest';

/** Of the linter's recommended rules, these are about taste or about a site on the internet. */
const RULES = {
  // Answers of 2xx and 4xx are there; health answers have no 4xx to document but the general ones.
  'operation-4xx-response': 'warn',
  'no-server-example.com': 'error',
} as const;

describe('the OpenAPI document', () => {
  it.each(['3.1', '3.0'] as const)('%s passes a public linter without an error', async (version) => {
    const config = await createConfig({ extends: ['recommended'], rules: RULES });
    const problems = await lintFromString({
      source: JSON.stringify(openApiDocument(ROUTES, version)),
      config,
    });
    const errors = problems
      .filter(({ severity }) => severity === 'error')
      .map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`);
    expect(errors).toEqual([]);
  });

  it('names every operation once', () => {
    const ids = ROUTES.map(({ contract }) => contract.operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('gives a client its types', async () => {
    const ast = await openapiTS(JSON.stringify(openApiDocument(ROUTES, '3.1')));
    const types = astToString(ast);
    for (const name of ['listSessions', 'scanQr', 'bulkMark', 'login']) expect(types).toContain(name);
  });
});
