import { type Client, createClient, type RunningPlatform } from '../../packages/testkit/src/platform-api.ts';
import { PASSWORD } from '../../packages/testkit/src/platform-client.ts';
import { addTypes, TINY } from '../acceptance/instances.ts';

/** A user, and how a test calls as them in the tenant of the world. */
export interface Person {
  readonly name: string;
  readonly email: string;
  readonly password: string;
  /** The tenant in which they work. */
  readonly slug: string;
  readonly client: Client;
}

/** A tenant as it is after some weeks: people of every role, two networks, instances in every state. */
export interface World {
  readonly tenant: { readonly id: string; readonly slug: string; readonly name: string };
  readonly people: Readonly<Record<'operator' | 'owner' | 'developer' | 'viewer', Person>>;
  readonly vpcs: Readonly<Record<string, string>>;
  /** Ids by name. */
  readonly instances: Readonly<Record<string, string>>;
}

/** The first user of a platform is its operator. */
export const OPERATOR = { name: 'Mara Lindqvist', email: 'mara@harbour.example' };

/** Somebody with a personal tenant, who is registered unless they are already, with an API key. */
export async function enter(
  { address }: Pick<RunningPlatform, 'address'>,
  { name, email }: { readonly name: string; readonly email: string },
): Promise<Person> {
  const nobody = createClient(address, '');
  const registered = await nobody.call('POST', '/auth/register', { email, password: PASSWORD, name });
  if (registered.status !== 201 && registered.status !== 409) throw new Error(`${email}: ${registered.text}`);
  const login = await nobody.ask('POST', '/auth/login', { email, password: PASSWORD });
  // An API key: of the sessions the oldest ends when there are 50, and each test logs in.
  const { key } = await createClient(address, login.api_key).ask('POST', '/auth/keys', {
    name: 'tests',
    all_tenants: true,
  });
  const client = createClient(address, key, login.user.tenant_id, email);
  const { slug } = await client.ask('GET', `/tenants/${client.tenantId}`);
  return { name, email, password: PASSWORD, slug, client };
}

/** Name, network, command and labels of each; those without a command serve until they are stopped. */
const INSTANCES: readonly (readonly [name: string, vpc: string, more: object])[] = [
  ['web-1', 'production', { labels: { env: 'production', tier: 'web' }, env: ['PORT=8080', 'LOG_LEVEL=info'] }],
  ['web-2', 'production', { labels: { env: 'production', tier: 'web' }, env: ['PORT=8080', 'LOG_LEVEL=info'] }],
  ['api-1', 'production', { labels: { env: 'production', tier: 'api' } }],
  ['api-2', 'production', { labels: { env: 'production', tier: 'api' } }],
  ['queue-worker', 'production', { labels: { env: 'production', tier: 'worker' } }],
  ['postgres', 'production', { labels: { env: 'production', tier: 'database' } }],
  // Ends at once, so the platform starts it again and again.
  [
    'importer',
    'production',
    { labels: { env: 'production' }, cmd: ['sh', '-c', 'echo no such file: orders.csv >&2; exit 3'] },
  ],
  // Names a program that its image lacks.
  ['analytics', 'production', { labels: { env: 'production' }, cmd: ['/opt/analytics/serve'] }],
  ['staging-web', 'staging', { labels: { env: 'staging', tier: 'web' } }],
  ['staging-api', 'staging', { labels: { env: 'staging', tier: 'api' } }],
  ['load-test', 'staging', { labels: { env: 'staging' } }],
  ['bastion', '', { labels: { env: 'shared' } }],
];
/** Stopped after it has run. */
const STOPPED = ['load-test', 'postgres'];

