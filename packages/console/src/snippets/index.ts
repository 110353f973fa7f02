import type { Snippet } from '../kit/code.tsx';
import { commandLineOf } from './command-line.ts';
import { curlOf } from './curl.ts';
import { programOf } from './program.ts';
import type { Input, SnippetOperation, Where } from './shown-input.ts';

/** The same call as a command, a request and a program. Of secrets, and of what is missing yet, they show the name alone. */
export function snippetsOf(operation: SnippetOperation, input: Input, where: Where): readonly Snippet[] {
  const curl = curlOf(operation, input, where);
  return [
    { title: 'cloud', text: commandLineOf(operation, input, where) },
    ...(curl === undefined ? [] : [{ title: 'curl', text: curl }]),
    { title: 'TypeScript', text: programOf(operation, input, where) },
  ];
}
