export type Control =
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'number' | 'long' | 'text' };

/**
 * The control for a setting, by what the API says of it: a whole number as the default takes a number; a description that explains each word,
 * as `open: anybody can register; closed: nobody can`, of which the default is one, takes one of them. The API checks the value.
 */
export function controlOf(setting: { readonly default: string; readonly description: string }): Control {
  if (/^-?\d+$/.test(setting.default)) return { kind: 'number' };
  const choices = [...setting.description.matchAll(/(?:^|; )([a-z_]+): /g)].map(([, word]) => word!);
  if (choices.length > 1 && choices.includes(setting.default)) return { kind: 'choice', choices };
  return { kind: setting.default === '' ? 'long' : 'text' };
}
