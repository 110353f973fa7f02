import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvokeWithResponseStreamCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeEvent } from '../src/codec/event-stream.ts';
import { AwsError, type Context, loadModel, serve } from '../src/index.ts';
import { KEY, type Running, start } from './support/harness.ts';
import { sign } from './support/sign.ts';

type S3 = typeof import('@aws-sdk/client-s3');
type Lambda = typeof import('@aws-sdk/client-lambda');
type GetObject = (
  context: Context<string>,
  input: { ResponseContentDisposition?: string },
) => Record<string, unknown> | Promise<Record<string, unknown>>;
type Invoke = (context: Context<string>) => AsyncIterable<object>;

const STREAM_PATH = '/2021-11-15/functions/f/response-streaming-invocations';

/** Answers that a handler made badly, or that fail on their way. */
describe('answers', { timeout: 20_000 }, () => {
  let running: Running;
  let getObject: GetObject = () => ({});
  let invoke: Invoke = async function* () {};
  let onError: ((error: unknown) => void) | undefined;
  const errors: unknown[] = [];
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  beforeAll(async () => {
    process.on('unhandledRejection', onRejection);
    running = await start(
      [
        serve<S3, string>(loadModel('s3'), { GetObject: (input, context) => getObject(context, input) }),
        serve<Lambda, string>(loadModel('lambda'), {
          InvokeWithResponseStream: (_input, context) => ({ EventStream: invoke(context) as never }),
        }),
      ],
      {
        onError: (error) => {
          errors.push(error);
          onError?.(error);
        },
      },
    );
  });
  afterEach(async () => {
    await sleep(10);
    onError = undefined;
    errors.length = 0;
    expect(rejections.splice(0)).toEqual([]);
  });
  afterAll(() => {
    process.off('unhandledRejection', onRejection);
    return running.close();
  });

  /** Status, body, and whether the connection broke before the answer's end. Fails after 5 s without an answer. */
  function get(path = '/bucket/key', abortAfter?: number): Promise<{ status: number; body: string; broken: boolean }> {
    const { method, url, headers } = sign('s3', 'GET', path, {}, Buffer.alloc(0));
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => {
        asked.destroy();
        reject(new Error('no answer'));
      }, 5000);
      const asked = request({ host: '127.0.0.1', port: running.port, method, path: url, headers }, (answer) => {
        let body = '';
        const done = () => {
          clearTimeout(timeout);
          resolve({ status: answer.statusCode ?? 0, body, broken: !answer.complete });
        };
        answer.on('data', (part: Buffer) => {
          body += part.toString('latin1');
          if (abortAfter !== undefined && body.length >= abortAfter) asked.destroy();
        });
        answer.on('close', done).on('error', () => {});
      });
      asked.on('error', (error) => {
        clearTimeout(timeout);
        reject(error);
      });
      asked.end();
    });
  }

  it.each([
    ['a header with a control character', { ContentDisposition: 'attachment; filename="\u0001"' }],
    ['a header whose name is none', { Metadata: { 'a b': 'c' } }],
  ])('%s is an internal error, not the end of the process', async (_what, output) => {
    const body = Readable.from(['never sent']);
    getObject = () => ({ Body: body, ...output });
    const answer = await get();
    expect(answer.status).toBe(500);
    expect(answer.body).toContain('<Code>InternalError</Code>');
    expect(errors).toHaveLength(1);
    expect(body.destroyed).toBe(true);
  });

  it("a header that the caller asks for, and that cannot be, is the caller's fault", async () => {
    getObject = (_context, input) => ({ ContentDisposition: input.ResponseContentDisposition });
    const answer = await get('/bucket/key?response-content-disposition=a%01b');
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('<Code>InvalidArgument</Code>')]);
    expect((await get('/bucket/key?response-content-disposition=a%20%C3%A9')).status).toBe(200);
    expect(errors).toEqual([]);
  });

  it('neither is a status that is none, nor an error with a header that is none', async () => {
    getObject = (context) => {
      context.answerStatus = 42;
      return {};
    };
    expect((await get()).status).toBe(500);
    getObject = () => {
      throw new AwsError('Busy', 'later', { status: 503, headers: { 'retry-after': 'a\nb' } });
    };
    expect((await get()).status).toBe(500);
    getObject = () => {
      throw new AwsError('Busy', 'later', { status: 1000 });
    };
    expect((await get()).status).toBe(500);
  });

  it('a body is let go when the rest of the output cannot be written', async () => {
    const body = Readable.from(['never sent']);
    getObject = () => ({ Body: body, LastModified: 'no date' });
    expect((await get()).status).toBe(500);
    expect(body.destroyed).toBe(true);
  });

  it('a body shorter or longer than its Content-Length breaks the connection, and is told', async () => {
    for (const length of [9, 3]) {
      getObject = () => ({ Body: Readable.from([Buffer.from('hello')]), ContentLength: length });
      const answer = await get().catch((error: Error) => ({ body: '', broken: true, error }));
      expect(answer.broken, `length ${length}`).toBe(true);
      expect(answer.body.length).toBeLessThanOrEqual(Math.min(5, length));
      expect(errors.splice(0)).toMatchObject([{ message: expect.stringContaining('Content-Length') as string }]);
    }
    getObject = () => ({ Body: Readable.from([Buffer.from('hello')]), ContentLength: 5 });
    expect(await get()).toEqual({ status: 200, body: 'hello', broken: false });
    expect(errors).toEqual([]);
  });

  it('a body that fails half way breaks the connection, and is told', async () => {
    getObject = () => ({
      Body: (async function* () {
        yield Buffer.alloc(100_000, 'a');
        await sleep(5);
        throw new Error('disk gone');
      })(),
    });
    expect(await get()).toMatchObject({ status: 200, broken: true });
    expect(errors).toMatchObject([{ message: 'disk gone' }]);
  });

  it("a client that goes away ends the source, and is nobody's fault", async () => {
    let ended = false;
    let aborted = false;
    getObject = (context) => {
      const { signal } = context;
      expect(context.signal).toBe(signal);
      signal?.addEventListener('abort', () => (aborted = true));
      return {
        Body: (async function* () {
          try {
            for (;;) {
              yield Buffer.alloc(10_000, 'a');
              await sleep(1);
            }
          } finally {
            ended = true;
          }
        })(),
      };
    };
    await get('/bucket/key', 50_000).catch(() => {});
    for (let i = 0; i < 200 && !(ended && aborted); i++) await sleep(5);
    expect({ ended, aborted }).toEqual({ ended: true, aborted: true });
    expect(errors).toEqual([]);
  });

  it('an answer is sent even if the error hook fails', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    onError = () => {
      throw new Error('the log is full');
    };
    getObject = () => {
      throw new Error('broken');
    };
    expect((await get()).status).toBe(500);
    await sleep(10);
    process.off('warning', onWarning);
    expect(warnings.map((w) => w.message)).toContain('the log is full');
  });

  it('a request whose id cannot be made is cut off, and does not wait', async () => {
    const own = await start([], {
      newRequestId: () => {
        throw new Error('no more ids');
      },
    });
    const asked = fetch(`${own.url}/`, { signal: AbortSignal.timeout(5000) });
    await expect(asked).rejects.toThrow('fetch failed');
    await own.close();
  });

  it('the head of a stream of events is sent before there is an event', async () => {
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    invoke = async function* () {
      await gate;
      yield { PayloadChunk: { Payload: Buffer.from('late') } };
    };
    const { method, url, headers } = sign('lambda', 'POST', STREAM_PATH, {}, Buffer.alloc(0));
    const asked = request({ host: '127.0.0.1', port: running.port, method, path: url, headers }).end();
    const seen: string[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      asked.on('error', reject).on('response', (answer) => {
        seen.push(`head ${answer.statusCode}`);
        answer.on('data', (part: Buffer) => seen.push(decodeEvent(part).body.toString())).on('end', resolve);
      });
    });
    for (let i = 0; i < 200 && seen.length === 0; i++) await sleep(10);
    seen.push('go');
    go();
    await ended;
    expect(seen).toEqual(['head 200', 'go', 'late']);
  });

  it('a client that leaves a stream of events ends it, without an error, and the stream runs no further ahead', async () => {
    let given = 0;
    let thrown: unknown = 'nothing';
    let ended = false;
    invoke = async function* () {
      try {
        for (;;) {
          given++;
          yield { PayloadChunk: { Payload: Buffer.alloc(100_000) } };
        }
      } catch (error) {
        thrown = error;
      } finally {
        ended = true;
      }
    };
    const { method, url, headers } = sign('lambda', 'POST', STREAM_PATH, {}, Buffer.alloc(0));
    const asked = request({ host: '127.0.0.1', port: running.port, method, path: url, headers }).end();
    const answer = await new Promise<IncomingMessage>((resolve) => asked.on('response', resolve));
    answer.pause();
    // What sockets and streams hold, but not more.
    let before = -1;
    for (let i = 0; i < 50 && before !== given; i++) {
      before = given;
      await sleep(50);
    }
    expect(given).toBe(before);
    expect(given).toBeLessThan(200);
    asked.on('error', () => {}).destroy();
    for (let i = 0; i < 200 && !ended; i++) await sleep(5);
    expect({ ended, thrown, errors }).toEqual({ ended: true, thrown: 'nothing', errors: [] });
  });

  it('a stream of events that fails by mistake is told, one that fails on purpose is not', async () => {
    const lambda = new LambdaClient({ region: 'us-east-1', endpoint: running.url, credentials: KEY, maxAttempts: 1 });
    const read = async () => {
      const answer = await lambda.send(new InvokeWithResponseStreamCommand({ FunctionName: 'f' }));
      for await (const _event of answer.EventStream ?? []);
    };
    const fail = (error: Error): Invoke =>
      async function* () {
        yield { PayloadChunk: { Payload: Buffer.from('a') } };
        throw error;
      };
    invoke = fail(new AwsError('Throttled', 'slower'));
    await expect(read()).rejects.toThrow('slower');
    expect(errors).toEqual([]);
    invoke = fail(new TypeError('a secret of the code'));
    await expect(read()).rejects.toThrow('The stream failed.');
    expect(errors).toMatchObject([{ message: 'a secret of the code' }]);
  });
});
