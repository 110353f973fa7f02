import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXAMPLE_STATS } from '../../server/src/testing/machines.ts';
import { startTestApi, type TestApi } from '../../server/src/testing/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../../testkit/src/index.ts';
import { buildCli } from '../build.ts';

// docs/command-line.md as a newcomer would type it: bash, the bundled command and the real API on a real database. There is no worker:
// what a reconciler would write, the test writes.

const run = promisify(execFile);
let database: TestDatabase;
let api: TestApi;
let home: string;
let reconciling: Promise<void>;
let isOver = false;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({
    database,
    live: {
      'instances.stats': { read: async () => EXAMPLE_STATS },
      'instances.terminal': {
        socket: async () => async (peer) => {
          await peer.send(Buffer.from('\u0001Linux\n'));
          await peer.send('{"type":"exit","code":0}');
        },
      },
    },
  });
  home = mkdtempSync(join(tmpdir(), 'thecloud-guide-'));
  mkdirSync(join(home, 'bin'));
  const bundle = await buildCli(join(home, 'dist', 'cloud.js'));
  writeFileSync(join(home, 'bin/cloud'), `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`, { mode: 0o755 });
  reconciling = reconcile();
});
afterAll(async () => {
  isOver = true;
  await reconciling;
  rmSync(home, { recursive: true, force: true });
  await api.stop();
  await database.drop();
});

