/** Operations that the operator's pages offer, and no derived page does. */
export const offers: readonly string[] = ['quotas.ofTenant', 'quotas.set'];
