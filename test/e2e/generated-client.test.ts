import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hashPassword } from '@rollcall/central/auth/password';
import { TestServer } from '@rollcall/central/http/test-server';
import { rollNumber } from '@rollcall/central/seed/test-campus';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/root.js';
import { driveSeedEndpoints, type SeedCampus } from './client/seed-endpoints.js';
import { driveOfficeEndpoints } from './client/seed-endpoints-of-the-office.js';

const CLIENT = join(ROOT, 'test/e2e/client');
const SCHEMA = join(CLIENT, 'schema.ts');
const CHECK_TIMEOUT_MS = 120_000;

const PASSWORD = 'a long and quiet evening';

let server: TestServer;
let types: string;
let campus: SeedCampus;

beforeAll(async () => {
  server = await TestServer.start();
  const document = await (await fetch(server.url('/api/schema/'))).json();
  types = astToString(await openapiTS(JSON.stringify(document)));
  server.clock.stepWall(Date.parse('2026-07-07T14:02:00+05:30') - server.clock.wallMs());
  campus = {
    url: server.url(''),
    faculty: await makeAccount('teacher', 'faculty', { faculty_code: 'F001' }),
    student: await makeAccount('pupil', 'student', { student_id: await studentId(rollNumber(0)) }),
    rollNumber: rollNumber(1),
    date: '2026-07-07',
  };
});
afterAll(() => server?.stop());

const studentId = async (roll: string): Promise<string> =>
  (await server.db.knex('student').where({ roll_number: roll }).first('id')).id;

async function makeAccount(login: string, role: string, who: object): Promise<SeedCampus['faculty']> {
  const { knex } = server.db;
  const [account] = await knex('account')
    .insert({ login, display_name: login, password_hash: await hashPassword(PASSWORD), ...who })
    .returning('id');
  await knex('account_role').insert({ account_id: account.id, role, valid_from: new Date(0) });
  return { login, password: PASSWORD };
}

/** What the compiler says of a file when the stand-in is replaced by the generated types. */
function complaintsAbout(file: string): string[] {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const settings = {
    ...options,
    noEmit: true,
    composite: false,
    incremental: false,
    declaration: false,
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(settings);
  const readFile = host.readFile.bind(host);
  host.readFile = (name) => (name === SCHEMA ? types : readFile(name));
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version, ...rest) =>
    name === SCHEMA ? ts.createSourceFile(name, types, version) : getSourceFile(name, version, ...rest);
  host.getCurrentDirectory = () => dirname(file);
  const program = ts.createProgram([file], settings, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

// The compiler blocks this process for longer than an idle connection lives: it comes last.
describe('a client generated from the document', () => {
  it('runs the seed’s endpoints end to end, signed in by password', async () => {
    expect(await driveSeedEndpoints(campus)).toEqual({
      listed: true,
      statuses: ['scheduled', 'open', 'open', 'closed'],
      scanned: 'present',
      marked: 'late',
      bulkApplied: 5,
      marks: ['late', 'present', 'present', 'present', 'present'],
      refused: 'FORBIDDEN',
    });
  });

  it('runs leave, statistics and exports', async () => {
    const { leaves, answered } = await driveOfficeEndpoints(campus);
    expect(leaves).toEqual(['rejected', 'approved', 2]);
    for (const status of answered) expect([200, 201, 202]).toContain(status);
  });

  it(
    'fits every call of the seed’s endpoints, and only those: the types tell a wrong call',
    () => {
      const file = join(CLIENT, 'seed-endpoints.ts');
      expect(complaintsAbout(file)).toEqual([]);
      expect(complaintsAbout(join(CLIENT, 'seed-endpoints-of-the-office.ts'))).toEqual([]);
      types = types.replaceAll('qr_token', 'another_name');
      expect(complaintsAbout(file).join('\n')).toContain('qr_token');
      expect(readFileSync(SCHEMA, 'utf8')).toContain('Stands in');
    },
    CHECK_TIMEOUT_MS,
  );
});
