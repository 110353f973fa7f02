import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Caller } from '../kernel/caller.ts';
import { newId, sha256Hex } from '../kernel/ids.ts';
import { proofOf, proveBy } from '../kernel/proof.ts';
import { runMachine } from '../testing/machines.ts';
import { callerOf } from '../testing/seed.ts';
import { signScope } from '../testing/sign-scopes.ts';
import { setUpApi } from '../testing/set-up-api.ts';
import { type Actor, uniqueWord } from '../testing/test-api.ts';

// What a process with the API's rights, and without somebody's key, does not make the worker do.

const { api, owner, engine } = await setUpApi();
let instance: string;
let commands = 0;
beforeAll(async () => {
  instance = await runMachine(api, engine, owner);
  engine.before = async (method) => void (commands += method === 'exec' ? 1 : 0);
});

interface Wanted {
  readonly tenantId?: string;
  readonly operation?: string;
  readonly target?: string | null;
  readonly address?: string;
  readonly request?: string;
}

/** As the API's role, with any scope that it likes. Undefined: the database issued no ticket. */
async function issue(key: string, wanted: Wanted = {}): Promise<string | undefined> {
  const { tenantId = owner.tenantId, operation = 'instances.exec', target = instance } = wanted;
  const ticket = randomBytes(32).toString('hex');
  const [row] = await api.database.transaction({ tenantId, userId: owner.userId }, (sql) =>
    sql.query<{ issued: boolean }>(
      'test.issue',
      'select issue_ticket($1, $2, $3, $4, $5, $6, $7, $8, $9, null) as issued',
      [
        key,
        tenantId,
        wanted.address ?? '127.0.0.1',
        sha256Hex(ticket),
        operation,
        target,
        { command: ['echo', 'taken over'], timeoutMs: 1_000 },
        { id: instance },
        wanted.request ?? uniqueWord(),
      ],
    ),
  );
  return row!.issued ? ticket : undefined;
}

const audited = async (request: string) =>
  (
    await api.owner.query(
      'select action, outcome, user_id, tenant_id, key_id, resource_id from audit_logs where request_id = $1',
      [request],
    )
  ).rows;

describe('a ticket', () => {
  it('is written by nobody: the role of the API may not, whatever scope it sets', async () => {
    for (const scope of [{}, { tenantId: owner.tenantId, userId: owner.userId }]) {
      const forged = api.database.transaction(scope, (sql) =>
        sql.query(
          'test.forge',
          `insert into stream_tickets (ticket_hash, tenant_id, user_id, key_id, permissions, operation, target_id, spec, expires_at)
           values ($1, $2, $3, $4, '{*}', 'instances.exec', $5, '{"command": ["id"], "timeoutMs": 1000}', now() + interval '1 hour')`,
          [sha256Hex('forged'), owner.tenantId, owner.userId, owner.keyId, instance],
        ),
      );
      await expect(forged).rejects.toMatchObject({ code: '42501' });
    }
    await expect(
      api.database.transaction({}, (sql) =>
        sql.query('test.prove', 'select * from prove_key($1, $2, null)', [owner.key, owner.tenantId]),
      ),
    ).rejects.toMatchObject({ code: '42501' });
  });

  it('is issued for a key, and not for its hash, which the API can read', async () => {
    expect(await issue(owner.key)).toBeDefined();
    for (const key of [sha256Hex(owner.key), owner.keyId, `thecloud_${randomBytes(16).toString('hex')}`, ''])
      expect(await issue(key)).toBeUndefined();
  });

  const change = async (actor: Actor, text: string) => {
    await api.owner.query(text, [actor.userId]);
    return actor.key;
  };
  const SPOILT: readonly [string, (actor: Actor) => Promise<string>][] = [
    ['has expired', ({ userId, tenantId }) => api.makeKey({ userId, tenantId }, { expired: true })],
    ['was revoked', ({ userId, tenantId }) => api.makeKey({ userId, tenantId }, { revoked: true })],
    ['is of a user who is suspended', (actor) => change(actor, 'update users set suspended_at = now() where id = $1')],
    ['is of an account that is closed', (actor) => change(actor, 'update users set closed_at = now() where id = $1')],
    ['is of somebody who has left', (actor) => change(actor, 'delete from memberships where user_id = $1')],
    [
      'is for other networks',
      (actor) => change(actor, `update api_keys set cidrs = '{10.0.0.0/8}' where user_id = $1`),
    ],
  ];
  it.each(SPOILT)('is not issued for a key that %s', async (_, spoil) => {
    const member = await api.makeMember(owner.tenantId, 'admin');
    expect(await issue(member.key)).toBeDefined();
    expect(await issue(await spoil(member))).toBeUndefined();
  });

  it('is not issued in a tenant that is suspended, nor in one of which the user of the key is no member', async () => {
    const other = await api.makeActor();
    expect(await issue(owner.key, { tenantId: other.tenantId })).toBeUndefined();
    expect(await issue(other.key, { tenantId: other.tenantId })).toBeDefined();
    await api.owner.query(`update tenants set status = 'suspended' where id = $1`, [other.tenantId]);
    expect(await issue(other.key, { tenantId: other.tenantId })).toBeUndefined();
  });

  it('ends within 30 s by the clock of the database', async () => {
    const ticket = await issue(owner.key);
    const { rows } = await api.owner.query<{ left: number }>(
      `select extract(epoch from expires_at - clock_timestamp())::float as left from stream_tickets where ticket_hash = $1`,
      [sha256Hex(ticket!)],
    );
    expect(rows[0]!.left).toBeGreaterThan(25);
    expect(rows[0]!.left).toBeLessThanOrEqual(30);
  });
});

