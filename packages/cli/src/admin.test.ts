import { expect, it } from 'vitest';
import { cloudAgainstFakeServer, words } from './testing/cloud-against.ts';
import { VERBS } from './table/verbs.ts';

const against = cloudAgainstFakeServer();
const cloud = (line: string) => against.cloud(words(line));

it("the operator's verbs stand below admin, and nowhere else", async () => {
  const operators = VERBS.filter((verb) => verb.scope === 'operator');
  expect(operators.length).toBeGreaterThan(3);
  expect(operators.every((verb) => verb.group === 'admin')).toBe(true);
  expect(VERBS.filter((verb) => verb.group === 'admin')).toEqual(operators);
  const help = (await cloud('--help')).stdout;
  expect(help).toMatch(/Operator:\n {2}admin /);
  expect(help).not.toMatch(/^ {2}(work|hosts) /m);
  expect((await cloud('quotas --help')).stdout).not.toContain('of-tenant');
  expect((await cloud('admin --help')).stdout).toMatch(/Resources:\n(.*\n)* {2}quotas +of-tenant, set/);
  expect(await cloud('work stuck')).toMatchObject({ code: 2 });
});

it('an operator’s verb sends its request, and its help is found from both sides', async () => {
  against.answer = () => ({ data: [] });
  expect(await cloud('admin work stuck -o json')).toMatchObject({ code: 0, stdout: '[]\n' });
  expect(against.seen[0]).toMatchObject({ method: 'GET', path: '/operator/work/stuck' });
  const usage = 'Usage: cloud admin quotas set [options] <tenant-id> <resource>';
  for (const line of [
    'admin quotas set --help',
    'help admin quotas set',
    'admin quotas help set',
    'admin help quotas set',
  ])
    expect((await cloud(line)).stdout, line).toContain(usage);
  expect((await cloud('admin help')).stdout).toContain('Usage: cloud admin <resource> <verb>');
});

it('mistakes below admin name the commands below admin', async () => {
  expect((await cloud('admin qoutas list')).stderr).toContain('Did you mean quotas?');
  expect((await cloud('admin quotas set x')).stderr).toContain('See: cloud admin quotas set --help');
  expect((await cloud('help admin wrok')).stderr).toContain("Did you mean 'work'? See: cloud help admin");
});

it('shells complete what stands below admin', async () => {
  const complete = async (...typed: string[]) =>
    (await against.cloud(['__complete', '--', ...typed])).stdout.split('\n');
  expect(await complete('ad')).toContain('admin');
  expect(await complete('admin', '')).toEqual(expect.arrayContaining(['hosts', 'quotas', 'work']));
  expect(await complete('admin', 'work', 're')).toContain('retry');
  expect(await complete('admin', 'quotas', 'set', '--m')).toContain('--max');
  expect(await complete('quotas', '')).not.toContain('set');
});
