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

/** The member of the input that repeats the name of what cannot be brought back; the platform compares it. */
export const CONFIRM = 'confirm';

/**
 * Asks before a deletion on a terminal; scripts are not asked. If the operation wants the name as a confirmation, asks for it, and without a
 * terminal it needs --confirm. Returns the invocation with the whole id if a part of it was given, so that what is deleted is what was shown.
 */
export async function confirmed(invocation: Invocation, transport: Transport): Promise<Invocation> {
  const { world, verb, options, input } = invocation;
  const needsName = verb.flags.some(({ name }) => name === CONFIRM) && input[CONFIRM] === undefined;
  if (!needsName && (options.yes || verb.effect !== 'delete')) return invocation;
  if (!isInteractive(world)) {
    if (needsName) throw usage(`${commandOf(verb)} cannot be undone; confirm it with --${CONFIRM} <name>`);
    return invocation;
  }
  const ref = verb.target === undefined ? undefined : textOf(input[verb.target]);
  const found = ref !== undefined && isPart(ref) ? await read(invocation, transport) : undefined;
  const shown = `'${escapeControl(textOf(found?.name ?? ref ?? ''))}'`;
  const known =
    found?.name !== undefined && found.id !== undefined ? `${shown} (${escapeControl(textOf(found.id))})` : shown;
  const what = `${verb.summary.replace(/^(\w+) an? /, '$1 ')}${ref === undefined ? '' : ` ${known}`}?`;
  const question = `${what}${verb.description ? ` ${verb.description}` : ''}`;
  const sure = found?.id === undefined ? input : { ...input, [verb.target!]: found.id };
  if (needsName) {
    const typed = await ask(world, `${question}\nType the name to confirm: `, { flag: `--${CONFIRM}` });
    if (typed.trim() === '') throw new Failure('nothing was changed');
    return { ...invocation, input: { ...sure, [CONFIRM]: typed.trim() } };
  }
  if (!(await confirm(world, question))) throw new Failure('nothing was changed');
  return { ...invocation, input: sure };
}

/** Undefined if the service reads no single resource. */
async function read({ verb, verbs, input }: Invocation, transport: Transport): Promise<Named | undefined> {
  const reader = siblingOf(verb, verbs, 'get');
  if (reader?.target === undefined || reader.args.length !== 1) return undefined;
  return transport.call<Named>(reader, { [reader.target]: input[verb.target!] });
}
