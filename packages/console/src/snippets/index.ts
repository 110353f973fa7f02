import type { Snippet } from '../kit/code.tsx';
import { commandLineOf } from './command-line.ts';
import { curlOf } from './curl.ts';
import { programOf } from './program.ts';
import type { Input, SnippetOperation } from './shown-input.ts';

/** The same call as a command, a request and a program. Of secrets, and of what is missing yet, they show the name alone. */
export function snippetsOf(operation: SnippetOperation, input: Input, endpoint: string): readonly Snippet[] {
  const curl = curlOf(operation, input, endpoint);
  return [
    { title: 'cloud', text: commandLineOf(operation, input) },
    ...(curl === undefined ? [] : [{ title: 'curl', text: curl }]),
    { title: 'TypeScript', text: programOf(operation, input, endpoint) },
  ];
}
