import { DescribeHostsCommand } from '@aws-sdk/client-ec2';
import Type from 'typebox';
import { expect, it } from 'vitest';
import { operation } from '../kernel/operation.ts';
import { createRegistry } from '../kernel/registry.ts';
import { type DataCall, service } from '../kernel/service.ts';
import { allOperations } from '../testing/all-operations.ts';
import { ec2Client, makeAwsKey } from '../testing/aws-clients.ts';
import { eventually } from '../testing/seed.ts';
import { setUpApi } from '../testing/set-up-api.ts';

/** Calls that wait until they are answered here, or their client goes away. */
const waiting: { readonly signal: AbortSignal; answer(): void }[] = [];
const waits = service({
  name: 'waits',
  resource: 'wait',
  title: 'Waits',
  operations: {
    begin: operation({
      summary: 'Wait',
      plane: 'data',
      effect: 'action',
      http: { method: 'POST', path: '/waits' },
      input: Type.Object({}, { additionalProperties: false }),
      output: Type.Object({}),
    }),
  },
  handlers: {
    begin: ({ signal }: DataCall) =>
      new Promise<object>((resolve, reject) => {
        waiting.push({ signal: signal!, answer: () => resolve({}) });
        signal!.addEventListener('abort', () => reject(signal!.reason as Error));
      }),
  },
  aws: [
    {
      service: 'ec2',
      actions: { DescribeHosts: async (_input, context) => void (await context.execute('waits.begin', {})) },
      examples: {},
    },
  ],
});
const { api, owner } = await setUpApi({ registry: createRegistry([...allOperations().registry.services, waits]) });
const key = await makeAwsKey(api, owner);
await api.owner.query('update api_keys set aws_secret_sealed = $2 where id = $1', [
  key.keyId,
  api.sealer.seal(owner.tenantId, 'aws-secret', key.secretAccessKey),
]);
const client = ec2Client(api, key);

const DOORS: readonly (readonly [string, (signal: AbortSignal) => Promise<unknown>])[] = [
  ['REST', (signal) => api.call('waits.begin', {}, owner, { signal })],
  ['AWS', (abortSignal) => client.send(new DescribeHostsCommand({}), { abortSignal })],
];

it.each(DOORS)('a call of the data plane hears that its client goes away: %s', async (_, call) => {
  const leave = new AbortController();
  const asked = call(leave.signal).then(
    () => 'answered',
    () => 'left',
  );
  await eventually('it waits', async () => waiting.length === 1);
  const { signal } = waiting.pop()!;
  expect(signal.aborted).toBe(false);
  leave.abort();
  expect(await asked).toBe('left');
  await eventually('it hears', async () => signal.aborted);
  expect(signal.reason).toMatchObject({ code: 'REQUEST_TIMEOUT', message: 'the client left' });
  await eventually('it is over', async () => (await underWay()) === 0);
  expect(api.logLines.filter((line) => line.includes('"level":50'))).toEqual([]);
});

it.each(DOORS)('a call that was answered hears of no end of its connection: %s', async (_, call) => {
  const asked = call(new AbortController().signal);
  await eventually('it waits', async () => waiting.length === 1);
  const { signal, answer } = waiting.pop()!;
  answer();
  await asked;
  await eventually('it is over', async () => (await underWay()) === 0);
  expect(signal.aborted).toBe(false);
});

const underWay = async () =>
  Number(/thecloud_http_answers_on_the_way (\d+)/.exec(await api.metrics.prometheus.metrics())?.[1]);
