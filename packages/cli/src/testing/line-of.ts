import { type Member, type Verb, wordsOf } from '../table/verb.ts';

/** Verbs that one request does: of the others a test of their own speaks. */
export const isPlain = (verb: Verb): boolean => verb.custom !== true && verb.answer !== 'socket';

/** A command line of a verb with all that it must have; `name` stands for each text among its arguments, behind `--`. */
export function lineOf(verb: Verb, name: string): readonly string[] {
  const flags = verb.flags.filter((member) => member.required).flatMap((one) => [`--${one.flag}`, sampleOf(one)]);
  const args = verb.args.map((one) => (one.kind === 'string' && !one.choices ? name : sampleOf(one)));
  const confirmed = verb.effect === 'delete' ? ['--yes'] : [];
  return [...wordsOf(verb), ...flags, ...confirmed, '--', ...args];
}

function sampleOf({ choices, kind, min, form, shape }: Member): string {
  if (shape === 'record') return 'key=sample';
  if (choices) return choices[0]!;
  return kind === 'string' ? (form ?? 'sample') : kind === 'boolean' ? 'true' : String(min ?? 1);
}