/** Fills a fresh platform through its own API; the first user becomes the operator. Takes about ten seconds. */
export async function fillWorld(platform: RunningPlatform): Promise<World> {
  await addTypes(platform, [TINY]);
  const operator = await enter(platform, OPERATOR);
  const [owner, developer, viewer] = [
    await enter(platform, { name: 'Ada Okafor', email: 'ada@harbour.example' }),
    await enter(platform, { name: 'Jonas Weber', email: 'jonas@harbour.example' }),
    await enter(platform, { name: 'Priya Raman', email: 'priya@harbour.example' }),
  ];
  const tenant = await owner.client.ask('POST', '/tenants', { name: 'Harbour Books', slug: 'harbour-books' });
  const within = (person: Person): Person => {
    const { client } = person;
    const headers = { 'x-tenant-id': tenant.id as string };
    return {
      ...person,
      slug: tenant.slug,
      client: {
        ...client,
        tenantId: tenant.id,
        call: (method, path, body, more) => client.call(method, path, body, { ...headers, ...more }),
        ask: (method, path, body, more) => client.ask(method, path, body, { ...headers, ...more }),
      },
    };
  };
  const people = { operator, owner: within(owner), developer: within(developer), viewer: within(viewer) };
  const { ask } = people.owner.client;

  for (const [resource, max] of Object.entries({ instances: 14, vcpus: 40, memory_mb: 4_096, vpcs: 5 }))
    await operator.client.ask('PUT', `/operator/tenants/${tenant.id}/quotas/${resource}`, { max });
  await ask('POST', '/rbac/roles', {
    name: 'deployer',
    description: 'Rolls out the shop: starts, stops and replaces instances',
    permissions: ['instance:read', 'instance:launch', 'instance:update', 'vpc:read'],
  });
  await ask('POST', '/rbac/roles', { name: 'auditor', description: 'Reads the trail', permissions: ['audit:read'] });
  await ask('POST', `/tenants/${tenant.id}/members`, { email: developer.email, role: 'developer' });
  await ask('POST', `/tenants/${tenant.id}/members`, { email: viewer.email, role: 'viewer' });
  for (const [name, role] of Object.entries({ tom: 'admin', lucia: 'deployer' }))
    await ask('POST', `/tenants/${tenant.id}/invitations`, { email: `${name}@harbour.example`, role });
  await ask('POST', '/auth/keys', { name: 'laptop' });
  await ask('POST', '/auth/keys', { name: 'ci', permissions: ['instance:read', 'instance:update'] });
  await ask('POST', '/auth/keys', { name: 'backup', cidrs: ['10.0.0.0/8'], expires_at: '2030-01-01T00:00:00Z' });

  const vpcs: Record<string, string> = {};
  for (const [name, cidr_block] of Object.entries({ production: '10.0.0.0/16', staging: '10.1.0.0/16' }))
    vpcs[name] = (await ask('POST', '/vpcs?wait=30', { name, cidr_block })).id;
  for (const name of ['orders', 'orders-failed']) await ask('POST', '/queues', { name });
  await ask('PATCH', '/queues/orders', { dead_letter_queue_id: 'orders-failed', max_receive_count: 5 });
  for (const body of ['{"order":4711,"total":"39.80"}', '{"order":4712,"total":"12.00"}'])
    await ask('POST', '/queues/orders/messages', { body, attributes: { kind: { type: 'String', value: 'created' } } });
  const instances: Record<string, string> = {};
  for (const [name, vpc, more] of INSTANCES) {
    const spec = { name, image: 'busybox', instance_type: TINY.id, ...(vpc ? { vpc_id: vpc } : {}), ...more };
    instances[name] = (await ask('POST', '/instances', spec)).id;
  }
  const settled = INSTANCES.map(([name]) => name).filter((name) => !['importer', 'analytics'].includes(name));
  await Promise.all(settled.map((name) => ask('GET', `/instances/${name}?wait=60`)));
  for (const name of STOPPED) await ask('POST', `/instances/${name}/stop?wait=30`);
  await ask('POST', '/instances/web-2/reboot?wait=30');
  await people.developer.client.ask('POST', '/instances/api-1/exec', { command: ['uname', '-a'] });
  // Refusals are part of every trail.
  await people.viewer.client.call('POST', '/instances/web-1/stop');
  return { tenant: { id: tenant.id, slug: tenant.slug, name: tenant.name }, people, vpcs, instances };
}
