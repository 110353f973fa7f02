import type { Transport } from '@thecloud/sdk';
import { textOf } from '../../sdk/src/text.ts';
import { Failure, usage } from './failure.ts';
import type { Invocation } from './invocation.ts';
import { escapeControl } from './output/cell.ts';
import { isPart } from './output/short-id.ts';
import { ask, confirm } from './prompt.ts';
import { commandOf, siblingOf } from './table/verb.ts';
import { isInteractive } from './world.ts';

interface Named {
  readonly id?: unknown;
  readonly name?: unknown;
}

/**
 * Asks before a deletion on a terminal; scripts are not asked. What cannot be undone (`confirm: 'name'`) asks for the name, and without a
 * terminal it needs --yes. Returns the invocation with the whole id if a part of it was given, so that what is deleted is what was shown.
 */
export async function confirmed(invocation: Invocation, transport: Transport): Promise<Invocation> {
  const { world, verb, options, input } = invocation;
  const isGrave = verb.confirm === 'name';
  if (options.yes || (verb.effect !== 'delete' && !isGrave)) return invocation;
  if (!isInteractive(world)) {
    if (isGrave) throw usage(`${commandOf(verb)} cannot be undone; without a terminal it needs --yes`);
    return invocation;
  }
  const ref = verb.target === undefined ? undefined : textOf(input[verb.target]);
  const found = ref !== undefined && (isGrave || isPart(ref)) ? await read(invocation, transport) : undefined;
  const shown = escapeControl(textOf(found?.name ?? ref ?? ''));
  const known = found?.name !== undefined && found.id !== undefined ? `'${shown}' (${textOf(found.id)})` : `'${shown}'`;
  const what = `${verb.summary.replace(/^(\w+) an? /, '$1 ')}${ref === undefined ? '' : ` ${known}`}?`;
  const consequence = verb.description ? ` ${verb.description}` : '';
  if (isGrave) {
    const word = shown === '' ? verb.verb : shown;
    const typed = await ask(world, `${what}${consequence}\nType ${word} to confirm: `, { flag: '--yes' });
    if (escapeControl(typed.trim()) !== word) throw new Failure('nothing was changed');
  } else if (!(await confirm(world, `${what}${consequence}`))) throw new Failure('nothing was changed');
  return found?.id === undefined ? invocation : { ...invocation, input: { ...input, [verb.target!]: found.id } };
}

/** Undefined if the service reads no single resource. */
async function read({ verb, verbs, input }: Invocation, transport: Transport): Promise<Named | undefined> {
  const reader = siblingOf(verb, verbs, 'get');
  if (reader?.target === undefined || reader.args.length !== 1) return undefined;
  return transport.call<Named>(reader, { [reader.target]: input[verb.target!] });
}
