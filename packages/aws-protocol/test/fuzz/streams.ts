import type { Member, Operation, StructShape } from '../../src/index.ts';
import { streamingMember } from '../../src/codec/http-bindings.ts';
import { generate, type GenerateOptions, type Random } from '../support/random.ts';

/** The member of an output that is a stream of events, where there is one. */
export function eventMember(operation: Operation): Member | undefined {
  const member = streamingMember(operation, 'output');
  return member?.shape.kind === 'struct' ? member : undefined;
}

/** One to four random events, of the kinds that are not exceptions. */
function randomEvents(member: Member, random: Random, options: GenerateOptions): Record<string, unknown>[] {
  const kinds = (member.shape as StructShape).members.filter((m) => !isException(m));
  return Array.from({ length: 1 + random.below(4) }, () => {
    const kind = random.pick(kinds);
    return { [kind.name]: generate(kind.shape, random, options, 1) };
  });
}

/** A random output; its stream of events, if it has one, stands in it as a plain list. */
export function randomOutput(operation: Operation, random: Random, options: GenerateOptions): Record<string, unknown> {
  if (!operation.output) return {};
  const output = generate(operation.output, random, options) as Record<string, unknown>;
  const member = eventMember(operation);
  if (member) output[member.name] = randomEvents(member, random, options);
  return output;
}

/** The output as a handler gives it: the list of events becomes a stream, which fails at its end if there is a failure. */
export function asStream(operation: Operation, output: Record<string, unknown>, failure?: Error): object {
  const member = eventMember(operation);
  if (!member) return output;
  const events = output[member.name] as object[];
  return {
    ...output,
    [member.name]: (async function* () {
      yield* events;
      if (failure) throw failure;
    })(),
  };
}

/** The exceptions that may end the operation's stream. */
export function streamExceptions(operation: Operation): string[] {
  const member = eventMember(operation);
  return member
    ? (member.shape as StructShape).members
        .filter(isException)
        .map((m) => m.shape as StructShape)
        .map((s) => s.name)
    : [];
}

function isException(member: Member): boolean {
  return member.shape.kind === 'struct' && member.shape.traits.error !== undefined;
}

/** Whether an SDK's output member is a stream of events; a stream of bytes is not. */
export function isEvents(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && !('pipe' in value);
}

export async function readAll(events: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const event of events) all.push(event);
  return all;
}
