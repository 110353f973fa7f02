import { refusedOf } from './refusal.ts';

/** A member that a form asks for, and how a refusal speaks of it where it does not begin with its name. */
export interface AskedMember {
  readonly name: string;
  readonly named?: RegExp;
}

/** What is wrong, by the member that it is about; nothing, where some of it belongs to none: then the form shows the whole refusal. */
export function problemsOf(
  refusal: { readonly code: string; readonly status: number; readonly message: string },
  asked: readonly AskedMember[],
): Readonly<Record<string, string>> {
  if (refusal.status >= 500) return {};
  // A refusal in words of its own says what to do after a semicolon: it stays whole.
  const member = asked.find(({ named }) => named?.test(refusal.message));
  if (member) return { [member.name]: capital(refusal.message) };
  const { members, rest } = refusedOf(
    refusal,
    asked.map(({ name }) => name),
    {},
  );
  return rest.length === 0 ? members : {};
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
