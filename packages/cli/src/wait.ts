import { textOf } from '../../sdk/src/text.ts';
import { CloudWaitError, type Transport, waitUntil, waitUntilGone } from '@thecloud/sdk';
import { EXIT, Failure } from './failure.ts';
import type { Invocation } from './invocation.ts';
import { printResult } from './output/print.ts';
import { startProgress } from './output/progress.ts';
import { isBad } from './output/style.ts';
import { commandOf, siblingOf, type Verb } from './table/verb.ts';

type Resource = Readonly<Record<string, unknown>>;

/** Seconds of a bare `--wait`. */
export const DEFAULT_WAIT_SECONDS = 300;
/** Longest time that the server holds an answer. */
const HOLD_SECONDS = 60;
/** On a terminal the reason changes before the status does: look often. */
const LOOK_MS = 500;

/** Calls the operation and waits until the resource has settled. Shows the progress on a terminal. Throws Failure after `seconds`. */
export async function callAndSettle(invocation: Invocation, transport: Transport, seconds: number): Promise<Resource> {
  const { world, verb, input } = invocation;
  const { field, values } = verb.settles!;
  const settled = (resource: Resource) => values.includes(String(resource[field]));
  const progress = startProgress(world, textOf(input.name ?? input[verb.target ?? 'id'] ?? verb.service));
  const begun = performance.now();
  let resource: Resource | undefined;
  try {
    const look = (seen: Resource) => {
      resource = seen;
      progress?.show(String(seen[field]), seen.status_reason as string | undefined);
    };
    const held = progress ? 0 : Math.min(HOLD_SECONDS, seconds);
    resource = await transport.call<Resource>(verb, input, held > 0 ? { wait: held } : {});
    look(resource);
    const left = seconds - (performance.now() - begun) / 1000;
    if (!settled(resource)) {
      const how = { seconds: Math.max(0, left), pollMs: LOOK_MS, onLook: look };
      resource = await waitUntil(transport, readerOf(invocation), String(resource.id), settled, how);
    }
  } catch (error) {
    if (!(error instanceof CloudWaitError) || resource === undefined) throw error;
    progress?.stop();
    // A script needs the id even if the resource is not ready yet.
    await printResult(world, verb, invocation.options, resource);
    throw new Failure(
      `${nameOf(resource)} is still ${statusOf(resource, field)} after ${seconds} s. To keep waiting: ${commandOf({ ...verb, verb: 'get' })} ${nameOf(resource)} --wait`,
      EXIT.timeout,
    );
  } finally {
    progress?.stop();
  }
  if (!isBad(resource[field])) return resource;
  await printResult(world, verb, invocation.options, resource);
  throw new Failure(`${nameOf(resource)} is ${statusOf(resource, field)}`);
}

/** Deletes the resource and waits until it is gone. */
export async function deleteAndWait(invocation: Invocation, transport: Transport, seconds: number): Promise<unknown> {
  const { world, verb, input } = invocation;
  const name = String(input[verb.target ?? 'id']);
  const reader = readerOf(invocation);
  // The name may soon be another's; the id stays.
  const before = await transport.call<Resource>(reader, { id: name });
  const answer = await transport.call<unknown>(verb, input);
  const progress = startProgress(world, name);
  try {
    await waitUntilGone<Resource>(transport, reader, String(before.id), {
      seconds,
      pollMs: LOOK_MS,
      onLook: (seen) => progress?.show(String(seen.status), seen.status_reason as string | undefined),
    });
  } finally {
    progress?.stop();
  }
  return answer;
}

/** Whether a verb takes `--wait`: there is a status to look at. */
export function canWait(verb: Verb, verbs: readonly Verb[]): boolean {
  if (verb.settles) return true;
  return verb.effect === 'delete' && verb.verb === 'delete' && findReader(verb, verbs)?.settles !== undefined;
}

const findReader = (verb: Verb, verbs: readonly Verb[]): Verb | undefined => siblingOf(verb, verbs, 'get');

function readerOf({ verb, verbs }: Invocation): Verb {
  const reader = findReader(verb, verbs);
  if (!reader) throw new Failure(`--wait is not available here, because ${verb.service} has no get; remove --wait`);
  return reader;
}

const nameOf = (resource: Resource): string => String(resource.name ?? resource.id);

function statusOf(resource: Resource, field: string): string {
  const reason = resource.status_reason;
  return reason ? `${textOf(resource[field])}: ${textOf(reason)}` : textOf(resource[field]);
}
