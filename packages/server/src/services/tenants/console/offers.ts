/** Operations that the pages of tenants and members offer, and no derived page does. */
export const offers: readonly string[] = ['tenants.switch'];
