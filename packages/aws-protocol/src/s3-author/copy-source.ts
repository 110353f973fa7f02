import { AwsError } from '../errors.ts';

/** The object that CopyObject and UploadPartCopy copy. */
export interface CopySource {
  /** A bucket's name, or the ARN of an access point. */
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
}

const ACCESS_POINT = /^(arn:[^/]+:accesspoint\/[^/]+)\/object\/(.+)$/s;
const VERSION = '?versionId=';

/**
 * Reads `CopySource`: `bucket/key`, `/bucket/key` or `<access point's ARN>/object/<key>`, all of it URL-encoded (a `+` is a space, as
 * S3 reads it), with `?versionId=…` behind. A `?` of the key itself comes as `%3F`; clients that forget to encode it are understood
 * too. Throws InvalidArgument.
 */
export function readCopySource(value: string): CopySource {
  const mark = value.lastIndexOf(VERSION);
  const versionId = mark < 0 ? undefined : decode(value.slice(mark + VERSION.length), value);
  const path = decode(mark < 0 ? value : value.slice(0, mark), value);
  if (versionId === '') throw invalid('Version id cannot be the empty string', value);
  const named = ACCESS_POINT.exec(path) ?? /^\/?([^/]+)\/(.+)$/s.exec(path);
  if (!named) throw invalid('Copy Source must mention the source bucket and key: sourcebucket/sourcekey', value);
  return { bucket: named[1] as string, key: named[2] as string, versionId };
}

function decode(text: string, value: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalid('Copy Source is not URL-encoded UTF-8', value);
  }
}

function invalid(message: string, value: string): AwsError {
  return new AwsError('InvalidArgument', message, {
    members: { ArgumentName: 'x-amz-copy-source', ArgumentValue: value },
  });
}
