import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { verifyExport, verifyProof, writePublicKey } from '@thecloud/sdk/audit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../testkit/src/index.ts';
import { systemClock } from '../../kernel/clock.ts';
import { type Database, openDatabase } from '../../kernel/sql/pool.ts';
import { ec2Client, makeAwsKey } from '../../testing/aws-clients.ts';
import { eventually } from '../../testing/seed.ts';
import { type Actor, memoryLog, startTestApi, type TestApi } from '../../testing/test-api.ts';
import { archiveCheckpoints, pruneArchived } from './archive.ts';
import { writeCheckpoints } from './checkpoint.ts';
import { csvCell } from './export.ts';
import { headIn } from './head.ts';

let test: TestDatabase;
let api: TestApi;
let worker: Database;
let owner: Actor;
let folder: string;
const { privateKey } = generateKeyPairSync('ed25519');
const publicKeys = [createPublicKey(privateKey)];

beforeAll(async () => {
  test = await createTestDatabase();
  api = await startTestApi({ database: test });
  worker = openDatabase({ connectionString: test.workerUrl, max: 2, min: 0 });
  folder = mkdtempSync(join(tmpdir(), 'thecloud-audit-'));
  owner = await api.makeActor({ platformRole: 'admin' });
});
afterAll(async () => {
  await worker.close();
  await api.stop();
  await test.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function checkpoint(): Promise<void> {
  await eventually('the transactions of other tests have ended', async () => {
    const { rows } = await api.owner.query<{ ok: boolean }>(
      'select coalesce(max(xid) < pg_snapshot_xmin(pg_current_snapshot()), true) as ok from audit_logs',
    );
    return rows[0]!.ok;
  });
  const head = headIn(join(folder, 'head.json'));
  await writeCheckpoints({ database: worker, clock: systemClock, log: memoryLog([]), privateKey, head });
}

const list = async (input: Readonly<Record<string, unknown>>, actor = owner) => {
  const answer = await api.call('audit.list', input, actor);
  expect(answer.status, answer.text).toBe(200);
  return answer.data as { id: string; action: string; outcome: string; user_id: string; request_id: string }[];
};
const actionsOf = async (input: Readonly<Record<string, unknown>>, actor = owner) =>
  (await list(input, actor)).map((row) => row.action);

describe('the audit trail of a tenant', () => {
  it('tells who did what, from where and with which key, newest first, by any filter', async () => {
    const actor = await api.makeActor();
    const member = await api.makeMember(actor.tenantId, 'viewer');
    const headers = { 'user-agent': 'colleague/1', 'x-request-id': 'evening-1' };
    const made = await api.call('vpcs.create', { name: 'main' }, actor, { headers });
    await api.call('vpcs.update', { id: 'main', name: 'core' }, actor);
    expect((await api.call('vpcs.create', { name: 'other' }, member)).status).toBe(403);
    expect(await actionsOf({}, actor)).toEqual(['vpc.create', 'vpc.update', 'vpc.create']);
    const [row] = (await list({ request_id: 'evening-1' }, actor)) as object[];
    expect(row).toMatchObject({
      user_id: actor.userId,
      tenant_id: actor.tenantId,
      key_id: actor.keyId,
      action: 'vpc.create',
      resource_type: 'vpc',
      resource_id: made.data.id,
      outcome: 'allowed',
      details: { name: 'main' },
      ip_address: '127.0.0.1',
      user_agent: 'colleague/1',
      request_id: 'evening-1',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
    expect(await actionsOf({ actor: member.email }, actor)).toEqual(['vpc.create']);
    expect(await actionsOf({ actor: member.userId, outcome: 'allowed' }, actor)).toEqual([]);
    expect(await actionsOf({ actor: owner.email }, actor), 'somebody who is in no row').toEqual([]);
    expect(await actionsOf({ action: 'vpc.update' }, actor)).toEqual(['vpc.update']);
    expect(await actionsOf({ action: 'vpc.*', outcome: 'allowed' }, actor)).toEqual(['vpc.update', 'vpc.create']);
    expect(await actionsOf({ action: 'instance.*' }, actor)).toEqual([]);
    expect(await actionsOf({ resource_id: made.data.id, resource_type: 'vpc' }, actor)).toEqual([
      'vpc.update',
      'vpc.create',
    ]);
    expect(await actionsOf({ key_id: member.keyId }, actor)).toEqual(['vpc.create']);
    expect(await actionsOf({ outcome: 'refused' }, actor)).toEqual(['vpc.create']);
    expect(await actionsOf({ to: '2026-01-01T00:00:00Z' }, actor)).toEqual([]);
    const first = await api.call('audit.list', { limit: 2 }, actor);
    const second = await api.call('audit.list', { limit: 2, cursor: first.meta.next_cursor }, actor);
    expect([...first.data, ...second.data].map((one) => one.id)).toEqual((await list({}, actor)).map((one) => one.id));
    expect(second.meta.next_cursor).toBeUndefined();
    expect(await actionsOf({}, owner), "another tenant's").toEqual([]);
    expect((await api.call('audit.get', { id: (row as { id: string }).id }, owner)).status).toBe(404);
    const wrong = await api.call('audit.list', { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, actor);
    expect(wrong).toMatchObject({
      status: 400,
      message: "from '2026-02-01T00:00:00Z' must be before to '2026-01-01T00:00:00Z'",
    });
    expect((await api.call('audit.list', {}, member)).status, 'without audit:read').toBe(403);
  });

  it("tells of a foreign X-Tenant-ID: in the caller's own trail all of it, in the other only from where it came", async () => {
    const [mallory, victim] = [await api.makeActor(), await api.makeActor()];
    const headers = { 'x-tenant-id': victim.tenantId, 'x-request-id': 'aimed-1', 'user-agent': 'mallory/1' };
    expect((await api.call('vpcs.create', { name: 'v' }, mallory, { headers })).status).toBe(403);
    const [own] = await list({}, mallory);
    expect(own).toMatchObject({
      action: 'vpc.create',
      outcome: 'refused',
      user_id: mallory.userId,
      key_id: mallory.keyId,
      tenant_id: mallory.tenantId,
      details: { tenant_id: victim.tenantId },
    });
    const theirs = await list({}, victim);
    expect(theirs).toMatchObject([
      {
        action: 'vpc.create',
        outcome: 'refused',
        ip_address: '127.0.0.1',
        request_id: 'aimed-1',
        tenant_id: victim.tenantId,
      },
    ]);
    const text = JSON.stringify(theirs);
    for (const secret of [mallory.userId, mallory.keyId, mallory.tenantId, mallory.email, 'mallory'])
      expect(text).not.toContain(secret);
    const both = await api.call('admin-audit.list', { request_id: 'aimed-1' }, owner);
    expect(both.data).toHaveLength(2);
    expect(
      await api.call('vpcs.create', { name: 'v' }, mallory, { headers: { ...headers, 'x-tenant-id': mallory.userId } }),
    ).toMatchObject({ status: 403 });
    expect(await list({}, mallory)).toHaveLength(2);
  });

  it('has attempts that were refused for want of a second factor, at each door once', async () => {
    const actor = await api.makeActor();
    const aws = ec2Client(api, await makeAwsKey(api, actor));
    await api.owner.query('update tenants set require_second_factor = true where id = $1', [actor.tenantId]);
    expect((await api.call('vpcs.create', { name: 'main' }, actor)).status).toBe(403);
    await expect(aws.send(new DescribeInstancesCommand({}))).rejects.toThrow('second factor');
    const { rows } = await api.owner.query(
      `select user_id, action, outcome from audit_logs where tenant_id = $1 and outcome = 'refused' order by seq`,
      [actor.tenantId],
    );
    const refused = { user_id: actor.userId, outcome: 'refused' };
    expect(rows).toEqual([
      { ...refused, action: 'vpc.create' },
      { ...refused, action: 'instance.list' },
    ]);
  });

  it("keeps room for its own members' attempts while somebody floods it from outside", async () => {
    const [mallory, victim] = [await api.makeActor(), await api.makeActor()];
    const viewer = await api.makeMember(victim.tenantId, 'viewer');
    const headers = { 'x-tenant-id': victim.tenantId };
    for (let nth = 0; nth < 150; nth++)
      expect((await api.call('vpcs.create', { name: 'v' }, mallory, { headers })).status).toBe(403);
    expect((await api.call('vpcs.create', { name: 'mine' }, viewer)).status).toBe(403);
    await eventually(
      "the member's attempt is in the trail",
      async () => (await actionsOf({ actor: viewer.userId }, victim)).length === 1,
    );
  });

  it('tells the operator of refused logins', async () => {
    const requestId = 'login-1';
    const refused = await api.call('auth.login', { email: owner.email, password: 'wrong password' }, undefined, {
      headers: { 'x-request-id': requestId },
    });
    expect(refused.status).toBe(401);
    const { data } = await api.call('admin-audit.list', { request_id: requestId }, owner);
    expect(data).toMatchObject([
      { action: 'user.login', outcome: 'refused', resource_id: owner.userId, details: { email: owner.email } },
    ]);
    expect(JSON.stringify(data)).not.toContain('wrong password');
    expect((await api.call('admin-audit.list', { action: 'user.login' }, owner)).message).toContain('needs tenant_id');
  });

  it('is exported as JSON lines that verify, as CSV, and with a proof of each row', async () => {
    const actor = await api.makeActor();
    const headers = { 'user-agent': '=HYPERLINK("http://192.0.2.1")' };
    await api.call('vpcs.create', { name: 'one' }, actor, { headers });
    const uncovered = await list({}, actor);
    expect(await api.call('audit.prove', { id: uncovered[0]!.id }, actor)).toMatchObject({
      status: 409,
      code: 'AUDIT_NOT_COVERED',
    });
    await checkpoint();
    await api.call('vpcs.update', { id: 'one', name: 'two' }, actor);
    const exported = await api.call('audit.export', {}, actor);
    expect(exported.headers['content-type']).toBe('application/x-ndjson');
    expect(await verifyExport(exported.text.split('\n'), { publicKeys })).toMatchObject({
      isGood: true,
      verified: 1,
      uncovered: 1,
    });
    const keys = await api.call('audit.publicKey', {}, undefined);
    expect(keys.data).toMatchObject([{ version: 1, public_key: writePublicKey(publicKeys[0]!) }]);
    const proof = await api.call('audit.prove', { id: uncovered[0]!.id }, actor);
    expect(verifyProof(proof.data, publicKeys)).toBeUndefined();
    expect(verifyProof({ ...proof.data, row: { ...proof.data.row, outcome: 'refused' } }, publicKeys)).toContain(
      'is not in the checkpoint',
    );
    const csv = await api.call('audit.export', { format: 'csv' }, actor);
    expect(csv.headers['content-type']).toContain('text/csv');
    expect(csv.text.split('\r\n')).toHaveLength(4);
    expect(csv.text).toContain(`"'=HYPERLINK(""http://192.0.2.1"")"`);
    const all = await api.call('admin-audit.export', {}, owner);
    expect(await verifyExport(all.text.split('\n'), { publicKeys })).toMatchObject({ isGood: true, isWhole: true });
  });

  it('is pruned when the tenant keeps it no longer and it is archived, and both still verify', async () => {
    const actor = await api.makeActor();
    await api.call('vpcs.create', { name: 'one' }, actor);
    await api.call('audit.setRetention', { days: 40 }, actor);
    await checkpoint();
    const short = await api.call('audit.setRetention', { days: 7 }, actor);
    expect(short).toMatchObject({
      status: 400,
      message: "days '7' must be from 30 to 3650, which the operator of the platform allows",
    });
    expect((await api.call('audit.retention', {}, owner)).data).toMatchObject({
      days: 365,
      minimum: 30,
      maximum: 3650,
    });
    const day = 86_400_000;
    const deps = (days: number) => ({
      database: worker,
      clock: { ...systemClock, now: () => Date.now() + days * day },
      log: memoryLog([]),
      folder: join(folder, 'archive'),
      bounds: { minimum: 30, maximum: 3650 },
    });
    expect(await archiveCheckpoints(deps(0.5)), 'too new').toBeUndefined();
    expect(await pruneArchived(deps(50)), 'not archived yet').toBe(0);
    const path = (await archiveCheckpoints(deps(2)))!;
    expect(await archiveCheckpoints(deps(2)), 'once').toBeUndefined();
    const lines = gunzipSync(readFileSync(path)).toString().split('\n');
    expect(await verifyExport(lines, { publicKeys })).toMatchObject({ isGood: true, isWhole: true });
    const changed = lines.map((line) => line.replace('"name":"one"', '"name":"two"'));
    expect((await verifyExport(changed, { publicKeys })).isGood).toBe(false);
    expect(await pruneArchived(deps(39))).toBe(0);
    expect(await pruneArchived(deps(41))).toBe(2);
    expect(await actionsOf({}, actor)).toEqual([]);
    const exported = await api.call('audit.export', {}, actor);
    expect(await verifyExport(exported.text.split('\n'), { publicKeys })).toMatchObject({
      isGood: true,
      archived: 2,
      verified: 0,
    });
    writeFileSync(join(folder, 'done'), '');
  });
});

it('makes a cell that no spreadsheet takes for a formula', () => {
  for (const text of ['=1+1', '+1', '-1', '@x', '\t=1', '\r=1', '\n=1'])
    expect(csvCell(text).replace(/^"/, '')).toMatch(/^'/);
  expect(csvCell('a,"b"')).toBe('"a,""b"""');
  expect([csvCell(undefined), csvCell('plain'), csvCell({ a: 1 })]).toEqual(['', 'plain', '"{""a"":1}"']);
});
