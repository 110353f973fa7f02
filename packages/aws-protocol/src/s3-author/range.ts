import { AwsError } from '../errors.ts';
import { type ObjectFacts, sameETag } from './conditions.ts';

/** The part of an object that a request is answered with. `first` and `last` are offsets of bytes, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
  /** Bytes: `last - first + 1`. */
  readonly length: number;
  /** For the output's `ContentRange`, which makes the answer a 206: `bytes 0-9/100`. */
  readonly contentRange: string;
}

/** Each run of spaces has one place, so that 64 KiB of them are read once and not once a letter. */
const ONE_RANGE = /^bytes=[ \t]*(?:(\d+)[ \t]*)?-[ \t]*(?:(\d+)[ \t]*)?$/i;

/**
 * Reads GetObject's and HeadObject's `Range` for an object of `size` bytes. Undefined: answer the whole object. That is so without a
 * range, for several ranges (which S3 does not serve), and for what cannot be read as one (RFC 9110, 14.2). `ifRange` is the request's
 * `if-range` header: the range holds only while the object is the one it names. Throws InvalidRange (416) for a range of bytes that are not there.
 */
export function readRange(
  range: string | undefined,
  size: number,
  condition?: { readonly ifRange: string | undefined; readonly object: ObjectFacts },
): ByteRange | undefined {
  const match = ONE_RANGE.exec(range ?? '');
  const [from, to] = [match?.[1] ?? '', match?.[2] ?? ''];
  if (from === '' && to === '') return undefined;
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  if (condition?.ifRange !== undefined && !isStill(condition.ifRange, condition.object)) return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first > last) throw unsatisfiable(range as string, size);
  return { first, last, length: last - first + 1, contentRange: `bytes ${first}-${last}/${size}` };
}

/** Reads UploadPartCopy's `CopySourceRange`, which S3 takes in one form only. Undefined: copy all. Throws InvalidArgument. */
export function readCopyRange(range: string | undefined, size: number): ByteRange | undefined {
  if (range === undefined) return undefined;
  const match = /^bytes=(\d+)-(\d+)$/.exec(range);
  if (!match || Number(match[2]) < Number(match[1])) {
    throw argument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      range,
    );
  }
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (last >= size) throw argument(`Range specified is not valid for source object of size: ${size}`, range);
  return { first, last, length: last - first + 1, contentRange: `bytes ${first}-${last}/${size}` };
}

function argument(message: string, value: string): AwsError {
  return new AwsError('InvalidArgument', message, {
    members: { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: value },
  });
}

function unsatisfiable(range: string, size: number): AwsError {
  return new AwsError('InvalidRange', 'The requested range is not satisfiable', {
    status: 416,
    members: { RangeRequested: range, ActualObjectSize: size },
    headers: { 'content-range': `bytes */${size}` },
  });
}

/** RFC 9110, 13.1.5: a weak tag never matches, a date must be the very one. */
function isStill(ifRange: string, { ETag, LastModified }: ObjectFacts): boolean {
  if (ifRange.startsWith('"')) return sameETag(ifRange, ETag);
  const time = Date.parse(ifRange);
  return !Number.isNaN(time) && Math.floor(LastModified.getTime() / 1000) * 1000 === time;
}
