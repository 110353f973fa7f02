import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newId, sha256Hex } from '../kernel/ids.ts';
import { type Database, openDatabase } from '../kernel/sql/pool.ts';
import type { Sql } from '../kernel/sql/tx.ts';
import { setUpApi } from '../testing/set-up-api.ts';
import { type Actor, PASSWORD, uniqueWord } from '../testing/test-api.ts';
import { hashPassword } from './identity/password.ts';

// What a process with the roles of the API does not do to who may what: it sets any scope that it likes, and has no key but the attacker's own.

const { api, database, owner: victim } = await setUpApi();
const attacker = await api.makeActor();

/** In the victim's scope, after the attacker's own key was shown. */
async function as<T>(pool: Database, whose: Actor, text: string, values: readonly unknown[] = []): Promise<T[]> {
  return pool.transaction(whose, async (sql) => {
    await show(sql, attacker, whose);
    return sql.query<T>('test.attack', text, values);
  });
}
const show = (sql: Sql, { key }: Actor, { tenantId }: Actor) =>
  sql.query('test.show', 'select enter_proof($1, null, $2, null)', [key, tenantId]);
const asApi = <T>(text: string, values?: readonly unknown[], whose = victim) =>
  as<T>(api.database, whose, text, values);

async function asOperator<T>(text: string, values: readonly unknown[] = []): Promise<T[]> {
  const pool = openDatabase({ connectionString: database.operatorUrl, max: 1, min: 0 });
  try {
    return await as<T>(pool, victim, text, values);
  } finally {
    await pool.close();
  }
}
const REFUSED = { code: '42501' };

describe('a key', () => {
  const insert = (kind: string, userId: string, tenantId: string) => [
    `insert into api_keys (id, user_id, tenant_id, key, name, kind, expires_at, made_with)
     values ($1, $2, $3, $4, 'forged', '${kind}', now() + interval '1 day', $5)`,
    [newId(), userId, tenantId, sha256Hex(randomBytes(16).toString('hex')), attacker.keyId],
  ];
  it.each(['api', 'session', 'temporary'])('of kind %s is made for nobody else', async (kind) => {
    const [text, values] = insert(kind, victim.userId, victim.tenantId);
    await expect(asApi(text as string, values as unknown[])).rejects.toMatchObject(REFUSED);
  });

  it('is made only in a transaction that was shown one', async () => {
    const [text, values] = insert('api', attacker.userId, attacker.tenantId) as [string, unknown[]];
    const unshown = api.database.transaction(attacker, (sql) => sql.query('test.attack', text, values));
    await expect(unshown).rejects.toMatchObject(REFUSED);
    await asApi(text, values, attacker);
  });

  it('is not the proof of the next transaction of a connection', async () => {
    const pool = openDatabase({ connectionString: database.apiUrl, max: 1, min: 0 });
    const [text, values] = insert('api', attacker.userId, attacker.tenantId) as [string, unknown[]];
    await pool.transaction(attacker, (sql) => show(sql, attacker, attacker));
    await expect(pool.transaction(attacker, (sql) => sql.query('test.attack', text, values))).rejects.toMatchObject(
      REFUSED,
    );
    await pool.close();
    expect((await api.owner.query('select from proofs')).rowCount).toBe(0);
  });

  it('does not come back once it was revoked, and is not made wider', async () => {
    const limited = await api.makeMember(attacker.tenantId, 'admin');
    const set = async (text: string, shown: Actor) =>
      api.database.transaction(limited, async (sql) => {
        await show(sql, shown, limited);
        await sql.query('test.attack', text, [limited.keyId]);
      });
    await api.owner.query(`update api_keys set permissions = '{identity:create,vpc:read}' where id = $1`, [
      limited.keyId,
    ]);
    const wider = [
      'update api_keys set permissions = null where id = $1',
      `update api_keys set permissions = permissions || '{instance:update}' where id = $1`,
    ];
    for (const text of wider)
      for (const shown of [limited, attacker]) await expect(set(text, shown)).rejects.toMatchObject(REFUSED);
    await set(`update api_keys set permissions = '{vpc:read}' where id = $1`, limited);
    await api.owner.query('update api_keys set revoked_at = now() where id = $1', [limited.keyId]);
    await expect(set('update api_keys set revoked_at = null where id = $1', attacker)).rejects.toMatchObject(REFUSED);
  });

  it('that was shown counts for 30 s, though the transaction be held open', async () => {
    const session = await api.owner.connect();
    onTestFinished(() => session.release());
    const change = async (seconds: number) => {
      await session.query('begin');
      try {
        await session.query('select enter_proof($1, null, $2, null)', [attacker.key, attacker.tenantId]);
        await session.query('update proofs set shown_at = shown_at - make_interval(secs => $1)', [seconds]);
        await session.query(`select change_password_by_key($1, '!', null, now())`, [attacker.userId]);
      } finally {
        await session.query('rollback');
      }
    };
    await change(25);
    await expect(change(30)).rejects.toMatchObject(REFUSED);
  });

  it('that is made with another one ends with it, whatever the API says', async () => {
    const root = { ...attacker, key: await api.makeKey(attacker), keyId: '' };
    const { rows } = await api.owner.query<{ id: string }>('select id from api_keys where key = $1', [
      sha256Hex(root.key),
    ]);
    root.keyId = rows[0]!.id;
    const insert = (madeWith: string | null) =>
      api.database.transaction(attacker, async (sql) => {
        await show(sql, root, attacker);
        return sql.query<{ id: string }>(
          'test.attack',
          `insert into api_keys (user_id, tenant_id, key, name, made_with) values ($1, $2, $3, 'made', $4) returning id`,
          [attacker.userId, attacker.tenantId, sha256Hex(uniqueWord()), madeWith],
        );
      });
    for (const madeWith of [null, attacker.keyId, newId()])
      await expect(insert(madeWith)).rejects.toMatchObject(REFUSED);
    const [made] = await insert(root.keyId);
    const moved = asApi('select replace_made_with($1, $2)', [root.keyId, attacker.keyId], attacker);
    await expect(moved).rejects.toMatchObject(REFUSED);
    const revoked = await api.call('keys.revoke', { id: root.keyId }, attacker);
    expect(revoked.status).toBeLessThan(300);
    const left = await api.owner.query('select revoked_at is not null as ended from api_keys where id = $1', [
      made!.id,
    ]);
    expect(left.rows[0].ended).toBe(true);
  });

  it('that is made by a signature works at the AWS door only', async () => {
    const { rows } = await api.owner.query<{ id: string }>(
      `insert into api_keys (user_id, tenant_id, key, aws_access_key_id, aws_secret_sealed) values ($1, $2, $3, $4, 'sealed') returning id`,
      [victim.userId, victim.tenantId, uniqueWord(), uniqueWord()],
    );
    const chosen = sha256Hex(uniqueWord());
    const made = await api.database.transaction(victim, async (sql) => {
      await sql.query('test.show', 'select enter_proof(null, $1, $2, null)', [rows[0]!.id, victim.tenantId]);
      return sql.query<{ id: string }>(
        'test.attack',
        `insert into api_keys (user_id, tenant_id, key, made_with) values ($1, $2, $3, $4) returning id`,
        [victim.userId, victim.tenantId, chosen, rows[0]!.id],
      );
    });
    const stored = await api.owner.query('select key from api_keys where id = $1', [made[0]!.id]);
    expect(stored.rows[0].key).toMatch(/^[0-9a-f]{64}$/);
    expect(stored.rows[0].key).not.toBe(chosen);
  });
});

