import { describe, expect, it } from 'vitest';
import type { AwsServiceId } from '../../kernel/aws-actions.ts';
import { newAwsKeyPair } from '../../kernel/ids.ts';
import { allOperations } from '../../testing/all-operations.ts';
import { awsClient, awsCommand, type AwsKey, makeAwsKey, type MadeKey } from '../../testing/aws-clients.ts';
import { setUpOperations } from '../../testing/operation-world.ts';
import { uniqueWord } from '../../testing/test-api.ts';

// Whatever an action does: who may not is refused in AWS's words, and nothing changes. The owner's same call succeeds.

const options = allOperations();
const world = setUpOperations(options);
const actions = options.registry.services.flatMap((service) =>
  (service.aws ?? []).flatMap((part) => Object.keys(part.actions).map((name) => [part.service, name] as const)),
);
/** Without a permission: every key may ask whose it is, as at AWS. */
const FOR_EVERY_KEY = ['GetCallerIdentity'];

const CODES = {
  ec2: { forbidden: 'UnauthorizedOperation', unauthorized: 'AuthFailure' },
  sts: { forbidden: 'AccessDenied', unauthorized: 'InvalidClientTokenId' },
} satisfies Partial<Record<AwsServiceId, object>>;

/** `ok` and what was answered, or the name of AWS's error and its message. */
async function ask(service: AwsServiceId, action: string, key: AwsKey): Promise<readonly [string, string]> {
  const sender = awsClient(service, world.api, key) as { send(command: unknown): Promise<unknown> };
  return sender.send(awsCommand(service, action, {})).then(
    (answer: unknown) => ['ok', JSON.stringify(answer)] as const,
    (error: Error) => [error.name, error.message] as const,
  );
}

it('there are codes for each service that has actions', () => {
  expect(actions.length).toBeGreaterThan(2);
  for (const [service] of actions) expect(Object.keys(CODES)).toContain(service);
});

describe.each(actions)('%s %s', (service, action) => {
  const { forbidden, unauthorized } = CODES[service as keyof typeof CODES];

  /** The same key before the change and after it. */
  const refuse = async (change: (key: MadeKey) => Promise<unknown>, expected: readonly [string, unknown]) => {
    const { api } = world;
    const key = await makeAwsKey(api, await api.makeActor());
    expect((await ask(service, action, key))[0]).toBe('ok');
    await change(key);
    // The announcement of the change is on its way.
    await expect.poll(async () => (await ask(service, action, key))[0], { timeout: 2_000 }).not.toBe('ok');
    await world.expectNoChange(async () => expect(await ask(service, action, key)).toEqual(expected));
  };
  const update = (text: string) => (key: MadeKey) => world.api.owner.query(text, [key.keyId]);

  it('is refused without a signature, with a wrong one, and with a key that does not exist', async () => {
    const { api } = world;
    const key = await makeAwsKey(api, world.owner);
    await world.expectNoChange(async () => {
      const version = { ec2: '2016-11-15', sts: '2011-06-15' }[service as 'ec2' | 'sts'];
      const unsigned = await fetch(`${api.awsUrl}/?Action=${action}&Version=${version}`);
      expect([401, 403]).toContain(unsigned.status);
      expect((await ask(service, action, { ...key, secretAccessKey: 'x'.repeat(40) }))[0]).toBe(
        'SignatureDoesNotMatch',
      );
      expect((await ask(service, action, newAwsKeyPair()))[0]).toBe(unauthorized);
    });
    expect((await ask(service, action, key))[0]).toBe('ok');
  });

  it('is refused to a key that was revoked', () =>
    refuse(update('update api_keys set revoked_at = now() where id = $1'), [unauthorized, 'this API key was revoked']));

  it('is refused to a key that has expired', () =>
    refuse(update(`update api_keys set expires_at = now() - interval '1 s' where id = $1`), [
      unauthorized,
      expect.stringContaining('has expired'),
    ]));

  it('is refused to a key that is for another network', () =>
    refuse(
      ({ keyId, actor }) => world.api.call('keys.update', { id: keyId, cidrs: ['192.0.2.0/24'] }, actor),
      [forbidden, 'this API key works only from 192.0.2.0/24, and this call came from 127.0.0.1'],
    ));

  it('is refused where the user is no member any more', () =>
    refuse(
      ({ actor }) => world.api.owner.query('delete from memberships where user_id = $1', [actor.userId]),
      [unauthorized, expect.any(String)],
    ));

  it('is refused in a tenant that is suspended', () =>
    refuse(
      ({ actor }) => world.api.owner.query(`update tenants set status = 'suspended' where id = $1`, [actor.tenantId]),
      [forbidden, expect.stringContaining('suspended')],
    ));

  const withPermission: (name: string, test: () => Promise<void>) => void = FOR_EVERY_KEY.includes(action)
    ? () => undefined
    : it;
  withPermission('is refused to a role without its permission', () =>
    refuse(
      async ({ actor }) => {
        const role = uniqueWord();
        await world.api.owner.query('insert into tenant_roles (tenant_id, name) values ($1, $2)', [
          actor.tenantId,
          role,
        ]);
        await world.api.owner.query('update memberships set role = $2 where user_id = $1', [actor.userId, role]);
      },
      [forbidden, expect.stringMatching(/^this needs the permission '.*', which the role '/)],
    ),
  );

  withPermission('is refused to a key that is limited to another permission', () =>
    refuse(
      ({ keyId, actor }) => world.api.call('keys.update', { id: keyId, permissions: ['audit:read'] }, actor),
      [forbidden, expect.stringMatching(/^this needs the permission '.*', and this API key is limited to audit:read$/)],
    ),
  );

  withPermission("answers nothing of another tenant's", async () => {
    const { api, owner, stranger } = world;
    for (const entry of options.registry.entries.values())
      if (['vpcs.list', 'instances.list'].includes(entry.name)) await world.inputOf(entry);
    const idsIn = (text: string) => new Set(text.match(/\b(?:vpc|i|subnet|sg)-[0-9a-f]{17}\b/g) ?? []);
    const mine = idsIn((await ask(service, action, await makeAwsKey(api, owner)))[1]);
    expect(mine.size).toBeGreaterThan(0);
    const [outcome, text] = await ask(service, action, await makeAwsKey(api, stranger));
    expect(outcome).toBe('ok');
    expect([...idsIn(text)].filter((id) => mine.has(id))).toEqual([]);
  });
});
