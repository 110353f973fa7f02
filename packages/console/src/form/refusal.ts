/** What is wrong with an input, by member; `rest` belongs to none. */
export interface Refused {
  readonly members: Readonly<Record<string, string>>;
  readonly rest: readonly string[];
}

interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** Codes of refusals that tell of no member: there is no room, or the caller may not do it. */
const OF_NO_MEMBER = new Set(['QUOTA_EXCEEDED', 'FORBIDDEN', 'UNAUTHORIZED', 'RATE_LIMITED', 'IDEMPOTENCY_MISMATCH']);

/**
 * Puts what the API says at the members that it speaks of. A refusal tells several things in one message, with `; ` in between, and each begins
 * with its member: `name 'a b' must be letters; labels.x must be text`. A conflict, and what does not exist, quote the value alone.
 */
export function refusedOf(
  refusal: Refusal,
  members: readonly string[],
  input: Readonly<Record<string, unknown>>,
): Refused {
  if (refusal.status >= 500 || OF_NO_MEMBER.has(refusal.code)) return { members: {}, rest: [capital(refusal.message)] };
  const found: Record<string, string> = {};
  const rest: string[] = [];
  const add = (member: string, sentence: string) => {
    found[member] = found[member] === undefined ? sentence : `${found[member]} ${sentence}`;
  };
  for (const piece of piecesOf(refusal.message, members)) {
    const missing = /^(?<names>.+) (?:is|are) required$/.exec(piece)?.groups?.names?.split(', ');
    if (missing && missing.some((name) => members.includes(topOf(name)))) {
      for (const name of missing) {
        if (members.includes(topOf(name))) add(topOf(name), 'Required');
        else rest.push(capital(`${name} is required`));
      }
      continue;
    }
    const member = members.find((name) => beginOf(name).test(piece)) ?? memberQuoted(piece, members, input);
    if (member === undefined) rest.push(capital(piece));
    else add(member, atMember(piece, member));
  }
  return { members: found, rest };
}

const topOf = (path: string): string => path.split('.')[0]!;
const beginOf = (member: string): RegExp => new RegExp(`^${escaped(member)}(?![\\w-])`);

/** The things that a message tells. A `; ` within one of them is followed by no member. */
function piecesOf(message: string, members: readonly string[]): readonly string[] {
  const starts = [...members.map((name) => `${escaped(name)}(?![\\w-])`), 'unknown member '].join('|');
  return message.split(new RegExp(`; (?=${starts})`));
}

/** The sentence as it stands below the member's label, which need not be said again. */
function atMember(piece: string, member: string): string {
  if (!beginOf(member).test(piece)) return capital(piece);
  const rest = piece.slice(member.length);
  const part = /^(?:\.(?<key>[^\s:]+)|\[(?<place>\d+)\])/.exec(rest);
  const said = rest.slice(part?.[0].length ?? 0).replace(/^:?\s+/, '');
  const key = part?.groups?.key ?? part?.groups?.place;
  if (key === undefined) return capital(said);
  return /^\d+$/.test(key) ? `Line ${Number(key) + 1}: ${said}` : `${key}: ${said}`;
}

/** The member whose value the sentence quotes; of several the one that it names: `a VPC named 'web' already exists`. */
function memberQuoted(
  piece: string,
  members: readonly string[],
  input: Readonly<Record<string, unknown>>,
): string | undefined {
  const quoted = members.filter((member) => {
    const values = Array.isArray(input[member]) ? (input[member] as readonly unknown[]) : [input[member]];
    return values.some((value) => typeof value === 'string' && value !== '' && piece.includes(`'${value}'`));
  });
  if (quoted.length < 2) return quoted[0];
  const named = quoted.filter((member) => new RegExp(`\\b${escaped(member.replace(/_id$/, ''))}`, 'i').test(piece));
  return named.length === 1 ? named[0] : undefined;
}
