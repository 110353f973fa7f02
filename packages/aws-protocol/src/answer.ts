import { pipeline, Readable, Transform, type TransformCallback } from 'node:stream';
import type { WireResponse } from './request.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const UNFIT = /[^\t\x20-\x7e\x80-\xff]/;

/** Names that were found good; servers answer with few. */
const knownNames = new Set<string>();
const KNOWN_NAMES = 500;

function checkName(name: string): void {
  if (!TOKEN.test(name)) throw new TypeError(`not the name of a header: ${JSON.stringify(name)}`);
  if (knownNames.size < KNOWN_NAMES) knownNames.add(name);
}

/** Throws TypeError for a head that HTTP cannot carry, while another answer can still be given. */
export function checkHead({ status, headers }: WireResponse): void {
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new TypeError(`${status} is no status of an answer`);
  for (const name in headers) {
    if (!knownNames.has(name)) checkName(name);
    if (UNFIT.test(headers[name] as string)) throw new TypeError(`the header ${name} cannot hold its value`);
  }
}

/** Lets go of a body that will not be sent. */
export function release(body: unknown): void {
  if (body instanceof Readable) body.on('error', () => {}).destroy();
}

/**
 * Holds a streamed body to the Content-Length that its handler stated: a client would wait for the rest of one that is
 * shorter, and take the end of a longer one for its next answer. The stream fails instead, which cuts the connection.
 * `report` is told of that, and of a source that fails; not of one that was aborted, as by the handler's own signal.
 */
export function guardBody(answer: WireResponse, report: (error: unknown) => void): void {
  if (!(answer.body instanceof Readable)) return;
  const name = Object.keys(answer.headers).find((header) => header.toLowerCase() === 'content-length');
  if (name !== undefined) {
    const exact = new ExactLength(Number(answer.headers[name]));
    // Its errors are those of `exact`, where they are reported.
    answer.body = pipeline(answer.body, exact, () => {});
  }
  answer.body.on('error', (error) => {
    if (error.name !== 'AbortError') report(error);
  });
}

class ExactLength extends Transform {
  #left: number;
  readonly #length: number;

  constructor(length: number) {
    super({ highWaterMark: 1 << 16 });
    this.#length = length;
    this.#left = length;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#left -= chunk.length;
    if (this.#left < 0) done(new Error(`A body is longer than its Content-Length of ${this.#length} bytes.`));
    else done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    if (this.#left > 0)
      done(new Error(`A body is ${this.#left} bytes shorter than its Content-Length of ${this.#length}.`));
    else done();
  }
}
