import { describe, expect, it } from 'vitest';
import { VERBS } from './table/verbs.ts';
import { cloudAgainstFakeServer, WEB } from './testing/cloud-against.ts';
import { isPlain, lineOf } from './testing/line-of.ts';
import { ODD_NAMES } from './testing/odd-names.ts';

const at = cloudAgainstFakeServer();

const NAMES = [...ODD_NAMES, 'web', '--', '-o=json', 'instances', '__complete', ' ', '"', 'x'.repeat(2_000)];
const plain = VERBS.filter(isPlain);
// A switch looks the tenant up, and sends its id.
const named = plain.filter(
  (verb) => verb.name !== 'tenants.switch' && verb.args.some((member) => member.kind === 'string' && !member.choices),
);

const queryOf = ({ query }: { readonly query: URLSearchParams }) => Object.fromEntries(query);

describe.each(named.map((verb) => [verb.name, verb] as const))('%s', (_, verb) => {
  /** The request's path, with the name in place of each parameter. */
  const pathWith = (name: string) =>
    verb.path.replace(/^\/tenants\/:tenant\//, '/tenants/current/').replaceAll(/:\w+/g, () => name);

  it('takes every name behind --, and sends it as it is', async () => {
    at.answer = () => ({ data: verb.effect === 'list' ? [WEB] : WEB });
    for (const name of NAMES) {
      const before = at.seen.length;
      const ended = await at.cloud(lineOf(verb, name));
      expect(ended, `${name.slice(0, 40)}: ${ended.stderr}`).toMatchObject({ code: 0, stderr: '' });
      const request = at.seen[before]!;
      expect([request.method, request.path]).toEqual([verb.method, pathWith(name)]);
      for (const member of verb.args)
        if (!verb.path.includes(`:${member.name}`) && member.kind === 'string' && !member.choices)
          expect(verb.method === 'GET' ? queryOf(request) : request.body).toMatchObject({ [member.name]: name });
    }
  });

  it('sends what no path can hold nowhere', async () => {
    for (const name of ['', '.', '..']) {
      const ended = await at.cloud(lineOf(verb, name));
      if (verb.args.some((member) => verb.path.includes(`:${member.name}`))) {
        expect(ended, ended.stderr).toMatchObject({ code: 2, stdout: '' });
        expect(ended.stderr).toContain(`'${name}' is not an id or a name`);
      }
      expect(at.seen.filter((request) => request.path !== pathWith('web') && request.path !== verb.path)).toEqual([]);
    }
  });
});

it('a command that follows a name behind -- stands behind another', async () => {
  const launch = ['instances', 'launch', '--image', 'busybox', '--', '-x', '--', 'sh', '-c', '--', 'ls'];
  expect(await at.cloud(launch)).toMatchObject({ code: 0 });
  expect(at.seen[0]!.body).toMatchObject({ name: '-x', cmd: ['sh', '-c', '--', 'ls'] });
  expect(await at.cloud(['instances', 'launch', 'web', '--image', 'busybox', '--', '--', 'ls'])).toMatchObject({
    code: 0,
  });
  expect(at.seen[1]!.body).toMatchObject({ name: 'web', cmd: ['--', 'ls'] });
});
