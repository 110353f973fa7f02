import { Readable } from 'node:stream';
import { collect } from '../../src/body.ts';
import {
  AwsError,
  UNSIGNED_OPERATIONS,
  loadModel,
  type Member,
  type ModelId,
  MODEL_IDS,
  Service,
  type StructShape,
} from '../../src/index.ts';
import { differences, normalize } from '../support/compare.ts';
import { KEY, start } from '../support/harness.ts';
import { generate, type GenerateOptions, plainText, Random, SKIP, seedOf, text } from '../support/random.ts';
import { explain, explainError } from './explained.ts';
import { asStream, eventMember, isEvents, randomOutput, readAll, streamExceptions } from './streams.ts';

export interface FuzzResult {
  operations: number;
  cases: number;
  errorCases: number;
  requestEqual: number;
  responseEqual: number;
  errorEqual: number;
  explained: Record<string, number>;
  failures: string[];
}

const CLIENT: Partial<Record<ModelId, string>> = { secretsmanager: 'secrets-manager' };

interface SdkClient {
  send(command: unknown): Promise<Record<string, unknown>>;
  destroy(): void;
}

/** Every operation of every model, `cases` times: random input and output through the real client; and every error once. */
export async function fuzzJs(options: {
  cases: number;
  seed: number;
  services?: readonly ModelId[];
}): Promise<FuzzResult> {
  const result: FuzzResult = {
    operations: 0,
    cases: 0,
    errorCases: 0,
    requestEqual: 0,
    responseEqual: 0,
    errorEqual: 0,
    explained: {},
    failures: [],
  };
  for (const id of options.services ?? MODEL_IDS) await fuzzService(id, options, result);
  return result;
}

async function fuzzService(id: ModelId, options: { cases: number; seed: number }, result: FuzzResult): Promise<void> {
  const model = loadModel(id);
  let received: unknown;
  let answer: () => unknown = () => ({});
  const handlers = Object.fromEntries(
    model.operationNames.map((name) => [
      name,
      async (input: Record<string, unknown>) => {
        received = undefined;
        const copy: Record<string, unknown> = { ...input };
        for (const [key, value] of Object.entries(copy))
          if (value instanceof Readable) copy[key] = await collect(value, 1 << 20);
        received = copy;
        return answer();
      },
    ]),
  );
  const server = await start([new Service<string>(model, handlers as never, { validate: false })], {
    allowAnonymous: (service, name) => UNSIGNED_OPERATIONS[service]?.includes(name) === true,
  });
  const sdk = (await import(`@aws-sdk/client-${CLIENT[id] ?? id}`)) as Record<string, new (input: object) => SdkClient>;
  const clientName = Object.keys(sdk).find((key) => /^[A-Za-z0-9]+Client$/.test(key) && key !== 'Client') as string;
  const client = new (sdk[clientName] as new (input: object) => SdkClient)({
    region: 'us-east-1',
    endpoint: server.url,
    credentials: KEY,
    forcePathStyle: true,
    md5: false,
    disableHostPrefix: true,
    maxAttempts: 1,
    accountIdEndpointMode: 'disabled',
    endpointDiscoveryEnabled: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    useQueueUrlAsEndpoint: false,
  });
  const empties =
    !model.protocols.some((p) => p === 'awsQuery' || p === 'ec2Query' || p === 'restXml') ||
    id === 'sqs' ||
    id === 'cloudwatch';
  try {
    for (const name of model.operationNames) {
      const at = `${id}.${name}`;
      result.operations++;
      const Command = sdk[`${name}Command`] as new (input: unknown) => unknown;
      const operation = model.operation(name);
      for (let i = 0; i < options.cases; i++) {
        const random = new Random(seedOf(`${at}:${i}:${options.seed}`));
        const input = operation.input
          ? generate(operation.input, random, { ...inputOptions(id, name), allowEmpty: empties })
          : {};
        const output = randomOutput(operation, random, { ...outputOptions(id), allowEmpty: empties });
        answer = () => asStream(operation, output);
        received = undefined;
        result.cases++;
        try {
          const back = await client.send(new Command(input));
          const expectedInput = normalize(input);
          const requestDiffs = differences(expectedInput, normalize(received)).filter(
            (d) => !excused(result, at, 'request', d),
          );
          if (requestDiffs.length === 0) result.requestEqual++;
          else result.failures.push(`${at} #${i} request: ${JSON.stringify(requestDiffs.slice(0, 3))}`);
          const { $metadata: _metadata, ...seen } = back;
          for (const [key, value] of Object.entries(seen)) {
            if (
              value &&
              typeof value === 'object' &&
              'transformToByteArray' in value &&
              !(value instanceof Uint8Array)
            ) {
              seen[key] = await (value as { transformToByteArray(): Promise<Uint8Array> }).transformToByteArray();
            } else if (isEvents(value)) seen[key] = await readAll(value);
          }
          const responseDiffs = differences(normalize(output), normalize(seen)).filter(
            (d) => !excused(result, at, 'response', d),
          );
          if (responseDiffs.length === 0) result.responseEqual++;
          else result.failures.push(`${at} #${i} response: ${JSON.stringify(responseDiffs.slice(0, 3))}`);
        } catch (error) {
          result.failures.push(
            `${at} #${i}: ${describe(error)} input ${JSON.stringify(normalize(input))?.slice(0, 300)} server: ${server.errors.splice(0).map(describe).join()}`,
          );
        }
      }
    }
    for (const name of model.operationNames) {
      for (const errorName of streamExceptions(model.operation(name)))
        await fuzzStreamError(id, name, errorName, client, sdk, (next) => (answer = next), options.seed, result);
    }
    await fuzzErrors(id, client, sdk, (next) => (answer = next), options.seed, result);
  } finally {
    client.destroy();
    await server.close();
  }
}

