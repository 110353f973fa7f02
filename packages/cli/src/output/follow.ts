import { type FollowOptions, followEvents, type Transport } from '@thecloud/sdk';
import type { Invocation } from '../invocation.ts';
import { cellOf, escapeControl, toJson } from './cell.ts';
import { checkColumns } from './print.ts';

type Row = Readonly<Record<string, unknown>>;

/** Reconnections in a row that fail before the command does: about five minutes, which a restart of the platform does not take. */
const RECONNECTS = 20;

/** Prints events as they happen, one line each, until the command is interrupted: columns, or JSON lines, or YAML documents. */
export async function follow(
  { world, verb, options, input }: Pick<Invocation, 'world' | 'verb' | 'options' | 'input'>,
  transport: Transport,
  given: FollowOptions = {},
): Promise<void> {
  checkColumns(verb, options);
  const { toYaml } = await import('./yaml.ts');
  const columns = options.columns ?? verb.columns;
  const lineOf = (row: Row): string => {
    if (options.quiet || options.output === 'name') return `${cellOf(row.id)}\n`;
    if (options.output === 'json') return `${toJson(row, 0)}\n`;
    if (options.output === 'yaml') return `---\n${toYaml(row)}`;
    return `${columns.map((column) => cellOf(row[column])).join('  ')}\n`;
  };
  const onFailure = (failure: Error) =>
    void world.stderr.write(`${escapeControl(failure.message)}; connecting again\n`);
  for await (const { data } of followEvents<Row>(transport, verb, input, {
    reconnects: RECONNECTS,
    onFailure,
    ...given,
  })) {
    if (!world.stdout.write(lineOf(data))) await new Promise<void>((resolve) => world.stdout.once('drain', resolve));
  }
}
