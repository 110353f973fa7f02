/** One server of the comparison, in a separate process, so that its CPU time is measured apart from the client's. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import Fastify from 'fastify';
import { nodeListener } from '../src/adapters/node-http.ts';
import { AwsServer, loadModel, type ModelId, Service } from '../src/index.ts';

const [variant = 'bare', auth = 'signed'] = process.argv.slice(2);
const OUTPUT: Record<string, unknown> = {
  SendMessage: {
    MessageId: '5fea7756-0ea4-451a-a703-a558b933e274',
    MD5OfMessageBody: 'fafb00f5732ab283681e124bf8747ed1',
    MD5OfMessageAttributes: '3ae8f24a165a8cedc005670c81a27295',
  },
  Invoke: { StatusCode: 200, Payload: Buffer.from('{"ok":true}') },
  GetMetricStatistics: { Label: 'l', Datapoints: [{ Timestamp: new Date(0), Average: 1 }] },
  GetBucketTagging: { TagSet: [{ Key: 'a', Value: 'b' }] },
  DescribeInstances: { Reservations: [{ ReservationId: 'r-1', Instances: [{ InstanceId: 'i-1' }] }] },
};

const read =
  (listener: (body: string) => string): RequestListener =>
  (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = listener(Buffer.concat(parts).toString());
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
  };

const readAway = ({ Body }: { Body?: Readable }): Promise<object> =>
  new Promise((resolve, reject) =>
    Body?.on('end', () => resolve({}))
      .on('error', reject)
      .resume(),
  );

async function listenerOf(): Promise<RequestListener | ReturnType<typeof createServer>> {
  const text = JSON.stringify(OUTPUT['SendMessage']);
  if (variant === 'sink') return (request, response) => request.on('end', () => response.end()).resume();
  if (variant === 'bare') return read(() => text);
  if (variant === 'json') {
    return read((body) => {
      JSON.parse(body);
      return JSON.stringify(OUTPUT['SendMessage']);
    });
  }
  if (variant === 'fastify') {
    const app = Fastify();
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
      done(null, JSON.parse(body as string)),
    );
    app.post('/', () => OUTPUT['SendMessage']);
    await app.ready();
    return app.server;
  }
  const services = (['sqs', 'lambda', 'cloudwatch', 's3', 'ec2'] as ModelId[]).map((id) => {
    const model = loadModel(id);
    return new Service(
      model,
      Object.fromEntries(
        model.operationNames.map((name) => [name, name === 'PutObject' ? readAway : () => OUTPUT[name] ?? {}]),
      ),
    );
  });
  const aws = new AwsServer({
    services,
    credentials: () => ({ secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', principal: undefined }),
    allowAnonymous: () => auth === 'unsigned',
  });
  return nodeListener(aws);
}

const made = await listenerOf();
const http = typeof made === 'function' ? createServer(made) : made;
http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port }));
process.on('message', (message) => {
  if (message === 'cpu') process.send?.({ cpu: process.cpuUsage() });
  if (message === 'stop') process.exit(0);
});
