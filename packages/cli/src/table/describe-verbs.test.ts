import { describe, expect, it } from 'vitest';
import type { DescribedOperation } from '../../../sdk/src/generator/described.ts';
import { startFakeServer } from '../../../sdk/src/testing/fake-server.ts';
import { openShell } from '../testing/test-world.ts';
import { describeVerbs } from './describe-verbs.ts';
import { wordsOf } from './verb.ts';
import { VERBS } from './verbs.ts';

const operation: DescribedOperation = {
  name: 'things.makeBig',
  service: 'things',
  verb: 'makeBig',
  resource: 'thing',
  summary: 'Make a thing big',
  effect: 'create',
  scope: 'public',
  method: 'POST',
  path: '/things',
  status: 201,
  pathParams: [],
  input: {
    type: 'object',
    required: ['name', 'mode'],
    properties: {
      name: { type: 'string' },
      mode: { anyOf: [{ const: 'fast' }, { const: 'safe' }] },
      size_gb: { type: 'integer', minimum: 1 },
      ratio: { type: 'number', maximum: 2 },
      encrypted: { type: 'boolean' },
      ports: { type: 'array', items: { type: 'integer', minimum: 1, maximum: 65535 } },
      policies: { type: 'array', items: { enum: ['a', 'b'] } },
      addresses: { type: 'array', items: { type: 'string' } },
      labels: { type: 'object', patternProperties: { '^.*$': { type: 'string' } } },
      rule: { type: 'object', properties: { x: { type: 'string' } } },
      parent: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      output: { type: 'string' },
      tag: { type: 'string' },
      tags: { type: 'array', items: { type: 'string' } },
    },
  },
  output: { type: 'object', properties: { id: { type: 'string' } } },
  idempotent: true,
  cli: { args: ['name'] },
};

describe('describeVerbs', () => {
  it('makes flags of what an input has', () => {
    const [verb] = describeVerbs([operation]);
    expect(verb).toMatchObject({ verb: 'make-big', columns: ['id'], args: [{ name: 'name', required: true }] });
    expect(
      verb!.flags.map(({ flag, kind, shape, choices }) => [
        flag,
        shape ? `${shape} of ${kind}` : kind,
        choices?.join('|'),
      ]),
    ).toEqual([
      ['mode', 'string', 'fast|safe'],
      ['size-gb', 'integer', undefined],
      ['ratio', 'number', undefined],
      ['encrypted', 'boolean', undefined],
      ['port', 'list of integer', undefined],
      ['policy', 'list of string', 'a|b'],
      ['address', 'list of string', undefined],
      ['label', 'record of string', undefined],
      ['rule', 'json', undefined],
      ['parent', 'string', undefined],
      ['output', 'string', undefined],
      ['tag', 'string', undefined],
      ['tags', 'list of string', undefined],
    ]);
  });

  it('lets a change take away what may be null, by a flag with no-', async () => {
    const at = await startFakeServer(() => ({ data: { id: 'x' } }));
    const shell = openShell({ CLOUD_ENDPOINT: at.endpoint });
    const verbs = describeVerbs([{ ...operation, effect: 'update', method: 'PATCH' }]);
    const line = ['things', 'make-big', 'x', '--mode', 'safe'];
    await shell.cloud([...line, '--no-parent', '--no-encrypted'], { verbs });
    await shell.cloud([...line, '--parent', 'y'], { verbs });
    await shell.cloud(line, { verbs });
    expect(at.seen.map(({ body }) => body)).toEqual([
      { name: 'x', mode: 'safe', parent: null, encrypted: false },
      { name: 'x', mode: 'safe', parent: 'y' },
      { name: 'x', mode: 'safe' },
    ]);
    expect((await shell.cloud([...line, '--no-parent'], { verbs: describeVerbs([operation]) })).code).toBe(2);
    shell.remove();
    await at.stop();
  });

  it('refuses an argument that the input does not have', () => {
    expect(() => describeVerbs([{ ...operation, cli: { args: ['nmae'] } }])).toThrow(
      "things.makeBig: its cli names 'nmae'",
    );
  });
});

describe('the command line of a verb', () => {
  const shell = openShell({ CLOUD_ENDPOINT: 'http://127.0.0.1:1' });
  const verbs = describeVerbs([operation]);
  const tell = async (line: string) =>
    (await shell.cloud(['things', 'make-big', 'x', '--mode', 'safe', ...line.split(' ')], { verbs })).stderr;

  it.each([
    ['--mode slow', 'It must be one of: fast, safe.'],
    ['--size-gb 0', 'It must be a whole number of 1 or more.'],
    ['--size-gb 1.5', 'It must be a whole number'],
    ['--ratio 2.5', 'It must be a number of at most 2.'],
    ['--port 80 --port 70000', "'70000' is invalid. It must be a whole number from 1 to 65535."],
    ['--policy a --policy c', 'It must be one of: a, b.'],
    ['--rule {', 'It must be JSON'],
    ['--label =x', 'It must have the form key=value.'],
  ])('%s is refused', async (line, told) => {
    expect(await tell(line)).toContain(told);
  });

  it('gives an own flag the word before ours', async () => {
    // Taken for the format of the output, this would be refused.
    expect(await tell('--output anything --no-encrypted --tags a --tag b')).toContain(
      'http://127.0.0.1:1 cannot be reached',
    );
    shell.remove();
  });
});

it('every operation has a command', async () => {
  const shell = openShell();
  for (const verb of VERBS) {
    // `instances exec -it` opens it.
    if (verb.name === 'instances.terminal') continue;
    const top = ['auth.register', 'auth.login', 'auth.logout'].includes(verb.name);
    const ended = await shell.cloud([...(top ? [verb.verb] : wordsOf(verb)), '--help']);
    expect(ended, verb.name).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('Usage: cloud');
  }
  shell.remove();
});