describe('a guess', () => {
  it('that the API dates in a far future counts for a day and a quarter of an hour', async () => {
    const one = await api.makeActor();
    for (let times = 0; times < 5; times++)
      await asApi(`select record_guess($1, 'there', false, 'infinity')`, [one.userId]);
    await api.owner.query(
      `insert into second_factors (user_id, secret_sealed, created_at, confirmed_at) values ($1, 'x', now(), now())`,
      [one.userId],
    );
    await asApi('select use_code_step($1, 99999999999)', [one.userId]);
    const { rows } = await api.owner.query(
      `select locked_until < now() + interval '25 hours' as ends, last_step < 99999999999 as has_steps
       from users u join second_factors f on f.user_id = u.id where u.id = $1`,
      [one.userId],
    );
    expect(rows).toEqual([{ ends: true, has_steps: true }]);
  });
});

describe('a password', () => {
  it('has a hash that the API reads of nobody, alone or in bulk', async () => {
    for (const text of ['select password_hash from users', 'select users::text from users'])
      await expect(asApi(text)).rejects.toMatchObject(REFUSED);
    const [login] = await asApi<{ password_salt: string }>('select * from find_login($1)', [victim.email]);
    expect(login!.password_salt).toHaveLength(29);
    const { rows } = await api.owner.query('select password_hash from users where id = $1', [victim.userId]);
    expect(JSON.stringify(login)).not.toContain(rows[0].password_hash.slice(29));
    await expect(asApi('select * from admit_guess($1, $2, now())', [victim.userId, 'here'])).rejects.toMatchObject(
      REFUSED,
    );
  });

  it('opens a session, and nothing else does', async () => {
    const open = async (offered: string) => {
      const [row] = await asApi<{ opened: boolean }>(
        `select open_session($1, $2, $3, $4, 'prefix', now() + interval '1 hour', null, null, now()) as opened`,
        [victim.userId, offered, newId(), sha256Hex(uniqueWord())],
      );
      return row!.opened;
    };
    const { rows } = await api.owner.query('select password_hash as hash from users where id = $1', [victim.userId]);
    expect(await open(rows[0].hash.slice(0, 29))).toBe(false);
    expect(await open(await hashPassword(PASSWORD))).toBe(false);
    expect(await open('')).toBe(false);
    expect(await open(rows[0].hash)).toBe(true);
  });

  it('is changed by its user, and an account closed', async () => {
    for (const text of [
      `select change_password_by_key($1, '!', null, now())`,
      `select change_password($1, '!', null, now())`,
      'select close_account_by_key($1, now())',
      'select close_account($1, now())',
    ])
      await expect(asApi(text, [victim.userId])).rejects.toMatchObject(REFUSED);
  });
});

