import type { DescribedOperation } from '../../sdk/src/generator/described.ts';
import { writeReference } from './reference.ts';
import { describeVerbs } from './table/describe-verbs.ts';

/** Generated documentation of the command line: path from the repository's root → text. */
export const generateCli = (operations: readonly DescribedOperation[]): ReadonlyMap<string, string> =>
  new Map([['docs/reference/cli.md', writeReference(describeVerbs(operations))]]);
