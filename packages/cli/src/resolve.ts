import { CloudApiError, type Page, type Transport } from '@thecloud/sdk';
import { usage } from './failure.ts';
import type { Invocation } from './invocation.ts';
import { escapeControl } from './output/cell.ts';
import { isPart, isPartOf } from './output/short-id.ts';
import { closest } from './table/closest.ts';
import { listerOf, type Member, siblingOf, type Verb } from './table/verb.ts';

// What a person calls a resource: its id, its name or a part of its id. The platform finds all three for most kinds. For the others, whose
// resources are few, and for mistyped names, this looks at the list after the platform has found nothing.

/** Most resources that are looked at. */
const MOST = 1000;
/** Most candidates that an error lists. */
const MOST_LISTED = 5;

interface Listed {
  readonly id?: unknown;
  readonly name?: unknown;
}

/**
 * Does what `act` does. If the platform finds no resource by a reference, calls `act` again with the id that begins with it, or throws with
 * the nearest name. Throws a usage error with the candidates if several ids begin with it.
 */
export async function withNames<T>(
  invocation: Invocation,
  transport: Transport,
  act: (invocation: Invocation) => Promise<T>,
): Promise<T> {
  try {
    return await act(invocation);
  } catch (error) {
    if (!(error instanceof CloudApiError) || error.status !== 404) throw error;
    const missing = missingOf(invocation, error.message);
    const page = missing && (await listOf(missing.lister, invocation, transport));
    if (!page) throw error;
    const listed = page.items;
    // Of a part of a list, nobody knows whether another resource fits too.
    const isWhole = page.nextCursor === undefined;
    const fits = isWhole && isPart(missing.ref) ? listed.filter(({ id }) => isPartOf(missing.ref, String(id))) : [];
    if (fits.length > 1) throw ambiguous(missing.ref, fits);
    if (fits.length === 1) return act({ ...invocation, input: { ...invocation.input, [missing.name]: fits[0]!.id } });
    const near = closest(missing.ref, namesOf(listed));
    if (near === undefined) throw error;
    throw new CloudApiError(error.code, 404, `${error.message}. Did you mean '${escapeControl(near)}'?`);
  }
}

export const namesOf = (listed: readonly Listed[]): readonly string[] =>
  listed.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));

/** The verb that lists what a member names. */
export const listerFor = (member: Member, verb: Verb, verbs: readonly Verb[]): Verb | undefined => {
  const own = member.name === verb.target ? siblingOf(verb, verbs, 'list') : undefined;
  return own?.effect === 'list' ? own : member.names === undefined ? undefined : listerOf(member.names, verbs);
};

/** The reference that the platform did not find: the one that its message quotes, or else the target. */
function missingOf({ verb, verbs, input }: Invocation, message: string) {
  const references = [...verb.args, ...verb.flags].flatMap((member) => {
    const [lister, ref] = [listerFor(member, verb, verbs), input[member.name]];
    return lister && typeof ref === 'string' ? [{ name: member.name, ref, lister }] : [];
  });
  return (
    references.find(({ ref }) => message.includes(`'${ref}'`)) ?? references.find(({ name }) => name === verb.target)
  );
}

/** Its first page. Undefined if the caller may not list. */
async function listOf(
  lister: Verb,
  { input }: Pick<Invocation, 'input'>,
  transport: Transport,
): Promise<Page<Listed> | undefined> {
  // A list within another resource needs that one's name.
  const within = Object.fromEntries(lister.args.map(({ name }) => [name, input[name]]));
  try {
    return await transport.page<Listed>(lister, { ...within, limit: MOST }, { retries: 0 });
  } catch (error) {
    if (error instanceof CloudApiError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function ambiguous(ref: string, found: readonly Listed[]) {
  const listed = found
    .slice(0, MOST_LISTED)
    .map(({ id, name }) => (typeof name === 'string' ? `${String(id)} (${escapeControl(name)})` : String(id)));
  const more = found.length > MOST_LISTED ? ' and more' : '';
  return usage(`'${ref}' begins ${found.length} ids: ${listed.join(', ')}${more}; use more digits`);
}
