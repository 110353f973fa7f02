import { Readable } from 'node:stream';
import { collect } from '../../src/body.ts';
import { AwsServer, loadModel, type ModelId, Service, type WireRequest, type WireResponse } from '../../src/index.ts';
import { KEY } from './harness.ts';

export const EMPTY = Buffer.alloc(0);
/** What the last handler was given. */
export const seen: { input: Record<string, unknown> } = { input: {} };

/** A server whose handlers read what they are given, and answer metadata outside ASCII. */
export function serverOf(ids: readonly ModelId[]): AwsServer {
  return new AwsServer({
    services: ids.map((id) => {
      const model = loadModel(id);
      const handler = async (input: Record<string, unknown>) => {
        seen.input = input;
        if (input['Body'] instanceof Readable) await collect(input['Body'], 1 << 20);
        return { Metadata: { a: 'bl\u00fc' }, ContentDisposition: 'bl\u00fc', ExpiresString: '0', Body: '' };
      };
      return new Service(model, Object.fromEntries(model.operationNames.map((name) => [name, handler])));
    }),
    credentials: () => ({ secretAccessKey: KEY.secretAccessKey, principal: undefined }),
  });
}

/** The status and the code, as a client of the answer's protocol finds it; of XML, what is about the argument too. */
export async function told(request: WireRequest, by: AwsServer): Promise<string> {
  return tell(await by.handle(request));
}
export function tell({ status, headers, body }: WireResponse): string {
  const text = Buffer.from(body as string).toString('utf8');
  if (status < 300) return `${status}`;
  const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, string>) : undefined;
  const type = json?.['__type'] ?? (json && headers['x-amzn-errortype']) ?? /<Code>([\w.]+)/.exec(text)?.[1];
  const argument = /<ArgumentName>([\w-]+)/.exec(text)?.[1];
  return [status, type, argument, headers['x-amzn-query-error']].filter((part) => part !== undefined).join(' ');
}
