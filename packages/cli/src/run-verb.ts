import type { Page, Transport } from '@thecloud/sdk';
import { confirmed } from './confirm.ts';
import { Failure, usage } from './failure.ts';
import type { Invocation } from './invocation.ts';
import { escapeControl } from './output/cell.ts';
import { follow } from './output/follow.ts';
import { writeSlowly } from './output/lines.ts';
import { printResult } from './output/print.ts';
import { withNames } from './resolve.ts';
import { openSession, requireKey, transportOf } from './session/session.ts';
import { callAndSettle, deleteAndWait } from './wait.ts';

/** Most items of one page. */
const PAGE_LIMIT = 1000;

/** The transport for a verb. Throws Failure if the verb needs a key and there is none. */
export function connect({ world, verb, verbs, options }: Omit<Invocation, 'input'>): Transport {
  const session = openSession(world, options);
  if (verb.scope !== 'public') requireKey(session);
  return transportOf(session, verbs);
}

/** Calls an operation and prints its answer. */
export async function runVerb(invocation: Invocation): Promise<void> {
  const transport = connect(invocation);
  await withNames(invocation, transport, async (named) => {
    const sure = await confirmed(named, transport);
    const { world, verb, options, input } = sure;
    if (verb.answer === 'events') return follow(sure, transport);
    if (verb.answer === 'stream') return pour(sure, transport);
    const result = await perform(sure, transport);
    if (verb.answer === 'text') world.stdout.write(result as string);
    else await printResult(world, verb, options, result);
    if (verb.effect === 'delete' && options.wait !== undefined && options.output === undefined && !options.quiet)
      world.stderr.write(`${String(input[verb.target ?? 'id'])} is gone\n`);
  });
}

/** Prints a stream as it arrives, no faster than standard output takes it. */
async function pour({ world, verb, input }: Invocation, transport: Transport): Promise<void> {
  for await (const chunk of transport.stream(verb, input)) {
    await writeSlowly(world, chunk);
  }
}

async function perform(invocation: Invocation, transport: Transport): Promise<unknown> {
  const { verb, options, input } = invocation;
  if (verb.effect === 'list') return list(invocation, transport);
  if (options.wait !== undefined && verb.effect === 'delete') return deleteAndWait(invocation, transport, options.wait);
  if (options.wait !== undefined && verb.settles) return callAndSettle(invocation, transport, options.wait);
  return transport.call(verb, input);
}

/** One page by default, up to `--limit` items, or all items with `--all`. */
async function list({ world, verb, options, input }: Invocation, transport: Transport): Promise<readonly unknown[]> {
  const wanted = options.all ? Number.POSITIVE_INFINITY : (input.limit as number | undefined);
  if (options.all && input.limit !== undefined) throw usage('--all and --limit cannot be used together');
  const items: unknown[] = [];
  let cursor = input.cursor as string | undefined;
  for (;;) {
    const left = wanted === undefined ? undefined : Math.min(PAGE_LIMIT, wanted - items.length);
    const page: Page<unknown> = await transport.page(verb, { ...input, limit: left, cursor });
    items.push(...page.items);
    const more = page.nextCursor;
    if (more === undefined) return items;
    if (more === cursor) throw new Failure('the server returned the same cursor twice');
    cursor = more;
    if (wanted === undefined || items.length >= wanted) break;
  }
  // On standard error, so that a script's pipe is clean and nobody takes a page for the whole.
  world.stderr.write(
    `There are more results. To see all: --all. To see the next page: --cursor ${escapeControl(cursor)}\n`,
  );
  return items;
}
