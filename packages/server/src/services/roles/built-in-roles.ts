/** What is in the tables of the built-in roles, for documents and messages: authentication reads the tables. A test compares them. */
type Line = readonly [resource: string, actions: string, roles: string];

// A line for each resource: its actions, and the roles that have them. Services to come have theirs already, so that the tenants' roles can.
const TABLE: readonly Line[] = [
  ['instance', 'read', 'admin developer viewer user'],
  ['instance', 'launch terminate update resize', 'admin developer'],
  // What instances print, which may be secrets.
  ['log', 'read', 'admin developer user'],
  ['ssh_key', 'read', 'admin developer viewer user'],
  ['ssh_key', 'create delete', 'admin developer'],
  ['vpc', 'read', 'admin developer viewer user'],
  ['vpc', 'create delete update', 'admin developer'],
  ['sg', 'read', 'admin developer viewer user'],
  ['sg', 'create delete update', 'admin developer'],
  ['vpc_peering', 'read', 'admin developer viewer user'],
  ['vpc_peering', 'create accept delete', 'admin developer'],
  ['eip', 'read', 'admin developer viewer user'],
  ['eip', 'allocate release associate', 'admin developer'],
  ['volume', 'read', 'admin developer viewer user'],
  ['volume', 'create delete update', 'admin developer'],
  ['snapshot', 'read', 'admin developer viewer user'],
  ['snapshot', 'create delete restore', 'admin developer'],
  ['storage', 'read', 'admin developer user'],
  ['storage', 'write delete', 'admin developer'],
  ['lb', 'read', 'admin developer viewer user'],
  ['lb', 'create delete update', 'admin developer'],
  // Reading a database or a cache shows how to log in to it.
  ['db', 'read', 'admin developer user'],
  ['db', 'create delete update', 'admin developer'],
  ['cache', 'read', 'admin developer user'],
  ['cache', 'create delete update', 'admin developer'],
  // Reading a secret shows its value.
  ['secret', 'create write delete read', 'admin developer'],
  ['function', 'read', 'admin developer viewer user'],
  ['function', 'invoke create delete update', 'admin developer'],
  ['function_schedule', 'read', 'admin developer viewer user'],
  ['function_schedule', 'create delete update', 'admin developer'],
  // Reading a queue takes messages from it.
  ['queue', 'read', 'admin developer user'],
  ['queue', 'create delete write', 'admin developer'],
  ['notify', 'read', 'admin developer viewer user'],
  ['notify', 'create delete publish', 'admin developer'],
  ['cron', 'read', 'admin developer viewer user'],
  ['cron', 'create delete update', 'admin developer'],
  ['gateway', 'read', 'admin developer viewer user'],
  ['gateway', 'create delete', 'admin developer'],
  ['stack', 'read', 'admin developer viewer user'],
  ['stack', 'create delete', 'admin developer'],
  ['asg', 'read', 'admin developer viewer user'],
  ['asg', 'create delete update', 'admin developer'],
  ['container', 'read', 'admin developer viewer user'],
  ['container', 'create delete scale', 'admin developer'],
  ['pipeline', 'read', 'admin developer viewer user'],
  ['pipeline', 'create delete update run webhook', 'admin developer'],
  ['image', 'read', 'admin developer viewer user'],
  ['image', 'create delete', 'admin developer'],
  ['image', 'read_all', 'admin'],
  ['cluster', 'read', 'admin developer viewer user'],
  ['cluster', 'create delete update', 'admin developer'],
  ['dns', 'read', 'admin developer viewer user'],
  ['dns', 'create delete update', 'admin developer'],
  ['dashboard', 'read', 'admin developer viewer user'],
  ['tenant', 'read', 'admin developer viewer user'],
  ['tenant', 'create update', 'admin'],
  // One's own keys.
  ['identity', 'create read delete', 'admin developer viewer user'],
  ['identity', 'read_all', 'admin'],
  ['service_account', 'create read update delete', 'admin'],
  ['accounting', 'read', 'admin'],
  ['audit', 'read', 'admin'],
  ['event', 'read', 'admin developer viewer user'],
  ['role', 'create read update delete bind', 'admin'],
];

export interface BuiltInRole {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
}

const permissionsOf = (role: string): readonly string[] =>
  TABLE.filter(([, , roles]) => roles.split(' ').includes(role))
    .flatMap(([resource, actions]) => actions.split(' ').map((action) => `${resource}:${action}`))
    .sort();

export const BUILT_IN_ROLES: readonly BuiltInRole[] = ['admin', 'developer', 'viewer', 'owner', 'user'].map(
  (name, place) => ({
    id: `00000000-0000-0000-0000-00000000000${place + 1}`,
    name,
    permissions: name === 'owner' ? ['*'] : permissionsOf(name),
  }),
);