async function reconcile(): Promise<void> {
  while (!isOver) {
    for (const [table, status] of [
      ['instances', 'RUNNING'],
      ['vpcs', 'active'],
    ]) {
      await api.owner.query(`delete from ${table} where deleted_at is not null`);
      await api.owner.query(
        `update ${table} set status = $1, observed_version = version where deleted_at is null and status <> $1`,
        [status],
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs all commands of a guide, as one script. Answers what each block said. */
async function follow(name: string): Promise<{ said: readonly string[]; stderr: string }> {
  const guide = readFileSync(join(import.meta.dirname, '../../../docs', name), 'utf8');
  const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
  expect(blocks.length).toBeGreaterThan(6);
  const env = {
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
    HOME: home,
    CLOUD_ENDPOINT: api.url,
    PASSWORD: 'a long pass phrase',
  };
  const ended = await run('bash', ['-euo', 'pipefail', '-c', blocks.join('\necho "--- next"\n')], { cwd: home, env });
  return { said: ended.stdout.split('--- next\n'), stderr: ended.stderr };
}

it('every command of the guide does what the guide says', async () => {
  const { said, stderr } = await follow('command-line.md');
  expect(said[0]).toContain('ann@example.com');
  expect(said[1]).toMatch(/^[0-9a-f]{12} +web +RUNNING/m);
  expect(said[1]).toMatch(/^Linux$/m);
  expect(said[2]).toMatch(/^cpu_percentage +50\nmemory_percentage +25$/m);
  expect(said[3]).toMatch(/^10\.0\.0\.2 +web +instance +web +02:5a:0a:00:00:02 /m);
  expect(said[3]).toMatch(/^addresses_in_use +1\naddresses_resting +0\naddresses_free +65532$/m);
  expect(said[4]).toMatch(/^id +[0-9a-f-]{36}$/m);
  expect(said[4]).toMatch(/^web\n+name +web\nstatus +RUNNING$/m);
  expect(said[5]).toMatch(/^KIND +NAME +DETAIL +ID\ninstance +web +RUNNING 10\.0\.0\.2 +[0-9a-f-]{36}$/m);
  expect(said[5]).toMatch(/"kind": "instance",\s+"service": "instances"/);
  expect(said[6]).toMatch(/^NAME +STATUS +PRIVATE IP\nweb +RUNNING/);
  expect(said[7]).toMatch(/^deploy$/m);
  expect(stderr).toContain("instance 'nowhere' does not exist");
  expect((await api.owner.query('select 1 from instances')).rows).toEqual([]);
}, 60_000);

it('every command of the guide to roles and keys does what the guide says', async () => {
  const { rows } = await api.owner.query<{ tenant_id: string }>(
    `select default_tenant_id as tenant_id from users where email = 'ann@example.com'`,
  );
  const bob = await api.makeMember(rows[0]!.tenant_id, 'viewer');
  await api.owner.query(`update users set email = 'bob@example.com' where id = $1`, [bob.userId]);
  const { said } = await follow('roles-and-keys.md');
  expect(said[0]).toMatch(/^owner +true/m);
  expect(said[0]).toMatch(/^instance:read /m);
  expect(said[1]).toMatch(/^permissions +.*instance:read.*instance:update.*vpc:read/m);
  expect(said[2]).toMatch(/^bob@example.com +Some Body +ops /m);
  expect(said[5]).toMatch(/ session of .* session /);
  expect(said[6]).toMatch(/ci/);
  const keys = await api.owner.query(`select revoked_at from api_keys where name = 'ci'`);
  expect(keys.rows).toEqual([{ revoked_at: expect.any(Date) }, { revoked_at: expect.any(Date) }]);
  const member = await api.owner.query('select role from memberships where user_id = $1', [bob.userId]);
  expect(member.rows).toEqual([{ role: 'viewer' }]);
}, 60_000);

it('every command of the guide to teams does what the guide says', async () => {
  const carl = await api.makeActor();
  await api.owner.query(`update users set email = 'carl@example.com' where id = $1`, [carl.userId]);
  const { said } = await follow('teams.md');
  expect(said[0]).toMatch(/acme-web +Acme Web +owner/);
  expect(said[2]).toMatch(/bea@example\.com +developer/);
  expect(said[5]).toMatch(/carl@example\.com +Some Body +developer/);
  const { rows } = await api.owner.query(
    `select (select count(*)::int from memberships m where m.tenant_id = t.id) as members,
       (select count(*)::int from invitations i where i.tenant_id = t.id) as invitations from tenants t where slug = 'acme-web'`,
  );
  expect(rows).toEqual([{ members: 1, invitations: 0 }]);
}, 60_000);

it('every command of the guide to secrets does what the guide says', async () => {
  const { said, stderr } = await follow('secrets.md');
  const [made, read, versions, back, file, , rotated, deleted, found] = said;
  expect(made).toMatch(/^name +prod\/database$/m);
  expect(`${made}${stderr}`).not.toContain('first value');
  expect(read).toContain('first value');
  expect(read).toMatch(/ secret\.access /);
  expect(versions).toMatch(/^2 .*AWSCURRENT[^]*^1 .*AWSPREVIOUS/m);
  expect(back).toContain('first value');
  expect(file).toContain('-rw-------');
  expect(rotated).toMatch(/^rotation_days +30$/m);
  expect(deleted).toMatch(/^status +ACTIVE$/m);
  expect(found).toMatch(/prod\/key/);
}, 60_000);

it('every command of the guide to topics does what the guide says', async () => {
  const { said } = await follow('topics.md');
  const [, published, received, listed, , filtered, deleted] = said;
  expect(published).toMatch(/delivered/);
  expect(received).toContain('{"order":1}');
  expect(received).toContain('Notification');
  expect(listed?.trimEnd().split('\n')).toHaveLength(3);
  expect(filtered).toContain('"total":250');
  expect(deleted).toContain("topic 'orders' is deleted");
}, 60_000);

it('every command of the guide to cron jobs does what the guide says', async () => {
  const { said } = await follow('cron.md');
  const [preview, made, next, ran, runs, changed] = said;
  expect(preview).toMatch(/T0[12]:00:00/);
  expect(made).toMatch(/^timezone +Europe\/Berlin$/m);
  expect(next).toMatch(/T0[12]:00:00/);
  expect(ran).toContain('{"task":"backup"}');
  expect(runs).toMatch(/SUCCESS/);
  expect(changed).toMatch(/^schedule +cron\(0 3 L \* \? \*\)$/m);
}, 60_000);

it('every command of the guide to queues does what the guide says', async () => {
  const earlier = await api.owner.query<{ id: string }>('select id from queues');
  const { said } = await follow('queues.md');
  const [sent, printed, many, , peeked, , , dead, moved, alone, fifo] = said;
  expect(sent).toMatch(/^done$/m);
  expect(printed).toMatch(/^resize photo 2$/m);
  expect(many).toMatch(/^sent +250\nrefused +0$/m);
  expect(many).toMatch(/^visible +250$/m);
  expect(peeked?.trimEnd().split('\n')).toHaveLength(4);
  expect(dead).toMatch(/^[0-9a-f-]+ +2 .* resize photo 4$/m);
  expect(moved).toMatch(/^status +RUNNING$/m);
  expect(moved).toMatch(/ jobs +2$/m);
  expect(alone).not.toMatch(/^dead_letter_queue_id|^max_receive_count/m);
  expect(fifo).toMatch(/\norder 1: created\norder 1: paid\n$/);
  const { rows } = await api.owner.query(
    'select name from queues where deleted_at is null and id <> all ($1) order by name',
    [earlier.rows.map(({ id }) => id)],
  );
  expect(rows).toEqual([{ name: 'failed' }, { name: 'jobs' }]);
}, 60_000);
