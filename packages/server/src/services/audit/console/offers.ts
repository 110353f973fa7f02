/** Operations that the pages of the audit trail offer, and no derived page does. */
export const offers: readonly string[] = [
  'audit.export',
  'audit.prove',
  'audit.publicKey',
  'audit.retention',
  'audit.setRetention',
  'admin-audit.export',
];
