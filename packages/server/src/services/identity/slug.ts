import { invalidInput } from '../../kernel/errors.ts';
import { isUuid } from '../../kernel/ids.ts';
import { CURRENT_TENANT } from '../../kernel/operation.ts';

/** Longest slug: a label of a DNS name. */
const LONGEST = 63;

/** Small letters, digits and hyphens out of any text; empty where none of it can be kept. */
export const slugOf = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFKD')
    // The accents that NFKD has taken off their letters.
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST)
    .replaceAll(/^-+|-+$/g, '');

/** The slug that a caller wishes for. Throws INVALID_INPUT for one that would be taken for something else. */
export function wantedSlug(text: string): string {
  const slug = slugOf(text);
  if (slug === '') throw invalidInput(`slug '${text}' has no letter from a to z and no digit; choose another slug`);
  if (isUuid(slug) || slug === CURRENT_TENANT)
    throw invalidInput(
      `slug '${slug}' would be taken for ${isUuid(slug) ? 'an id' : 'the active tenant'}; choose another slug`,
    );
  return slug;
}
