import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { passOver } from '../../testing/pass.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { createInstanceReconciler } from './reconcile-instance.ts';
import { resolved, secretsIn } from './variables.ts';

const { api, owner, engine, database } = await setUpApi();
const worker = openDatabase({ connectionString: database.workerUrl, max: 2, min: 0 });
afterAll(() => worker.close());
const reconciler = createInstanceReconciler({ engine, clock: systemClock, sealer: api.sealer });

const launch = (env: readonly string[], actor = owner) =>
  api.call('instances.launch', { name: `vm-${uniqueWord()}`, image: 'busybox', env }, actor);
const store = async (verb: string, input: Readonly<Record<string, unknown>>) => {
  const answer = await api.call(`secrets.${verb}`, input, owner);
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.data;
};
const reconcile = (id: string) => reconciler.pass(passOver(worker, { id, tenantId: owner.tenantId }));
const seen = async (id: string) => (await api.call('instances.get', { id }, owner)).data;
const envOf = (id: string) => engine.machines.get(engine.nameOf(id))?.spec.env;

describe('variables', () => {
  it('that begin with @ name secrets, and @@ stands for one @', () => {
    const env = { A: 'plain', B: '@db', C: '@@home', D: '@db', E: '' };
    expect(secretsIn(env)).toEqual(['db']);
    expect(resolved(env, new Map([['db', 'hush']]))).toEqual({ A: 'plain', B: 'hush', C: '@home', D: 'hush', E: '' });
    expect(resolved(env)).toMatchObject({ B: '' });
  });
});

describe('an instance with a secret in its variables', () => {
  it('gets the value at each start, while its row has the name, and each start is audited', async () => {
    const secret = await store('create', { name: 'app/db', value: 'first value' });
    const { data } = await launch(['DB=@app/db', 'MAIL=@@ann', 'PLAIN=x']);
    await reconcile(data.id);
    expect(envOf(data.id)).toEqual({ DB: 'first value', MAIL: '@ann', PLAIN: 'x' });
    expect((await seen(data.id)).status).toBe('RUNNING');
    expect((await seen(data.id)).env).toEqual(['DB=@app/db', 'MAIL=@@ann', 'PLAIN=x']);

    await store('put', { id: secret.id, value: 'second value' });
    await api.call('instances.stop', { id: data.id }, owner);
    await reconcile(data.id);
    await api.call('instances.start', { id: data.id }, owner);
    await reconcile(data.id);
    expect(envOf(data.id)).toMatchObject({ DB: 'second value' });

    const audits = await api.owner.query(
      `select actor, metadata from audit_logs where resource_id = $1 and action = 'secret.access'`,
      [secret.id],
    );
    const read = { actor: 'system:instance', metadata: { instance_id: data.id } };
    expect(audits.rows).toEqual([read, read]);
    const rows = await api.owner.query('select i::text as row from instances i where id = $1', [data.id]);
    expect(rows.rows[0].row).not.toMatch(/first value|second value/);
  });

  it('does not start without its secret, says which one it lacks, and starts when it is there', async () => {
    const secret = await store('create', { name: 'later' });
    const { data } = await launch(['KEY=@later']);
    await reconcile(data.id);
    expect(await seen(data.id)).toMatchObject({
      status: 'ERROR',
      status_reason: expect.stringContaining("the secret 'later' has no value"),
    });
    await store('put', { id: secret.id, value: Buffer.from([0, 255]).toString('base64'), encoding: 'base64' });
    await api.call('instances.start', { id: data.id }, owner);
    await reconcile(data.id);
    expect((await seen(data.id)).status_reason).toContain('is bytes and not text');
    await store('put', { id: secret.id, value: 'here' });
    await api.call('instances.start', { id: data.id }, owner);
    await reconcile(data.id);
    expect([(await seen(data.id)).status, envOf(data.id)]).toEqual(['RUNNING', { KEY: 'here' }]);
    await store('delete', { id: secret.id });
    await api.call('instances.reboot', { id: data.id }, owner);
    await reconcile(data.id);
    expect((await seen(data.id)).status_reason).toContain("'later' does not exist or is being deleted");
  });

  it('is refused to who may not read secrets, and for a secret that is not there', async () => {
    await store('create', { name: 'guarded', value: 'x' });
    const { rows } = await api.owner.query<{ id: string }>(
      `insert into tenant_roles (tenant_id, name) values ($1, 'launcher') returning id`,
      [owner.tenantId],
    );
    await api.owner.query(
      `insert into tenant_role_permissions (role_id, tenant_id, permission) select $1, $2, unnest('{instance:launch,instance:read}'::text[])`,
      [rows[0]!.id, owner.tenantId],
    );
    const launcher = await api.makeMember(owner.tenantId, 'launcher');
    const refused = await launch(['A=@guarded'], launcher);
    expect([refused.status, refused.message]).toEqual([403, expect.stringContaining("the permission 'secret:read'")]);
    expect((await launch(['A=@@guarded'], launcher)).status).toBe(202);
    expect(await launch(['A=@none'])).toMatchObject({ status: 404, message: expect.stringContaining("secret 'none'") });
    const other = await api.makeActor();
    expect((await launch(['A=@guarded'], other)).status).toBe(404);
  });
});
