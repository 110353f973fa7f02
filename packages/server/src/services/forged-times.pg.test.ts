import { describe, expect, it } from 'vitest';
import { newId, sha256Hex } from '../kernel/ids.ts';
import { setUpApi } from '../testing/set-up-api.ts';
import { uniqueWord } from '../testing/test-api.ts';

// What a process with the role of the API does not do by a time that it makes up.

const { api } = await setUpApi();
const asApi = <T>(who: { userId: string; tenantId: string }, text: string, values: readonly unknown[]) =>
  api.database.transaction(who, (sql) => sql.query<T>('test.attack', text, values));

describe('a time that the API makes up', () => {
  it.each(['infinity', null, '2999-01-01'])('lets no session last longer than 30 days: %s', async (end) => {
    const actor = await api.makeActor();
    const { rows } = await api.owner.query('select password_hash as hash from users where id = $1', [actor.userId]);
    const id = newId();
    await asApi(actor, `select open_session($1, $2, $3, $4, 'prefix', $5, null, null, now())`, [
      actor.userId,
      rows[0].hash,
      id,
      sha256Hex(uniqueWord()),
      end,
    ]);
    const made = await api.owner.query(
      `select expires_at <= now() + interval '30 days 1 minute' as ends from api_keys where id = $1`,
      [id],
    );
    expect(made.rows).toEqual([{ ends: true }]);
  });

  it('lets no token of a password count that has expired', async () => {
    const actor = await api.makeActor();
    const spend = async (end: string) => {
      const hash = sha256Hex(uniqueWord());
      await api.owner.query(
        `insert into password_resets (id, user_id, token_hash, created_at, expires_at)
         values ($1, $2, $3, now() - interval '2 hours', now() + $4::interval)`,
        [newId(), actor.userId, hash, end],
      );
      const [row] = await asApi<{ who: string | null }>(
        actor,
        `select reset_password($1, '!', 'here', now() - interval '90 minutes') as who`,
        [hash],
      );
      return row!.who;
    };
    expect(await spend('-1 hour')).toBeNull();
    expect(await spend('1 minute')).toBe(actor.userId);
  });

  it('sends a user no more than three tokens an hour, and lets none last longer than that', async () => {
    const actor = await api.makeActor();
    let sent = 0;
    for (let day = 1; day <= 5; day++) {
      const rows = await asApi(
        actor,
        'select user_id from request_password_reset($1, $2, $3, $4, now() + $5::interval)',
        [actor.email, newId(), uniqueWord(), newId(), `${day} days`],
      );
      sent += rows.length;
    }
    expect(sent).toBe(3);
    const lasting = await api.owner.query(
      `select 1 from password_resets where user_id = $1 and expires_at > now() + interval '61 minutes'`,
      [actor.userId],
    );
    expect(lasting.rowCount).toBe(0);
  });

  it('refuses an expired invitation', async () => {
    const host = await api.makeActor();
    const guest = await api.makeActor();
    const { data } = await api.send('POST', `/tenants/${host.tenantId}/invitations`, {
      key: host.key,
      body: { email: guest.email, role: 'viewer' },
    });
    const id = data.id;
    await api.owner.query(`update invitations set expires_at = now() - interval '1 hour' where id = $1`, [id]);
    const past = `now() - interval '2 hours'`;
    expect(
      await asApi(guest, `select id from my_invitations($1, 9, ${past})`, ['ffffffff-ffff-ffff-ffff-ffffffffffff']),
    ).toEqual([]);
    const [answer] = await asApi<{ outcome: string }>(
      guest,
      `select outcome from answer_invitation($1, null, true, 9, ${past})`,
      [id],
    );
    expect(answer!.outcome).toBe('expired');
  });
});
