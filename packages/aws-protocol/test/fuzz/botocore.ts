import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { collect } from '../../src/body.ts';
import {
  AwsError,
  loadModel,
  type ModelId,
  MODEL_IDS,
  Service,
  type StructShape,
  UNSIGNED_OPERATIONS,
} from '../../src/index.ts';
import { differences, normalize } from '../support/compare.ts';
import { start } from '../support/harness.ts';
import { generate, Random, seedOf, text } from '../support/random.ts';
import { explainBotocore } from './explained.ts';
import { inputOptions, outputOptions } from './js.ts';
import { asStream, randomOutput, streamExceptions } from './streams.ts';

export interface BotocoreResult {
  version: string;
  operations: number;
  unknownOperations: number;
  cases: number;
  requestEqual: number;
  responseEqual: number;
  errorCases: number;
  errorEqual: number;
  /** Members that this botocore does not know, cut from the cases before they were sent. */
  membersCut: number;
  explained: Record<string, number>;
  failures: string[];
}

const NAMES: Partial<Record<ModelId, string>> = {
  'elastic-load-balancing-v2': 'elbv2',
  'auto-scaling': 'autoscaling',
  eventbridge: 'events',
  'cloudwatch-logs': 'logs',
};

interface Answer {
  unknown?: boolean;
  input: unknown;
  output: unknown;
  seen?: unknown;
  cut: string[];
  failed?: string;
  error?: { code: string; message: string; status: number };
}

