import { AwsError } from '../errors.ts';

/** What conditions are compared with: the members of the object as an output has them. */
export interface ObjectFacts {
  /** With or without its quotes. */
  readonly ETag: string;
  readonly LastModified: Date;
}

/** GetObject's and HeadObject's conditions: their input is one. */
export interface ReadConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
  readonly IfModifiedSince?: Date | undefined;
  readonly IfUnmodifiedSince?: Date | undefined;
}

/** CopyObject's and UploadPartCopy's conditions on the source. */
export interface CopyConditions {
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: Date | undefined;
  readonly CopySourceIfUnmodifiedSince?: Date | undefined;
}

/** Conditions of what writes or deletes: PutObject, CompleteMultipartUpload, CopyObject, DeleteObject. */
export interface WriteConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/**
 * Throws NotModified (304, with the object's tag and date) or PreconditionFailed (412) where a read's conditions do not hold. A tag
 * outweighs a date: If-Match If-Unmodified-Since, and If-None-Match If-Modified-Since (RFC 9110, 13.2.2).
 */
export function checkRead(input: ReadConditions, object: ObjectFacts): void {
  const broken = firstBroken(input, object);
  if (broken === undefined) return;
  if (broken === 'If-None-Match' || broken === 'If-Modified-Since') {
    throw new AwsError('NotModified', 'Not Modified', {
      status: 304,
      headers: { etag: quoted(object.ETag), 'last-modified': object.LastModified.toUTCString() },
    });
  }
  throw failed(broken);
}

/** The same for the source of a copy, where everything that does not hold is a PreconditionFailed. */
export function checkCopySource(input: CopyConditions, source: ObjectFacts): void {
  const broken = firstBroken(
    {
      IfMatch: input.CopySourceIfMatch,
      IfNoneMatch: input.CopySourceIfNoneMatch,
      IfModifiedSince: input.CopySourceIfModifiedSince,
      IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    },
    source,
  );
  if (broken !== undefined) throw failed(`x-amz-copy-source-${broken}`);
}

/**
 * The conditions of a write, against the object that is there under the key, or undefined. Ask again where the write is made
 * final, with the key held: between two looks another may write. Throws PreconditionFailed (412), NoSuchKey (404) for an If-Match on nothing,
 * and NotImplemented for an If-None-Match other than `*`, as S3 does.
 */
export function checkWrite(input: WriteConditions, existing: ObjectFacts | undefined): void {
  const { IfMatch, IfNoneMatch } = input;
  if (IfNoneMatch !== undefined && IfNoneMatch.trim() !== '*') {
    throw new AwsError('NotImplemented', 'A header you provided implies functionality that is not implemented', {
      status: 501,
      members: { Header: 'If-None-Match' },
    });
  }
  if (IfNoneMatch !== undefined && existing) throw failed('If-None-Match');
  if (IfMatch === undefined) return;
  if (!existing) throw new AwsError('NoSuchKey', 'The specified key does not exist.', { status: 404 });
  if (!matches(IfMatch, existing.ETag)) throw failed('If-Match');
}

/** Whether two tags are the same, quoted or not. */
export function sameETag(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

function firstBroken(input: ReadConditions, object: ObjectFacts): string | undefined {
  const changed = seconds(object.LastModified);
  if (input.IfMatch !== undefined) {
    if (!matches(input.IfMatch, object.ETag)) return 'If-Match';
  } else if (input.IfUnmodifiedSince && changed > seconds(input.IfUnmodifiedSince)) return 'If-Unmodified-Since';
  if (input.IfNoneMatch !== undefined) {
    if (matches(input.IfNoneMatch, object.ETag)) return 'If-None-Match';
  } else if (input.IfModifiedSince && changed <= seconds(input.IfModifiedSince)) return 'If-Modified-Since';
  return undefined;
}

/** `*`, one tag or a list; S3's clients leave the quotes out. */
function matches(list: string, etag: string): boolean {
  if (list.trim() === '*') return true;
  return list.split(',').some((one) => sameETag(one.trim().replace(/^W\//, ''), etag));
}

/** Headers hold no fractions of a second. */
function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function bare(etag: string): string {
  return etag.length > 1 && etag.startsWith('"') && etag.endsWith('"') ? etag.slice(1, -1) : etag;
}

function quoted(etag: string): string {
  return `"${bare(etag)}"`;
}

function failed(condition: string): AwsError {
  return new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    status: 412,
    members: { Condition: condition },
  });
}
