import type { BodyFilter } from '../body-stream.ts';
import { AwsError, Refusal } from '../errors.ts';

/** A form up to its file. */
export interface FormStart {
  /** By their names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
  readonly fileName: string;
  /** The file, and what stands after it. */
  readonly file: AsyncGenerator<Buffer>;
}

/** What may stand before the file. Source: Amazon S3 API reference, "POST Object": 20 KB of form data without the file. */
const MAX_FIELDS = 20 << 10;

/** Reads a form up to its file. */
export async function readFields(iterator: AsyncIterator<Buffer>, delimiter: string): Promise<FormStart> {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  let buffer: Buffer = Buffer.alloc(0);
  const more = async (): Promise<void> => {
    const { value, done } = await iterator.next();
    if (done) throw new Refusal('incompleteBody', 'The form ends before its file.');
    buffer = Buffer.concat([buffer, value]);
  };
  const find = async (what: string): Promise<number> => {
    for (;;) {
      const at = buffer.indexOf(what, 0, 'latin1');
      if (at >= 0) return at;
      if (buffer.length > MAX_FIELDS) throw tooLarge();
      await more();
    }
  };
  let seen = 0;
  if ((await find(delimiter)) !== 0) throw malformedForm('The form does not begin with its boundary.');
  buffer = buffer.subarray(delimiter.length);
  for (;;) {
    const headersEnd = await find('\r\n\r\n');
    const head = buffer.subarray(0, headersEnd).toString('utf8');
    if (head.startsWith('--')) throw malformedForm('The form has no file.');
    const name = /name="([^"]*)"/i.exec(head)?.[1];
    if (!/content-disposition:\s*form-data/i.test(head) || name === undefined)
      throw malformedForm('A form field has no name.');
    buffer = buffer.subarray(headersEnd + 4);
    seen += headersEnd;
    if (name.toLowerCase() === 'file') {
      const fileName = /filename="([^"]*)"/i.exec(head)?.[1] ?? '';
      return { fields, fileName: fileName.slice(fileName.lastIndexOf('/') + 1), file: concat(buffer, iterator) };
    }
    const end = await find(`\r\n${delimiter}`);
    const lower = name.toLowerCase();
    if (fields[lower] !== undefined) throw malformedForm(`The form field ${name} is given twice.`);
    fields[lower] = buffer.subarray(0, end).toString('utf8');
    seen += end;
    if (seen > MAX_FIELDS) throw tooLarge();
    buffer = buffer.subarray(end + 2 + delimiter.length);
  }
}

async function* concat(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    yield value;
  }
}

/** Passes the file on up to the closing boundary, and holds its length against the policy's range. */
export class FilePart implements BodyFilter {
  #length = 0;
  #held: Buffer = Buffer.alloc(0);
  #closed = false;
  readonly #end: Buffer;
  readonly #range: readonly [number, number] | undefined;

  constructor(end: string, range: readonly [number, number] | undefined) {
    this.#end = Buffer.from(end, 'latin1');
    this.#range = range;
  }

  take(piece: Buffer, pass: (bytes: Buffer) => void): void {
    // Fields after the file are ignored, as S3 does.
    if (this.#closed) return;
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, piece]) : piece;
    const at = bytes.indexOf(this.#end);
    this.#closed = at >= 0;
    const safe = at >= 0 ? at : Math.max(0, bytes.length - this.#end.length + 1);
    this.#held = at >= 0 ? Buffer.alloc(0) : Buffer.from(bytes.subarray(safe));
    this.#length += safe;
    if (this.#range && this.#length > this.#range[1]) {
      throw new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
        members: { ProposedSize: this.#length, MaxSizeAllowed: this.#range[1] },
      });
    }
    if (safe > 0) pass(bytes.subarray(0, safe));
  }

  end(): void {
    if (!this.#closed) throw new Refusal('incompleteBody', 'The form ends before its closing boundary.');
    if (this.#range && this.#length < this.#range[0]) {
      throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        members: { ProposedSize: this.#length, MinSizeAllowed: this.#range[0] },
      });
    }
  }
}

export function malformedForm(why: string): AwsError {
  return new AwsError(
    'MalformedPOSTRequest',
    `The body of your POST request is not well-formed multipart/form-data. ${why}`,
  );
}

function tooLarge(): AwsError {
  return new AwsError(
    'MaxPostPreDataLengthExceededError',
    'Your POST request fields preceding the upload file were too large.',
  );
}
