import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EXIT, EXIT_MEANINGS } from './failure.ts';
import { cloudAgainstFakeServer, WEB, words } from './testing/cloud-against.ts';

const at = cloudAgainstFakeServer();

it.each([
  ['INVALID_INPUT', 400, EXIT.usage],
  ['UNAUTHORIZED', 401, EXIT.denied],
  ['FORBIDDEN', 403, EXIT.denied],
  ['NOT_FOUND', 404, EXIT.notFound],
  ['REQUEST_TIMEOUT', 408, EXIT.timeout],
  ['CONFLICT', 409, EXIT.conflict],
  ['INSUFFICIENT_CAPACITY', 409, EXIT.limit],
  ['QUOTA_EXCEEDED', 429, EXIT.limit],
  ['RATE_LIMITED', 429, EXIT.limit],
  ['INTERNAL', 500, EXIT.unavailable],
  ['UNAVAILABLE', 503, EXIT.unavailable],
  ['TIMEOUT', 504, EXIT.timeout],
])('%s ends with its exit code', async (code, status, exitCode) => {
  at.answer = () => ({ status, error: { code, message: 'refused' } });
  const ended = await at.cloud(words('instances stop web'));
  expect(ended).toMatchObject({ code: exitCode, stdout: '' });
  expect(ended.stderr).toMatch(/^cloud: refused/);
});

it('failures that the platform does not report have exit codes too', async () => {
  expect((await at.cloud(words('instances get web'))).code).toBe(EXIT.ok);
  expect((await at.cloud(words('instances stop'))).code).toBe(EXIT.usage);
  at.answer = () => ({ data: { ...WEB, status: 'ERROR' } });
  expect((await at.cloud(words('instances start web --wait'))).code).toBe(EXIT.failed);
  at.answer = () => ({ data: { ...WEB, status: 'STARTING' } });
  expect((await at.cloud(words('instances start web --wait 1'))).code).toBe(EXIT.timeout);
  at.answer = () => ({ raw: '<html>' });
  expect((await at.cloud(words('instances get web'))).code).toBe(EXIT.unavailable);
  const nowhere = { env: { CLOUD_ENDPOINT: 'http://127.0.0.1:1' } };
  expect((await at.cloud(words('vpcs create a'), nowhere)).code).toBe(EXIT.unavailable);
  expect((await at.cloud(words('vpcs list'), { env: { CLOUD_API_KEY: '' } })).code).toBe(EXIT.denied);
});

it('every exit code is in the help and in the manual', async () => {
  expect(EXIT_MEANINGS.map(([code]) => code)).toEqual(Object.values(EXIT));
  const help = (await at.cloud(['--help'])).stdout;
  const manual = readFileSync(join(import.meta.dirname, '../../../docs/reference/cli.md'), 'utf8');
  for (const [code, meaning] of EXIT_MEANINGS) {
    expect(help).toContain(`  ${String(code).padEnd(5)}${meaning}\n`);
    expect(manual).toContain(`| ${code} | ${meaning} |`);
  }
});
