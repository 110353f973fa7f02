import { describe, expect, it } from 'vitest';
import type { FakeAnswer, SeenRequest } from '../../sdk/src/testing/fake-server.ts';
import { cloudAgainstFakeServer, DB, KEY, WEB, words } from './testing/cloud-against.ts';

const at = cloudAgainstFakeServer();

describe('what is sent', () => {
  it('is made of arguments and flags', async () => {
    at.answer = () => ({ status: 202, data: WEB });
    const ended = await at.cloud([
      ...words(
        'instances launch web --image busybox --vpc-id main --env A=1 --env B=x=y --label tier=front --label team=',
      ),
      ...words('-- sh -c sleep'),
    ]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(at.seen[0]).toMatchObject({
      method: 'POST',
      path: '/instances',
      body: {
        name: 'web',
        image: 'busybox',
        vpc_id: 'main',
        env: ['A=1', 'B=x=y'],
        labels: { tier: 'front', team: '' },
        cmd: ['sh', '-c', 'sleep'],
      },
    });
    expect(at.seen[0]!.headers).toMatchObject({ 'x-api-key': KEY, 'user-agent': 'thecloud-cli/0.1.0' });
    expect(at.seen[0]!.headers['idempotency-key']).toBeDefined();
    expect(at.seen[0]!.query.has('wait')).toBe(false);
  });

  it('goes to the tenant that was named', async () => {
    await at.cloud(words('instances get web --tenant t1'));
    await at.cloud(words('--tenant t2 instances get web'));
    await at.cloud(words('instances get web'), { env: { CLOUD_TENANT_ID: 't3' } });
    expect(at.seen.map((request) => request.headers['x-tenant-id'])).toEqual(['t1', 't2', 't3']);
  });
});

describe('what is printed', () => {
  const list = (): FakeAnswer => ({ data: [WEB, DB] });

  it('is a table by default', async () => {
    at.answer = list;
    expect((await at.cloud(words('instances list'))).stdout).toMatchInlineSnapshot(`
      "ID                                     NAME       STATUS     IMAGE     INSTANCE TYPE   PRIVATE IP   RESTART COUNT   CREATED AT
      01900000-0000-7000-8000-000000000001   web        RUNNING    busybox   basic-2         10.0.0.2     -               2026-01-02T03:04:05Z
      01900000-0000-7000-8000-000000000002   database   STARTING   busybox   basic-2         -            -               2026-01-02T03:04:05Z
      "
    `);
  });

  it('shows of ids what tells them apart, while scripts get the whole', async () => {
    const ids = ['01932b4e-7c1a-7a3f-8c2d-5b6e7f809101', '01932b4e-7c1a-7b91-9e4f-11aa22bb33cc'];
    at.answer = () => ({ data: ids.map((id, nth) => ({ ...WEB, id, name: `web-${nth}` })) });
    const shown = (await at.cloud(words('instances list --columns id,name --no-header'))).stdout;
    expect(shown).toBe('f8c2d5b6e7f8   web-0\n19e4f11aa22b   web-1\n');
    expect((await at.cloud(words('instances list -q'))).stdout).toBe(`${ids.join('\n')}\n`);
    expect((await at.cloud(words('instances list -o json'))).stdout).toContain(ids[0]);
  });

  it('has the columns, the order and the headings that were asked for', async () => {
    at.answer = () => ({
      data: [
        { ...WEB, restart_count: 10 },
        { ...DB, restart_count: 9 },
        { ...DB, name: 'a', restart_count: undefined },
      ],
    });
    const table = async (line: string) => (await at.cloud(words(`instances list ${line}`))).stdout;
    expect(await table('--columns name,vpc_id')).toBe('NAME       VPC ID\nweb        -\ndatabase   -\na          -\n');
    expect(await table('--columns name,restart-count --sort restart_count --no-header')).toBe(
      'database   9\nweb        10\na          -\n',
    );
    expect(await table('-o name --sort -name')).toBe('web\ndatabase\na\n');
    expect(await table('-o name --sort -restart_count')).toBe('web\ndatabase\na\n');
    const before = (await at.cloud(words('--no-header --columns name instances list'))).stdout;
    expect(before).toBe('web\ndatabase\na\n');
  });

  it('has no colours but on a terminal', async () => {
    at.answer = list;
    const onTerminal = await at.cloud(words('instances list'), { typed: [] });
    expect(onTerminal.stdout).toContain('\u001b[32mRUNNING');
    expect((await at.cloud(words('instances list'), { typed: [], env: { NO_COLOR: '1' } })).stdout).not.toContain(
      '\u001b',
    );
  });

  it('is a member a line for one resource', async () => {
    expect((await at.cloud(words('instances get web'))).stdout).toMatchInlineSnapshot(`
      "id              01900000-0000-7000-8000-000000000001
      name            web
      image           busybox
      status          RUNNING
      private_ip      10.0.0.2
      instance_type   basic-2
      labels          tier=front
      version         2
      created_at      2026-01-02T03:04:05Z
      "
    `);
  });

  it('is JSON, YAML or ids where that is asked for', async () => {
    at.answer = list;
    expect(JSON.parse((await at.cloud(words('instances list -o json'))).stdout)).toEqual([
      WEB,
      { ...DB, private_ip: undefined },
    ]);
    expect((await at.cloud(words('instances list -q'))).stdout).toBe(`${WEB.id}\n${DB.id}\n`);
    expect((await at.cloud(words('-o yaml instances list'))).stdout).toMatchInlineSnapshot(`
      "- id: 01900000-0000-7000-8000-000000000001
        name: web
        status: RUNNING
        image: busybox
        instance_type: basic-2
        private_ip: 10.0.0.2
        labels:
          tier: front
        version: 2
        created_at: "2026-01-02T03:04:05.678Z"
      - id: 01900000-0000-7000-8000-000000000002
        name: database
        status: STARTING
        image: busybox
        instance_type: basic-2
        labels:
          tier: front
        version: 2
        created_at: "2026-01-02T03:04:05.678Z"
      "
    `);
  });

  it('cannot move the cursor, whatever others named their things', async () => {
    at.answer = () => ({ data: [{ ...WEB, name: 'a\u001b[2Jb\nc', image: '龍' }] });
    const { stdout } = await at.cloud(words('instances list'));
    expect(stdout).toContain('a\\x1b[2Jb\\nc');
    expect(stdout.split('\n')).toHaveLength(3);
  });

  it('is aligned by the columns of the terminal, whatever the script', async () => {
    const names = ['web', '龍龍', 'né\u0301e', '👩‍👩‍👧', 'বাংলা'];
    at.answer = () => ({ data: names.map((name) => ({ ...WEB, name })) });
    const { stdout } = await at.cloud(words('instances list'));
    const gapAfter = (name: string) => stdout.split(name)[1]!.search(/\S/);
    expect(names.map(gapAfter)).toEqual([5, 4, 5, 6, 3]);
  });

  it('is a log as it is', async () => {
    at.answer = () => ({ raw: 'one\ntwo' });
    expect((await at.cloud(words('instances logs web'))).stdout).toBe('one\ntwo');
  });

  it('is what a delete answers, or that it is done', async () => {
    at.answer = ({ path }) =>
      path.startsWith('/auth/keys') ? { status: 204 } : { data: { message: 'it is being removed' } };
    expect((await at.cloud(words('instances delete web'))).stdout).toBe('it is being removed\n');
    expect((await at.cloud(words('keys revoke k1'))).stdout).toBe('done\n');
    expect((await at.cloud(words('keys revoke k1 -o json'))).stdout).toBe('');
  });
});

describe('pages', () => {
  const paged = ({ query }: SeenRequest): FakeAnswer => {
    const from = Number(query.get('cursor') ?? 0);
    const size = Number(query.get('limit') ?? 2);
    const data = [1, 2, 3, 4, 5].slice(from, from + size).map((id) => ({ id: String(id) }));
    return from + size < 5 ? { data, nextCursor: String(from + size) } : { data };
  };

  it('says that there is more', async () => {
    at.answer = paged;
    const ended = await at.cloud(words('instances list -q'));
    expect(ended.stdout).toBe('1\n2\n');
    expect(ended.stderr).toBe('There are more results. To see all: --all. To see the next page: --cursor 2\n');
  });

  it('gets so many, or all', async () => {
    at.answer = paged;
    expect((await at.cloud(words('instances list -q --limit 3'))).stdout).toBe('1\n2\n3\n');
    expect(await at.cloud(words('instances list -q --limit 5'))).toMatchObject({
      stdout: '1\n2\n3\n4\n5\n',
      stderr: '',
    });
    at.answer = (request) =>
      paged({ ...request, query: new URLSearchParams({ ...Object.fromEntries(request.query), limit: '2' }) });
    expect(await at.cloud(words('instances list -q --all'))).toMatchObject({ stdout: '1\n2\n3\n4\n5\n', stderr: '' });
    expect(await at.cloud(words('instances list --all --limit 3'))).toMatchObject({ code: 2 });
  });
});