describe('a member', () => {
  it('is nobody by the word of the API, and has no other role by it', async () => {
    const member = await api.makeMember(victim.tenantId, 'viewer');
    for (const text of [
      `insert into memberships (tenant_id, user_id, role) values ($1, $2, 'owner')`,
      `insert into memberships (tenant_id, user_id, role) values ($1, $2, 'viewer')`,
    ])
      await expect(asApi(text, [victim.tenantId, attacker.userId])).rejects.toMatchObject(REFUSED);
    const raise = `update memberships set role = 'owner' where tenant_id = $1 and user_id = $2`;
    await expect(asApi(raise, [victim.tenantId, member.userId])).rejects.toMatchObject(REFUSED);
    await expect(asApi('delete from memberships')).rejects.toMatchObject(REFUSED);
    for (const shown of [member, await api.makeMember(victim.tenantId, 'admin')]) {
      const own = api.database.transaction(victim, async (sql) => {
        await show(sql, shown, victim);
        await sql.query('test.attack', raise, [victim.tenantId, shown.userId]);
      });
      await expect(own).rejects.toMatchObject(REFUSED);
    }
  });

  it('is nobody by an invitation that waits for an address, registered with an earlier date', async () => {
    const email = `${uniqueWord()}@example.com`;
    const { data } = await api.send('POST', `/tenants/${victim.tenantId}/invitations`, {
      key: victim.key,
      body: { email, role: 'owner' },
    });
    const early = `'2000-01-01'`;
    const answer = async (sql: Sql) => {
      const rows = await sql.query('test.attack', `select id from my_invitations($1, 9, now())`, [newId()]);
      expect(rows).toEqual([]);
      return sql.query('test.attack', 'select outcome from answer_invitation($1, null, true, 1000, now())', [data.id]);
    };
    const registered = api.database.transaction(attacker, async (sql) => {
      const values = [newId(), email, newId(), uniqueWord(), String(900_000_000_000 + Math.trunc(performance.now()))];
      await sql.query('test.attack', `select register_user($1, $2, '!', '', $3, '', $4, $5, ${early})`, values);
      expect(await answer(sql)).toEqual([{ outcome: 'token_needed' }]);
      await sql.query('test.undo', `select 1 / 0`);
    });
    await expect(registered).rejects.toMatchObject({ code: '22012' });
    const changed = api.database.transaction(attacker, async (sql) => {
      await show(sql, attacker, attacker);
      await sql.query('test.attack', `update users set email = $1, email_changed_at = ${early} where id = $2`, [
        email,
        attacker.userId,
      ]);
      expect(await answer(sql)).toEqual([{ outcome: 'token_needed' }]);
      await sql.query('test.undo', `select 1 / 0`);
    });
    await expect(changed).rejects.toMatchObject({ code: '22012' });
  });

  it('stays, and the tenant’s owner too, by the signature of the owner’s key', async () => {
    const { rows } = await api.owner.query<{ id: string }>(
      `insert into api_keys (user_id, tenant_id, key, aws_access_key_id, aws_secret_sealed) values ($1, $2, $3, $4, 'sealed') returning id`,
      [victim.userId, victim.tenantId, uniqueWord(), uniqueWord()],
    );
    for (const text of [
      `update tenants set owner_id = '${attacker.userId}' where id = '${victim.tenantId}'`,
      `select end_memberships('${victim.userId}')`,
    ]) {
      const signed = api.database.transaction(victim, async (sql) => {
        await sql.query('test.show', 'select enter_proof(null, $1, $2, null)', [rows[0]!.id, victim.tenantId]);
        await sql.query('test.attack', text);
        await sql.query('test.undo', `select 1 / 0`);
      });
      await expect(signed, text).rejects.toMatchObject(REFUSED);
    }
  });

  it('has a role that nobody widens or renames, and an invitation that nobody writes', async () => {
    const { rows } = await api.owner.query<{ id: string }>(
      `insert into tenant_roles (tenant_id, name) values ($1, 'helper') returning id`,
      [victim.tenantId],
    );
    await expect(
      asApi(`insert into tenant_role_permissions (tenant_id, role_id, permission) values ($1, $2, '*')`, [
        victim.tenantId,
        rows[0]!.id,
      ]),
    ).rejects.toMatchObject(REFUSED);
    await expect(asApi(`update tenant_roles set name = 'other' where id = $1`, [rows[0]!.id])).rejects.toMatchObject(
      REFUSED,
    );
    for (const inviter of [victim, attacker])
      await expect(
        asApi(
          `insert into invitations (id, tenant_id, email, role, token_hash, invited_by, sent_at, expires_at)
           values ($1, $2, $3, 'owner', $4, $5, now(), now() + interval '1 day')`,
          [newId(), victim.tenantId, attacker.email, sha256Hex('token'), inviter.userId],
        ),
      ).rejects.toMatchObject(REFUSED);
  });
});