/** Every operation of every model through a botocore, random both ways; and one error of each kind. */
export async function fuzzBotocore(
  python: string,
  options: { cases: number; seed: number; services?: readonly ModelId[] },
): Promise<BotocoreResult> {
  let received: unknown;
  let answer: () => unknown = () => ({});
  const services = (options.services ?? MODEL_IDS).map((id) => {
    const model = loadModel(id);
    const handler = async (input: Record<string, unknown>) => {
      const copy = { ...input };
      for (const [key, value] of Object.entries(copy))
        if (value instanceof Readable) copy[key] = await collect(value, 1 << 20);
      received = copy;
      return answer();
    };
    return new Service<string>(
      model,
      Object.fromEntries(model.operationNames.map((name) => [name, handler])) as never,
      { validate: false },
    );
  });
  const server = await start(services, {
    allowAnonymous: (service, name) => UNSIGNED_OPERATIONS[service]?.includes(name) === true,
  });
  const worker = spawn(python, [fileURLToPath(new URL('./botocore_worker.py', import.meta.url)), server.url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]();
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the Python worker ended');
    return JSON.parse(value as string) as T;
  };
  const ask = (request: unknown): Promise<Answer> => {
    worker.stdin.write(`${JSON.stringify(request)}\n`);
    return next<Answer>();
  };
  const result: BotocoreResult = {
    version: '',
    operations: 0,
    unknownOperations: 0,
    cases: 0,
    requestEqual: 0,
    responseEqual: 0,
    errorCases: 0,
    errorEqual: 0,
    membersCut: 0,
    explained: {},
    failures: [],
  };
  const excuse = (at: string, side: 'request' | 'response', found: ReturnType<typeof differences>) =>
    found.filter((difference) => {
      const why = explainBotocore(at, side, difference);
      if (why !== undefined) result.explained[why] = (result.explained[why] ?? 0) + 1;
      return why === undefined;
    });
  try {
    result.version = (await next<{ version: string }>()).version;
    for (const { model } of services) {
      const id = model.id as ModelId;
      const service = NAMES[id] ?? id;
      const empties = model.protocols.every((p) => p.startsWith('awsJson') || p === 'restJson1' || p === 'rpcv2Cbor');
      const errorNames = [...model.errorNames];
      for (const name of model.operationNames) {
        const at = `${id}.${name}`;
        result.operations++;
        const operation = model.operation(name);
        for (let i = 0; i < options.cases; i++) {
          const random = new Random(seedOf(`${at}:${i}:${options.seed}`));
          const input = operation.input
            ? generate(operation.input, random, { ...inputOptions(id, name), allowEmpty: empties })
            : {};
          const output = randomOutput(operation, random, { ...outputOptions(id), allowEmpty: empties });
          answer = () => asStream(operation, output);
          received = undefined;
          const back = await ask({ service, operation: name, input: tagged(input), output: tagged(output) });
          if (back.unknown) {
            result.unknownOperations++;
            break;
          }
          result.cases++;
          result.membersCut += back.cut?.length ?? 0;
          if (back.failed !== undefined || back.error !== undefined) {
            const why = explainBotocore(at, 'request', {
              path: '',
              expected: undefined,
              actual: back.failed ?? back.error?.message,
            });
            if (why === undefined)
              result.failures.push(
                `${at} #${i}: ${back.failed ?? JSON.stringify(back.error)} server ${server.errors.splice(0).map(String).join()}`,
              );
            else {
              result.explained[why] = (result.explained[why] ?? 0) + 1;
              result.requestEqual++;
              result.responseEqual++;
            }
            continue;
          }
          const requestDiffs = excuse(at, 'request', differences(untagged(back.input), normalize(received)));
          if (requestDiffs.length === 0) result.requestEqual++;
          else result.failures.push(`${at} #${i} request: ${JSON.stringify(requestDiffs.slice(0, 3))}`);
          const responseDiffs = excuse(at, 'response', differences(untagged(back.output), untagged(back.seen)));
          if (responseDiffs.length === 0) result.responseEqual++;
          else result.failures.push(`${at} #${i} response: ${JSON.stringify(responseDiffs.slice(0, 3))}`);
        }
        const inStream = streamExceptions(operation);
        const errorName = errorNames.pop();
        for (const [thrown, streamed] of [
          ...inStream.map((e) => [e, true] as const),
          ...(errorName === undefined ? [] : [[errorName, false] as const]),
        ]) {
          const random = new Random(seedOf(`${at}!${thrown}`));
          const message = `it failed: ${text(random, 0.2)}`;
          const failure = new AwsError(thrown, message);
          const output = streamed ? randomOutput(operation, random, { ...outputOptions(id), allowEmpty: true }) : {};
          answer = () => {
            if (streamed) return asStream(operation, output, failure);
            throw failure;
          };
          const input = operation.input
            ? generate(operation.input as StructShape, random, { ...inputOptions(id, name), allowEmpty: false })
            : {};
          const back = await ask({ service, operation: name, input: tagged(input), output: {} });
          if (back.unknown || back.failed !== undefined) continue;
          result.errorCases++;
          const shape = model.error(thrown);
          const codes = [thrown, shape?.traits.awsQueryError?.[0]];
          // Without a body a HEAD can tell the status only.
          const head = operation.traits.http?.[0] === 'HEAD';
          if (back.error && (head || (codes.includes(back.error.code) && back.error.message === message)))
            result.errorEqual++;
          else result.failures.push(`${at}!${thrown}: came back as ${JSON.stringify(back.error)}, wanted ${message}`);
        }
      }
    }
  } finally {
    worker.stdin.end();
    worker.kill();
    await server.close();
  }
  return result;
}

function tagged(value: unknown): unknown {
  if (value instanceof Date) return { $time: value.getTime() };
  if (value instanceof Uint8Array) return { $hex: Buffer.from(value).toString('hex') };
  if (Array.isArray(value)) return value.map(tagged);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, tagged(v)]));
  return value;
}

/** From the worker's tags to what `normalize` gives. */
function untagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untagged);
  if (typeof value !== 'object' || value === null) return value === null ? undefined : value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === '$time') return { time: entries[0][1] };
  if (entries.length === 1 && entries[0]?.[0] === '$hex') return { hex: entries[0][1] };
  return Object.fromEntries(entries.map(([k, v]) => [k, untagged(v)]).filter(([, v]) => v !== undefined));
}
