import { invalidInput } from '../../kernel/errors.ts';

const TYPES = {
  lowercase: 'abcdefghijklmnopqrstuvwxyz',
  uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  numbers: '0123456789',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
} as const;

export interface PasswordRules {
  /** Characters. Default 32. */
  readonly length?: number | undefined;
  readonly exclude_characters?: string | undefined;
  readonly exclude_lowercase?: boolean | undefined;
  readonly exclude_uppercase?: boolean | undefined;
  readonly exclude_numbers?: boolean | undefined;
  readonly exclude_punctuation?: boolean | undefined;
  readonly include_space?: boolean | undefined;
  /** Default true: at least one of each type that is not excluded. */
  readonly require_each_type?: boolean | undefined;
}

const DEFAULT_LENGTH = 32;

/** A random password. `below` is a uniform random integer in [0, n). Throws INVALID_INPUT for rules that no password follows. */
export function randomPassword(rules: PasswordRules, below: (n: number) => number): string {
  const { length = DEFAULT_LENGTH, exclude_characters: excluded = '', require_each_type: requiresEach = true } = rules;
  const kept = (characters: string): string =>
    Array.from(characters)
      .filter((one) => !excluded.includes(one))
      .join('');
  const types = (Object.keys(TYPES) as (keyof typeof TYPES)[])
    .filter((type) => rules[`exclude_${type}`] !== true)
    .map((type) => kept(TYPES[type]));
  if (rules.include_space) types.push(kept(' '));
  const left = types.filter((characters) => characters !== '');
  if (left.length === 0) throw invalidInput('no characters are left for a password; exclude fewer');
  if (requiresEach && left.length < types.length)
    throw invalidInput(
      `exclude_characters '${excluded.slice(0, 60)}' has a whole type of characters; exclude that type instead, or set require_each_type to false`,
    );
  if (requiresEach && length < left.length)
    throw invalidInput(
      `length ${length} is too short for one of each of ${left.length} types of characters; take at least ${left.length}, or set require_each_type to false`,
    );
  const all = left.join('');
  const draw = (from: string): string => from[below(from.length)]!;
  const drawn = requiresEach ? left.map(draw) : [];
  while (drawn.length < length) drawn.push(draw(all));
  // Fisher and Yates: the required ones stand anywhere.
  for (let last = drawn.length - 1; last > 0; last--) {
    const other = below(last + 1);
    [drawn[last], drawn[other]] = [drawn[other]!, drawn[last]!];
  }
  return drawn.join('');
}