describe('a user', () => {
  it('has no other second factor, owner, end or retention, and its members stay', async () => {
    const changes = [
      'update tenants set require_second_factor = not require_second_factor where id = $1',
      `update tenants set owner_id = '${attacker.userId}' where id = $1`,
      'update tenants set closed_at = now() where id = $1',
      'update tenants set audit_retention_days = 1 where id = $1',
      'select end_memberships(null) where $1::uuid is not null',
      `select end_memberships('${victim.userId}') where $1::uuid is not null`,
    ];
    for (const text of changes) {
      await expect(asApi(text, [victim.tenantId]), text).rejects.toMatchObject(REFUSED);
      // With the key of a member who may not.
      const viewer = await api.makeMember(victim.tenantId, 'viewer');
      const shown = api.database.transaction(victim, async (sql) => {
        await show(sql, viewer, victim);
        return sql.query('test.attack', text, [victim.tenantId]);
      });
      await expect(shown, text).rejects.toMatchObject(REFUSED);
    }
  });

  it('gets no new password by a token that the API chose', async () => {
    const chosen = sha256Hex('chosen');
    const mailId = newId();
    const ask = 'select user_id from request_password_reset($1, $2, $3, $4, now())';
    expect(await asApi(ask, [victim.email, newId(), 'somewhere', mailId])).toHaveLength(1);
    const attempts: [string, unknown[]][] = [
      ['select open_password_reset($1, $2, $3, now())', [mailId, newId(), chosen]],
      ['update password_resets set token_hash = $1', [chosen]],
      [
        `insert into password_resets (id, user_id, token_hash, created_at, expires_at) values ($1, $2, $3, now(), now() + interval '1 hour')`,
        [newId(), victim.userId, chosen],
      ],
    ];
    for (const [text, values] of attempts) await expect(asApi(text, values), text).rejects.toMatchObject(REFUSED);
    await expect(
      asOperator('select open_password_reset_by_key($1, $2, $3, now())', [mailId, newId(), chosen]),
    ).rejects.toMatchObject(REFUSED);
    expect(await asApi(`select reset_password($1, 'x', 'somewhere', now()) as who`, [chosen])).toEqual([{ who: null }]);
  });

  it('has an address and a second factor that are their own', async () => {
    for (const text of [
      `update users set email = 'attacker@example.com' where id = $1`,
      `insert into second_factors (user_id, secret_sealed, created_at) values ($1, 'x', now())`,
      `update users set role = 'admin' where id = $1`,
    ])
      await expect(asApi(text, [victim.userId])).rejects.toMatchObject(REFUSED);
  });

  it('becomes operator by an operator’s key, who alone resets, suspends and drains', async () => {
    for (const text of [
      'select set_operator_by_key($1, true, now())',
      'select set_operator($1, true, now())',
      `select issue_password_reset_by_key($1, $1, 'hash', now())`,
      `select issue_password_reset($1, $1, 'hash', now())`,
      'select remove_second_factor_by_key($1)',
      'select clear_guesses($1)',
      'select clear_guesses_by_key($1)',
      `update reconcile set due_at = 'infinity' where id <> $1`,
      'update users set suspended_at = now() where id = $1',
      `update tenants set status = 'suspended' where owner_id = $1`,
      `insert into quotas (tenant_id, resource, max) select id, 'vpcs', 9 from tenants where owner_id = $1`,
      'select operator_stop_instances($1, now())',
      'select operator_end_sessions(null, $1, now())',
      'select take_mail($1, now())',
      'update hosts set draining_since = now() where id = $1',
      'update hosts set limit_vcpus = 1 where id = $1',
    ])
      await expect(asOperator(text, [attacker.userId]), text).rejects.toMatchObject(REFUSED);
    await api.owner.query(`update users set role = 'admin' where id = $1`, [attacker.userId]);
    const [row] = await asOperator<{ outcome: string }>('select set_operator_by_key($1, true, now()) as outcome', [
      victim.userId,
    ]);
    expect(row!.outcome).toBe('done');
  });
});
