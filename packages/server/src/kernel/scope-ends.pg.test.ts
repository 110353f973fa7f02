import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { setUpApi } from '../testing/set-up-api.ts';
import type { Actor } from '../testing/test-api.ts';
import type { Sql } from './sql/tx.ts';

// What a process with the role of the API does with a token that was made for somebody.

const { api, owner: user } = await setUpApi();

const tokenOf = async ({ tenantId, userId }: Actor, seconds: number): Promise<string> => {
  const { rows } = await api.owner.query('select sign_scope($1, $2, make_interval(secs => $3)) as token', [
    tenantId,
    userId,
    seconds,
  ]);
  return rows[0].token;
};
const having = async <T>(token: string, work: (sql: Sql) => Promise<T>): Promise<T> =>
  api.database.transaction({ token }, work);
const show = (sql: Sql, { key, tenantId }: Actor) =>
  sql.query('test.show', 'select enter_proof($1, null, $2, null)', [key, tenantId]);
const scope = async (sql: Sql) =>
  (await sql.query<{ token: string }>('test.scope', `select current_setting('cloud.scope') as token`))[0]!.token;
const enter = (sql: Sql, tenantId: string) => sql.query('test.enter', 'select enter_tenant($1)', [tenantId]);

describe('a token', () => {
  it('is good for no longer in one statement than in many', async () => {
    const count = `perform 1 from users where id = '${user.userId}'; if not found then raise 'nothing seen'; end if;`;
    const looping = having(await tokenOf(user, 1), (sql) =>
      sql.query('test.loop', `do $$ begin ${count} perform pg_sleep(2.1); ${count} end $$`),
    );
    await expect(looping).rejects.toMatchObject({ code: '28000' });
  });

  it('makes none that lasts longer than itself', async () => {
    const token = await tokenOf(user, 5);
    const next = await having(token, async (sql) => {
      await show(sql, user);
      await enter(sql, user.tenantId);
      return scope(sql);
    });
    expect(next.slice(64, 80)).toBe(token.slice(64, 80));
  });

  it('leads to another tenant of its user by an unlimited key of that user, and by no other', async () => {
    const other = await api.makeActor();
    await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'owner')`, [
      other.tenantId,
      user.userId,
    ]);
    const go = async (shown: Actor | undefined) =>
      having(await tokenOf(user, 30), async (sql) => {
        if (shown) await show(sql, shown);
        await enter(sql, other.tenantId);
        return scope(sql);
      });
    const act = (inAll: boolean) =>
      api.owner.query(`update api_keys set all_tenants = $2, kind = 'api' where id = $1`, [user.keyId, inAll]);
    await act(false);
    for (const shown of [undefined, other, user]) await expect(go(shown)).rejects.toMatchObject({ code: '42501' });
    await act(true);
    expect((await go(user)).slice(0, 32)).toBe(other.tenantId.replaceAll('-', ''));
  });

  it('is not had for an answer to an invitation that is refused', async () => {
    const other = await api.makeActor();
    const id = randomUUID();
    await api.owner.query(
      `insert into invitations (id, tenant_id, email, role, token_hash, invited_by, sent_at, expires_at)
       select $1, $2, email, 'viewer', repeat('0', 64), $3, now(), now() - interval '1 second' from users where id = $4`,
      [id, other.tenantId, other.userId, user.userId],
    );
    const token = await tokenOf(user, 30);
    const [answered, after] = await having(token, async (sql) => {
      const [row] = await sql.query<{ outcome: string }>(
        'test.answer',
        'select outcome from answer_invitation($1, null, true, 9, now())',
        [id],
      );
      return [row!.outcome, await scope(sql)];
    });
    expect(answered).toBe('expired');
    expect(after).toBe(token);
  });
});
