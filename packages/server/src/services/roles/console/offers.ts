/** Operations that the pages of roles offer, and no derived page does. */
export const offers: readonly string[] = [
  'roles.addPermission',
  'roles.removePermission',
  'roles.permissions',
  'roles.bind',
  'roles.bindings',
];