describe('the worker', () => {
  const ran = () => commands;

  it('writes down what it does, also where the API wrote nothing', async () => {
    const request = uniqueWord();
    const before = ran();
    expect(await api.live.call((await issue(owner.key, { request }))!)).toMatchObject({ stdout: 'taken over\n' });
    expect(ran()).toBe(before + 1);
    expect(await audited(request)).toEqual([
      {
        action: 'instance.exec',
        outcome: 'allowed',
        user_id: owner.userId,
        tenant_id: owner.tenantId,
        key_id: owner.keyId,
        resource_id: instance,
      },
    ]);
  });

  it('does nothing that it cannot write down', async () => {
    const ticket = (await issue(owner.key))!;
    const before = ran();
    await api.owner.query('revoke insert (action) on audit_logs from cloud_worker');
    try {
      await expect(api.live.call(ticket)).rejects.toMatchObject({ code: 'INTERNAL' });
    } finally {
      await api.owner.query('grant insert (action) on audit_logs to cloud_worker');
    }
    expect(ran()).toBe(before);
  });

  it('refuses what the key has no permission for, and writes the attempt down', async () => {
    const viewer = await api.makeMember(owner.tenantId, 'viewer');
    const limited = await api.makeMember(owner.tenantId, 'admin');
    await api.owner.query(`update api_keys set permissions = '{vpc:read}' where id = $1`, [limited.keyId]);
    const before = ran();
    for (const { key, keyId } of [viewer, limited]) {
      const request = uniqueWord();
      await expect(api.live.call((await issue(key, { request }))!)).rejects.toMatchObject({ code: 'FORBIDDEN' });
      expect(await audited(request)).toMatchObject([{ action: 'instance.exec', outcome: 'refused', key_id: keyId }]);
    }
    expect(ran()).toBe(before);
  });

  it('refuses an instance that is not the tenant’s, none at all, and an operation that is not its own', async () => {
    const other = await api.makeActor();
    const before = ran();
    const of = (wanted: Wanted) => issue(other.key, { tenantId: other.tenantId, ...wanted });
    for (const target of [instance, newId(), null])
      await expect(api.live.call((await of({ target }))!)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    for (const operation of ['instances.delete', 'none.such'])
      await expect(api.live.call((await of({ operation }))!)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(ran()).toBe(before);
  });

  it('refuses the ticket of a key that was revoked since', async () => {
    const member = await api.makeMember(owner.tenantId, 'admin');
    const ticket = (await issue(member.key))!;
    await api.owner.query('update api_keys set revoked_at = now() where id = $1', [member.keyId]);
    await expect(api.live.call(ticket)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });
});

describe('the key of a caller', () => {
  it('goes with the caller to the database, and shows nowhere', async () => {
    const caller = proveBy(callerOf(owner), owner.key);
    expect(proofOf(caller)).toBe(owner.key);
    expect(JSON.stringify(caller) + inspect(caller, { depth: null, showHidden: true })).not.toContain(owner.key);
    const { status } = await api.call('instances.exec', { id: instance, command: ['echo'] }, owner);
    expect(status).toBe(200);
    expect(api.logLines.join('')).not.toContain(owner.key);
    const { rows } = await api.owner.query('select * from audit_logs');
    expect(JSON.stringify(rows)).not.toContain(owner.key);
  });

  it('is asked for where none came', async () => {
    const call = api.execute(
      'instances.exec',
      { ...callerOf(owner), scopeToken: await signScope(api.owner, owner) } as Caller,
      { id: instance, command: ['echo'] },
      {
        origin: { requestId: uniqueWord() },
      },
    );
    await expect(call).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('API key') });
  });
});
