import { CloudApiError } from '../api/client.ts';

/** A member that a form asks for, and how a refusal names it where it does not name it by its name. */
export interface AskedMember {
  readonly name: string;
  readonly named?: RegExp;
}

/**
 * The sentences of a refusal by the member that each is about. What names no member is not in it: then the form shows the whole refusal.
 */
export function problemsOf(error: unknown, asked: readonly AskedMember[]): Readonly<Record<string, string>> {
  if (!(error instanceof CloudApiError) || error.status >= 500) return {};
  const found: Record<string, string> = {};
  let last: string | undefined;
  for (const sentence of error.message.split('; ')) {
    const name = asked.find((one) => new RegExp(`^'?${one.name}\\b|'${one.name}'`).test(sentence))?.name;
    // What names no member says what to do about the one before it.
    if (name === undefined && last !== undefined) found[last] += `; ${sentence}`;
    else if (name !== undefined) found[name] ??= capital(sentence);
    last = name ?? last;
  }
  if (Object.keys(found).length > 0) return found;
  // A refusal in words of its own says what to do after a semicolon: it stays whole.
  const member = asked.find(({ named }) => named?.test(error.message));
  return member === undefined ? {} : { [member.name]: capital(error.message) };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
