import { InvalidArgumentError } from 'commander';
import type { Member } from './verb.ts';

/** Reads one value from its text. Throws InvalidArgumentError with what is allowed. */
export function readValue(member: Member, text: string): unknown {
  if (member.choices && !member.choices.includes(text))
    throw new InvalidArgumentError(`It must be one of: ${member.choices.join(', ')}.`);
  switch (member.kind) {
    case 'string':
      if (member.form && !new RegExp(member.pattern ?? '', 'u').test(text))
        throw new InvalidArgumentError(`It must have the form ${member.form}.`);
      return text;
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('It must be true or false.');
      return text === 'true';
    case 'integer':
    case 'number':
      return readNumber(member, text);
    case 'json':
      try {
        return JSON.parse(text);
      } catch {
        throw new InvalidArgumentError(`It must be JSON, such as '${member.shape ? '"text"' : '{"key": "value"}'}'.`);
      }
  }
}

function readNumber(member: Member, text: string): number {
  const whole = member.kind === 'integer';
  const value = Number(text);
  const fits =
    (whole ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/).test(text) &&
    value >= (member.min ?? Number.NEGATIVE_INFINITY) &&
    value <= (member.max ?? Number.POSITIVE_INFINITY);
  if (fits) return value;
  throw new InvalidArgumentError(`It must be ${whole ? 'a whole number' : 'a number'}${range(member)}.`);
}

function range({ min, max }: Member): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of ${min} or more`;
  return max === undefined ? '' : ` of at most ${max}`;
}

/** Adds one occurrence of a flag to those before it. */
export function addValue(member: Member, text: string, before: unknown): unknown {
  if (member.shape === 'list') return [...((before as unknown[] | undefined) ?? []), readValue(member, text)];
  if (member.shape !== 'record') return readValue(member, text);
  const cut = text.indexOf('=');
  if (cut < 1) throw new InvalidArgumentError('It must have the form key=value.');
  // Object.fromEntries, and no assignment: a key may be called __proto__.
  return Object.fromEntries([
    ...Object.entries((before as Record<string, unknown> | undefined) ?? {}),
    [text.slice(0, cut), readValue(member, text.slice(cut + 1))],
  ]);
}
