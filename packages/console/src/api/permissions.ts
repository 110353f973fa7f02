/** `*` and its synonym `full_access` allow all; otherwise the exact word. */
export const allows = (held: readonly string[], wanted: string): boolean =>
  held.some((one) => one === '*' || one === 'full_access' || one === wanted);

/** What of these permissions somebody lacks: nobody grants, or takes from somebody, what they do not have. */
export const lacking = (held: readonly string[], wanted: readonly string[]): readonly string[] =>
  wanted.filter((one) => !allows(held, one));
