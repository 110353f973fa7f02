import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createTenant, waitFor } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, deleteAll, HUGE, launch, sh, tiny, type Use } from './instances.ts';

/** What the API promises around instances: waiting, quotas, capacity, labels, words with odd characters in them. */
export function describeApi(use: Use): void {
  describe('the api', () => {
    let client: Client;
    beforeAll(async () => {
      client = await createTenant(use(), 'api');
    });
    afterAll(() => deleteAll(use(), client), 90_000);

    test('?wait= holds the answer until it is settled or time is up', async () => {
      const begun = performance.now();
      const instance = await client.ask('POST', '/instances?wait=30', tiny('waited'));
      expect(instance.status).toBe('RUNNING');
      expect(performance.now() - begun).toBeLessThan(15_000);
      const again = performance.now();
      expect((await client.ask('GET', '/instances/waited?wait=30')).status).toBe('RUNNING');
      expect(performance.now() - again).toBeLessThan(2_000);
      for (const wait of ['61', '-1', 'x', '1.5']) {
        expect((await client.call('GET', `/instances/waited?wait=${wait}`)).code).toBe('INVALID_INPUT');
      }
    });

    test('a retried launch with the same Idempotency-Key is the same instance', async () => {
      const headers = { 'idempotency-key': 'launch-once' };
      const [one, two] = await Promise.all([1, 2].map(() => client.call('POST', '/instances', tiny('once'), headers)));
      expect(one!.data.id).toBe(two!.data.id);
      expect([one, two].filter((answer) => answer!.headers.get('idempotency-replayed') === 'true')).toHaveLength(1);
      const other = await client.call('POST', '/instances', tiny('other'), headers);
      expect([other.status, other.code]).toEqual([409, 'IDEMPOTENCY_MISMATCH']);
    });

    test('a quota that is used up is a 429 that says which', async () => {
      const small = await createTenant(use(), 'small', 'default');
      for (const name of ['one', 'two']) await small.ask('POST', '/vpcs', { name });
      const third = await small.call('POST', '/vpcs', { name: 'three' });
      expect([third.status, third.code]).toEqual([429, 'QUOTA_EXCEEDED']);
      expect(third.message).toContain('vpcs');
      expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
      await use().query(`insert into quotas (tenant_id, resource, max) values ($1, 'instances', 0)`, [small.tenantId]);
      const instance = await small.call('POST', '/instances', tiny('none'));
      expect([instance.status, instance.code]).toEqual([429, 'QUOTA_EXCEEDED']);
      expect(instance.message).toContain('instances');
      expect(await small.ask('GET', '/instances')).toEqual([]);
      await deleteAll(use(), small);
    });

    test('more than the machine has is a 409 that says what is missing', async () => {
      await use().query(`update quotas set max = 10000000000 where tenant_id = $1 and resource = 'memory_mb'`, [
        client.tenantId,
      ]);
      const answer = await client.call('POST', '/instances', tiny('big', { instance_type: HUGE.id }));
      expect([answer.status, answer.code]).toEqual([409, 'INSUFFICIENT_CAPACITY']);
      expect(answer.message).toMatch(/not enough memory is free for this type, which needs \d+ MB/);
    });

    test('what does not exist or does not fit is refused in words', async () => {
      const refusals: [object, string][] = [
        [tiny('x', { image: 'windows' }), 'busybox'],
        [tiny('x', { instance_type: 'gigantic' }), 'basic-1'],
        [tiny('two words'), 'name'],
        [tiny('x', { env: ['no equals sign'] }), 'env'],
        [tiny('x', { surprise: 1 }), 'surprise'],
      ];
      for (const [body, word] of refusals) {
        const answer = await client.call('POST', '/instances', body);
        expect([answer.status, answer.code]).toEqual([400, 'INVALID_INPUT']);
        expect(answer.message).toContain(word);
      }
      const nowhere = await client.call('POST', '/instances', tiny('x', { vpc_id: 'nowhere' }));
      expect([nowhere.status, nowhere.code]).toEqual([404, 'NOT_FOUND']);
      expect((await client.call('POST', '/vpcs', { name: 'v', cidr_block: '10.0.0.1/16' })).message).toContain(
        '10.0.0.0/16',
      );
    });

    test('another tenant sees nothing of it', async () => {
      const stranger = await createTenant(use(), 'stranger');
      const { id } = await client.ask('GET', '/instances/waited');
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', '/stop'],
        ['GET', '/logs'],
      ] as const)
        expect((await stranger.call(method, `/instances/${id}${path}`)).status).toBe(404);
      expect((await stranger.call('POST', `/instances/${id}/exec`, { command: ['id'] })).status).toBe(404);
      expect(await stranger.ask('GET', '/instances')).toEqual([]);
      expect((await client.ask('GET', '/instances/waited')).status).toBe('RUNNING');
    });

    test('labels filter the list; pages follow each other', async () => {
      await createVpc(client, 'plain');
      await client.ask('POST', '/instances', tiny('red', { labels: { color: 'red', 'team/x': 'a:b' } }));
      await client.ask('POST', '/instances', tiny('blue', { labels: { color: 'blue' } }));
      const names = async (query: string): Promise<string[]> =>
        ((await client.ask('GET', `/instances?${query}`)) as { name: string }[]).map(({ name }) => name).sort();
      expect(await names('tag=color')).toEqual(['blue', 'red']);
      expect(await names('tag=color:red')).toEqual(['red']);
      expect(await names(`tag=${encodeURIComponent('team/x:a:b')}&tag=color`)).toEqual(['red']);
      expect(await names('tag=color:green')).toEqual([]);
      const found: string[] = [];
      for (let cursor = ''; found.length < 50; ) {
        const page = await client.call('GET', `/instances?limit=1${cursor && `&cursor=${cursor}`}`);
        found.push(...page.data.map((one: any) => one.name));
        if (page.nextCursor === undefined) break;
        cursor = encodeURIComponent(page.nextCursor);
      }
      expect(found.sort()).toEqual(await names(''));
    });

    test('odd characters in environment and command arrive as they were sent', async () => {
      const words = [
        'a b',
        "it's",
        '"quoted"',
        '$HOME',
        '`id`',
        '$(id)',
        '*',
        '\\',
        'two\nlines',
        '',
        'ünï ☃',
        '-n',
        ' end ',
      ];
      const odd = 'a "b" \'c\' $HOME `id` \\n # ; | & = \t\nsecond line \u2028 ☃ end ';
      const script =
        'for w; do printf %s "$w" | base64 | tr -d "\\n"; echo .; done; printf %s "$ODD" | base64 | tr -d "\\n"; echo !; exec sleep 1000000';
      await launch(client, 'odd', { env: [`ODD=${odd}`, 'EMPTY='], cmd: ['sh', '-c', script, 'sh', ...words] });
      // It runs before it has written all.
      const log = await waitFor(
        'the last line of its log',
        async (saw) => {
          const { text } = await client.call('GET', '/instances/odd/logs');
          saw(text);
          return text.includes('!') && text.replaceAll('\r', '');
        },
        { deadlineMs: 10_000 },
      );
      const decode = (text: string): string => Buffer.from(text, 'base64').toString();
      const seen = [...log.matchAll(/^([A-Za-z0-9+/=]*)\.$/gm)].map((match) => decode(match[1]!));
      expect(seen).toEqual(words);
      expect(decode(/^([A-Za-z0-9+/=]+)!$/m.exec(log)![1]!)).toBe(odd);
      expect((await sh(client, 'odd', 'printf %s "$ODD"')).out).toBe(odd);
      expect((await client.ask('GET', '/instances/odd')).cmd).toEqual(['sh', '-c', script, 'sh', ...words]);
      const echoed = await client.ask('POST', '/instances/odd/exec', { command: ['printf', '[%s]', ...words] });
      expect(echoed.stdout).toBe(words.map((word) => `[${word}]`).join(''));
    });
  });
}
