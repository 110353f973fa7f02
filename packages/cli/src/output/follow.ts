import { type FollowOptions, followEvents, type Transport } from '@thecloud/sdk';
import type { Invocation } from '../invocation.ts';
import { escapeControl } from './cell.ts';
import { lineWriter, writeSlowly } from './lines.ts';

type Row = Readonly<Record<string, unknown>>;

/** Reconnections in a row that fail before the command does: about five minutes, which a restart of the platform does not take. */
const RECONNECTS = 20;

/** Prints events as they happen, one line each, until the command is interrupted: columns, or JSON lines, or YAML documents. */
export async function follow(
  { world, verb, options, input }: Pick<Invocation, 'world' | 'verb' | 'options' | 'input'>,
  transport: Transport,
  given: FollowOptions = {},
): Promise<void> {
  const lineOf = await lineWriter(verb, options);
  const onFailure = (failure: Error) =>
    void world.stderr.write(`${escapeControl(failure.message)}; connecting again\n`);
  for await (const { data } of followEvents<Row>(transport, verb, input, {
    reconnects: RECONNECTS,
    onFailure,
    ...given,
  })) {
    await writeSlowly(world, lineOf(data));
  }
}
