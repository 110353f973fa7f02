import { AwsServer, loadModel, Service } from '@thecloud/aws-protocol';
import { describe, expect, it } from 'vitest';
import type { AwsContext } from '../../kernel/aws-actions.ts';
import { allOperations } from '../../testing/all-operations.ts';
import { costlyBodies } from '../../testing/costly-bodies.ts';
import { costlyForms, smallest } from '../../testing/costly-forms.ts';
import { AWS_LIMITS } from '../limits.ts';

/**
 * Milliseconds of the event loop that a body may take at this door, whatever it holds: some ten times what the worst take. So many for any body, and
 * so many more for each MiB of it.
 */
const MOST_MS = { body: 20, mebibyte: 60 };

const { registry } = allOperations();
const parts = registry.services.flatMap((service) => service.aws ?? []);
const actions = parts.flatMap((part) => Object.entries(part.actions).map(([name, action]) => ({ part, name, action })));

/**
 * Bytes of most bodies: actions of a service are read by the same code, so that one of them tells what the largest take, and what grows faster than its size
 * shows in a smaller one too.
 */
const SIZE = 128 << 10;

/** As far as the rules: an operation's input is checked, and nothing is done. */
const context = {
  execute: async (operation: string, input: unknown) => {
    registry.entries.get(operation)!.validate(input);
    throw new Error('enough');
  },
  caller: { kind: 'user' },
  accountNumber: '000000000001',
  region: 'us-east-1',
  requestId: 'one',
  baseUrl: 'http://localhost:4566',
} as unknown as AwsContext;

const limitOf = (service: string): number =>
  Math.max(...parts.flatMap((part) => (part.service === service ? (part.bodyLimit ?? AWS_LIMITS.bodyBytes) : [])));

const seen = new Set<string>();

describe('the worst body of each AWS action', () => {
  it.each(actions)('$part.service $name takes a moment', async ({ part, name, action }) => {
    const model = loadModel(part.service);
    const limit = seen.has(part.service) ? SIZE : Math.min(limitOf(part.service), 1 << 20);
    seen.add(part.service);
    let reached = 0;
    const run = action as (input: unknown, context: AwsContext) => Promise<unknown>;
    const server = new AwsServer({
      services: [
        new Service(model, { [name]: (input: unknown) => (reached++, run(input, context)) } as never, {
          bodyBytes: limit,
        }),
      ],
      limits: AWS_LIMITS,
      credentials: () => undefined,
      allowAnonymous: () => true,
    });
    const { input, traits } = model.operation(name);
    const rest = model.protocols.includes('restJson1') ? traits.http : undefined;
    const [method, path] = rest ?? ['POST', '/'];
    const ask = async (headers: Record<string, string>, body: Buffer) => {
      const before = process.threadCpuUsage();
      await server.handle({
        method,
        url: path.replaceAll(/\{\w+\}/g, 'a'),
        headers: { host: 'localhost', 'content-length': String(body.length), ...headers },
        body,
      });
      const { user, system } = process.threadCpuUsage(before);
      return (user + system) / 1000;
    };
    const worst = { ms: 0, shape: '' };
    const measure = async (shape: string, headers: Record<string, string>, body: Buffer) => {
      let ms = await ask(headers, body);
      // The first time includes what V8 compiles, and memory that others left to collect.
      if (ms > worst.ms) ms = Math.min(ms, await ask(headers, body));
      if (ms > worst.ms) Object.assign(worst, { ms, shape });
    };
    const json = model.protocols.find((protocol) => protocol.startsWith('awsJson'));
    if (json || rest) {
      // Those of the path and the query are as long as a line of the head may be.
      const members = (input?.members ?? []).filter(({ traits: { httpLabel, httpQuery } }) => !httpLabel && !httpQuery);
      const small = input ? JSON.stringify(smallest({ ...input, members })).slice(0, -1) : '{';
      const properties = Object.fromEntries(members.map(({ name: member, shape }) => [member, { kind: shape.kind }]));
      for (const { shape, json: costly } of costlyBodies({
        bodyLimit: limit - small.length,
        descriptor: { input: { properties } } as never,
      }))
        await measure(
          shape,
          json
            ? {
                'content-type': `application/x-amz-json-${json.slice(-3).replace('_', '.')}`,
                'x-amz-target': `${model.target}.${name}`,
              }
            : { 'content-type': 'application/json' },
          // Of a member that is there twice, the latter counts.
          Buffer.concat([Buffer.from(small === '{' ? small : `${small},`), costly.subarray(1)]),
        );
    }
    if (model.protocols.some((protocol) => protocol === 'awsQuery' || protocol === 'ec2Query'))
      for (const { shape, form } of costlyForms(`Action=${name}&Version=${model.version}`, input, limit))
        await measure(shape, { 'content-type': 'application/x-www-form-urlencoded' }, Buffer.from(form));
    expect(reached).toBeGreaterThan(0);
    expect(worst.ms, worst.shape).toBeLessThan(MOST_MS.body + (MOST_MS.mebibyte * limit) / (1 << 20));
  });
});
