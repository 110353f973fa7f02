import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { ec2Client, makeAwsKey } from '../../testing/aws-clients.ts';
import { eventually } from '../../testing/seed.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, PASSWORD } from '../../testing/test-api.ts';
import { codeOfStep, stepAt } from './totp.ts';

const { api } = await setUpApi();

const login = (actor: Pick<Actor, 'email'>, code?: string, password = PASSWORD) =>
  api.call('auth.login', { email: actor.email, password, ...(code === undefined ? {} : { code }) }, undefined);
const call = (verb: string, input: object, actor: Actor) =>
  api.call(`second-factor.${verb}`, input as Record<string, unknown>, actor);
/** The code of the step that is so many from the present one. */
const codeIn = (secret: string, steps = 0) => codeOfStep(secret, stepAt(Date.now()) + steps);

/** Somebody with a second factor, whose code of the step before the present one is used. */
async function enrolled(): Promise<{ actor: Actor; secret: string; recovery: string[] }> {
  const actor = await api.makeActor();
  const { data } = await call('enrol', { password: PASSWORD }, actor);
  const confirmed = await call('confirm', { code: codeIn(data.secret, -1) }, actor);
  expect(confirmed.status, confirmed.text).toBe(200);
  return { actor, secret: data.secret, recovery: confirmed.data.recovery_codes };
}

describe('a second factor', () => {
  it('is enrolled with the password, sealed, and asked for once a code has confirmed it', async () => {
    const actor = await api.makeActor();
    expect((await call('enrol', { password: 'not it' }, actor)).status).toBe(401);
    const first = (await call('enrol', { password: PASSWORD }, actor)).data;
    const { secret, uri } = (await call('enrol', { password: PASSWORD }, actor)).data;
    expect(uri).toContain(`secret=${secret}`);
    expect(secret).not.toBe(first.secret);
    const { rows } = await api.owner.query('select secret_sealed from second_factors where user_id = $1', [
      actor.userId,
    ]);
    expect(rows[0].secret_sealed).not.toContain(secret);
    expect((await login(actor)).status, 'not confirmed').toBe(200);
    expect((await call('confirm', { code: codeIn(first.secret) }, actor)).status).toBe(401);
    const confirmed = await call('confirm', { code: codeIn(secret) }, actor);
    expect(confirmed.data.recovery_codes).toHaveLength(10);
    expect(new Set(confirmed.data.recovery_codes).size).toBe(10);
    for (const code of confirmed.data.recovery_codes) expect(code).toMatch(/^([a-z2-7]{4}-){3}[a-z2-7]{4}$/);
    expect(await login(actor)).toMatchObject({ status: 401, code: 'SECOND_FACTOR_REQUIRED' });
    expect((await call('get', {}, actor)).data).toMatchObject({ enabled: true, recovery_codes_left: 10 });
    expect((await call('enrol', { password: PASSWORD }, actor)).status).toBe(409);
    expect((await call('confirm', { code: codeIn(secret, 1) }, actor)).status).toBe(409);
  });

  it('lets a code in once, and none of an earlier step after it', async () => {
    const { actor, secret } = await enrolled();
    expect((await login(actor, codeIn(secret, -1))).status, 'used to confirm').toBe(401);
    const code = codeIn(secret);
    expect((await login(actor, code, 'wrong')).message).toMatch(/^invalid email or password/);
    expect((await login(actor, `${code.slice(0, 3)} ${code.slice(3)}`)).status).toBe(200);
    expect(await login(actor, code)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
  });

  it('lets a code in once that is used many times at once', async () => {
    const { actor, secret, recovery } = await enrolled();
    for (const code of [codeIn(secret), recovery[0]!]) {
      const statuses = await Promise.all(Array.from({ length: 4 }, async () => (await login(actor, code)).status));
      expect(statuses.sort()).toEqual([200, 401, 401, 401]);
    }
  });

  it('takes each recovery code once, in any case, and new ones replace the old', async () => {
    const { actor, recovery } = await enrolled();
    expect((await login(actor, recovery[0]!.toUpperCase().replaceAll('-', ' '))).status).toBe(200);
    expect((await login(actor, recovery[0]!)).status).toBe(401);
    expect((await call('get', {}, actor)).data.recovery_codes_left).toBe(9);
    const fresh = (await call('recoveryCodes', { code: recovery[1]! }, actor)).data.recovery_codes as string[];
    expect(fresh).toHaveLength(10);
    expect((await login(actor, recovery[2]!)).status).toBe(401);
    expect((await login(actor, fresh[0]!)).status).toBe(200);
    const { rows } = await api.owner.query('select code_hash from recovery_codes where user_id = $1', [actor.userId]);
    for (const { code_hash: hash } of rows) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(api.logLines.join()).not.toContain(fresh[1]!);
  });

  it('counts wrong codes as wrong passwords, also at once', async () => {
    const { actor, secret } = await enrolled();
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => login(actor, `00000${n}`)));
    expect(answers.filter(({ message }) => message?.startsWith('the code is wrong'))).toHaveLength(5);
    expect(answers.filter(({ message }) => message?.includes('none is accepted'))).toHaveLength(3);
    expect((await login(actor, codeIn(secret))).message).toContain('none is accepted');
    expect((await call('disable', { code: codeIn(secret) }, actor)).message).toContain('locked');
  });

  it('is removed by a code only', async () => {
    const { actor, secret } = await enrolled();
    expect((await call('disable', { code: '000000' }, actor)).status).toBe(401);
    expect((await call('disable', { code: codeIn(secret) }, actor)).data).toEqual({ enabled: false });
    expect((await login(actor)).status).toBe(200);
    expect((await call('disable', { code: codeIn(secret) }, actor)).status).toBe(409);
    expect((await call('get', {}, actor)).data).toEqual({ enabled: false, recovery_codes_left: 0 });
  });

  it('is not replaced by a reset of the password', async () => {
    const { actor } = await enrolled();
    const { rows } = await api.owner.query('select confirmed_at from second_factors where user_id = $1', [
      actor.userId,
    ]);
    expect(rows[0].confirmed_at).not.toBeNull();
    await api.owner.query(`select reset_password('none', 'x', '192.0.2.1', now())`);
    expect((await login(actor)).code).toBe('SECOND_FACTOR_REQUIRED');
  });
});

