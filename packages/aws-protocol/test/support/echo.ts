import { AwsServer, type Model, Service } from '../../src/index.ts';
import { KEY } from './harness.ts';
import { sign } from './sign.ts';

/** Sends a request to an echo of the model; gives what the handler got, and the answer. */
export async function ask(
  model: Model,
  request: { method?: string; url?: string; headers?: Record<string, string>; body: string | Buffer },
) {
  let input: unknown;
  const server = new AwsServer<string>({
    services: [new Service<string>(model, { Act: (given: object) => ((input = given), given) })],
    credentials: () => ({ secretAccessKey: KEY.secretAccessKey, principal: 'me' }),
  });
  const { method = 'POST', url = '/', headers = {}, body } = request;
  const bytes = Buffer.from(body);
  const { status, body: answer } = await server.handle(sign('acts', method, url, headers, bytes));
  return { input, status, answer: answer as string };
}