/** Each modelled error: the client must throw its class with its message. */
async function fuzzErrors(
  id: ModelId,
  client: SdkClient,
  sdk: Record<string, new (input: object) => SdkClient>,
  setAnswer: (answer: () => unknown) => void,
  seed: number,
  result: FuzzResult,
): Promise<void> {
  const model = loadModel(id);
  const name =
    model.operationNames.find(
      (n) => model.operation(n).input?.members.every((m) => !m.required) && !eventMember(model.operation(n)),
    ) ?? (model.operationNames[0] as string);
  const Command = sdk[`${name}Command`] as unknown as new (input: unknown) => unknown;
  for (const errorName of model.errorNames) {
    const random = new Random(seedOf(`${id}!${errorName}:${seed}`));
    const message = `it failed: ${text(random, 0.2)}`;
    const input = generate(model.operation(name).input as StructShape, random, {
      ...inputOptions(id, name),
      allowEmpty: false,
    });
    setAnswer(() => {
      throw new AwsError(errorName, message);
    });
    result.errorCases++;
    try {
      await client.send(new Command(input));
      result.failures.push(`${id}!${errorName}: no error came back`);
    } catch (error) {
      const seen = error as Error;
      const why = explainError(`${id}!${errorName}`);
      if (seen.constructor.name === errorName && seen.message === message) result.errorEqual++;
      else if (why !== undefined) result.explained[why] = (result.explained[why] ?? 0) + 1;
      else
        result.failures.push(
          `${id}!${errorName}: came back as ${seen.constructor.name} (${seen.name}) "${seen.message}", wanted "${message}"`,
        );
    }
  }
}