describe('a tenant that requires a second factor', () => {
  it('refuses members without one, with the way out, at both doors; what concerns their user stays open', async () => {
    const actor = await api.makeActor();
    const other = await api.makeActor();
    await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'developer')`, [
      actor.tenantId,
      other.userId,
    ]);
    const aws = ec2Client(api, await makeAwsKey(api, actor));
    const vpcs = (who: { key: string }, tenantId = actor.tenantId) =>
      api.call('vpcs.list', {}, who, { headers: { 'x-tenant-id': tenantId } });
    expect((await vpcs(actor)).status).toBe(200);
    const require = (wanted: boolean) =>
      api.owner.query('update tenants set require_second_factor = $2 where id = $1', [actor.tenantId, wanted]);
    await require(true);
    await eventually('reads are refused', async () => (await vpcs(actor)).status === 403, 2_000);
    for (const who of [actor, other])
      expect(await vpcs(who)).toMatchObject({
        status: 403,
        code: 'FORBIDDEN',
        message: expect.stringContaining('cloud second-factor enrol'),
      });
    await expect(aws.send(new DescribeInstancesCommand({}))).rejects.toThrow('requires a second factor');
    expect((await api.call('vpcs.create', { name: 'no' }, actor)).status).toBe(403);
    expect((await vpcs(other, other.tenantId)).status, 'their own tenant').toBe(200);
    expect((await api.call('auth.me', {}, actor)).status).toBe(200);

    const { secret } = (await call('enrol', { password: PASSWORD }, actor)).data;
    expect((await vpcs(actor)).status, 'enrolled is not confirmed').toBe(403);
    expect((await call('confirm', { code: codeIn(secret) }, actor)).status).toBe(200);
    await eventually('let in', async () => (await vpcs(actor)).status === 200, 2_000);
    await aws.send(new DescribeInstancesCommand({}));
    expect((await vpcs(other)).status).toBe(403);
    expect((await call('disable', { code: codeIn(secret, 1) }, actor)).status).toBe(200);
    await eventually('refused again', async () => (await vpcs(actor)).status === 403, 2_000);
    await require(false);
    await eventually('open again', async () => (await vpcs(other)).status === 200, 2_000);
  });
});
