import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PostgresCluster, startPostgresCluster, withClient } from '../../../testkit/src/index.ts';
import { setProcessPasswords } from './database-roles.ts';

let cluster: PostgresCluster;
beforeAll(async () => {
  // Settings of roles belong to the whole server.
  cluster = await startPostgresCluster();
});
afterAll(() => cluster?.stop());

it('what a process set for its own role ends with the next start: password, timeouts, and the rest', async () => {
  const passwords = { superuser: 'a', owner: 'b', api: 'c', worker: 'd', operator: 'e', data: 'f' };
  const roles = ['cloud_api', 'cloud_data', 'cloud_operator', 'cloud_worker'];
  await withClient(cluster.url('postgres', 'postgres'), async (client) => {
    for (const role of roles) await client.query(`create role ${role} login`);
    await withClient(cluster.url('cloud_api', 'postgres'), async (taken) => {
      for (const change of [
        "password 'mine'",
        "set statement_timeout = '1ms'",
        'in database postgres set default_transaction_read_only = on',
      ])
        await taken.query(`alter role cloud_api ${change}`);
    });
    const theirs = "select rolpassword from pg_authid where rolname = 'cloud_api'";
    const before = await client.query(theirs);
    await setProcessPasswords(client, passwords);
    expect((await client.query(theirs)).rows).not.toEqual(before.rows);
    const { rows } = await client.query(
      "select rolname as role, setconfig as set, setdatabase::int as database from pg_db_role_setting s join pg_roles r on r.oid = s.setrole where rolname like 'cloud%' order by 1",
    );
    const short = ['statement_timeout=10s', 'lock_timeout=2s', 'idle_in_transaction_session_timeout=10s'];
    const long = ['statement_timeout=30s', 'lock_timeout=5s', 'idle_in_transaction_session_timeout=30s'];
    expect(rows).toEqual(roles.map((role) => ({ role, set: role === 'cloud_worker' ? long : short, database: 0 })));
  });
});
