import { requestOf } from './request.ts';
import { command, quoted } from './shell.ts';
import { type Input, shownInput, type SnippetOperation, tenantOf, type Where } from './shown-input.ts';

/** The call as a curl command, with the key from the environment. Undefined: a websocket, which curl does not speak. */
export function curlOf(operation: SnippetOperation, input: Input, where: Where): string | undefined {
  if (operation.answer === 'socket') return undefined;
  const { path, body } = requestOf(operation, shownInput(operation, input));
  const tenant = tenantOf(operation, where);
  const method =
    operation.method === 'GET' || (operation.method === 'POST' && body !== undefined) ? [] : ['-X', operation.method];
  // Without buffering, what comes bit by bit is shown bit by bit.
  const follow = operation.answer === 'stream' || operation.answer === 'events' ? ['-N'] : [];
  return command([
    ['curl', ...follow, ...method, quoted(where.endpoint + path)].join(' '),
    ...(operation.scope === 'public' ? [] : ['-H "X-API-Key: $CLOUD_API_KEY"']),
    ...(tenant === undefined ? [] : [`-H ${quoted(`X-Tenant-ID: ${tenant}`)}`]),
    ...(body === undefined ? [] : [`--json ${quoted(body)}`]),
  ]);
}