/** An exception that ends a stream of events: the client must give the events before it, then throw its class. */
async function fuzzStreamError(
  id: ModelId,
  name: string,
  errorName: string,
  client: SdkClient,
  sdk: Record<string, new (input: object) => SdkClient>,
  setAnswer: (answer: () => unknown) => void,
  seed: number,
  result: FuzzResult,
): Promise<void> {
  const at = `${id}.${name}!${errorName}`;
  const operation = loadModel(id).operation(name);
  const random = new Random(seedOf(`${at}:${seed}`));
  const message = `it failed: ${text(random, 0.2)}`;
  const input = generate(operation.input as StructShape, random, { ...inputOptions(id, name), allowEmpty: false });
  const output = randomOutput(operation, random, { ...outputOptions(id), allowEmpty: true });
  const { name: member } = eventMember(operation) as Member;
  setAnswer(() => asStream(operation, output, new AwsError(errorName, message)));
  result.errorCases++;
  const Command = sdk[`${name}Command`] as unknown as new (input: unknown) => unknown;
  const events: unknown[] = [];
  try {
    const back = await client.send(new Command(input));
    for await (const event of back[member] as AsyncIterable<unknown>) events.push(event);
    result.failures.push(`${at}: no error came back`);
  } catch (error) {
    const equal = differences(normalize(output[member]), normalize(events)).length === 0;
    const seen = error as Error;
    if (equal && seen.name === errorName && seen.message === message) result.errorEqual++;
    else result.failures.push(`${at}: after ${events.length} events came ${describe(error)}, wanted "${message}"`);
  }
}

export function inputOptions(id: ModelId, operation: string): Omit<GenerateOptions, 'allowEmpty'> {
  return {
    maxDepth: 4,
    blob: (bytes) => bytes,
    fixed(owner: StructShape, member: Member, random: Random) {
      if (member.traits.idempotencyToken) return plainText(random);
      if (id === 's3') {
        if (member.name === 'Bucket' && member.traits.httpLabel) return `bucket-${plainText(random).toLowerCase()}`;
        // Checksums of a body that they do not match would be refused, rightly.
        if (
          /^(Checksum|ContentMD5|ContentLength|ContentEncoding|SSECustomerKey|CopySourceSSECustomerKey)/.test(
            member.name,
          ) &&
          member.traits.httpHeader &&
          !(operation === 'CompleteMultipartUpload' && member.name.startsWith('Checksum'))
        )
          return SKIP;
        // It asks for a header of the answer, which holds no line break.
        if (member.traits.httpQuery?.startsWith('response-') && member.shape.kind === 'string')
          return text(random).replaceAll('\n', ' ');
        if (member.name === 'MpuObjectSize' || member.name === 'Range') return SKIP;
      }
      // The SDK makes it part of the host name.
      if (id === 'eventbridge' && member.name === 'EndpointId') return SKIP;
      // Members whose presence makes the SDK compute others.
      if (id === 'rds' && member.name === 'SourceRegion') return SKIP;
      if (
        member.name === 'PreSignedUrl' ||
        (id === 'ec2' && operation === 'CopySnapshot' && member.name === 'PresignedUrl')
      )
        return SKIP;
      if (id === 'dynamodb' && owner.name === 'AttributeValue' && member.name === 'N')
        return String(random.below(100_000));
      if (id === 'dynamodb' && owner.name === 'AttributeValue' && member.name === 'NS')
        return [String(random.below(100_000))];
      return undefined;
    },
  };
}

export function outputOptions(id: ModelId): Omit<GenerateOptions, 'allowEmpty'> {
  const base = inputOptions(id, '');
  return {
    ...base,
    fixed(owner, member, random) {
      // Without it the SDK takes a copy for failed, as the real S3 always sends it.
      if (member.name === 'CopyObjectResult' || member.name === 'CopyPartResult') return { ETag: plainText(random) };
      if (member.traits.httpHeader === 'Content-Length' || member.name === 'ContentLength') return SKIP;
      if (member.traits.httpHeader === 'Expires' || member.name === 'ExpiresString') return SKIP;
      return id === 'dynamodb' ? base.fixed(owner, member, random) : undefined;
    },
  };
}

function excused(
  result: FuzzResult,
  at: string,
  side: 'request' | 'response',
  difference: { path: string; expected: unknown; actual: unknown },
): boolean {
  const why = explain(at, side, difference);
  if (why === undefined) return false;
  result.explained[why] = (result.explained[why] ?? 0) + 1;
  return true;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.slice(0, 300)}` : String(error);
}
