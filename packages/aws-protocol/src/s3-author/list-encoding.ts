import { AwsError } from '../errors.ts';

/** Members of list answers that hold keys, or parts of keys. */
const KEYS = new Set([
  'Delimiter',
  'Key',
  'KeyMarker',
  'Marker',
  'NextKeyMarker',
  'NextMarker',
  'Prefix',
  'StartAfter',
]);
/** Lists whose items hold keys too. */
const LISTS = new Set(['CommonPrefixes', 'Contents', 'DeleteMarkers', 'Uploads', 'Versions']);

/**
 * The answer of ListObjects, ListObjectsV2, ListObjectVersions or ListMultipartUploads as its client asked for it: with
 * `EncodingType: 'url'`, keys are encoded, since XML cannot hold every character that a key may have, and the answer says so. Continuation
 * tokens and ids stay as they are. Throws InvalidArgument for another encoding.
 */
export function encodeList<T extends object>(output: T, encodingType: string | undefined): T {
  if (encodingType === undefined) return output;
  if (encodingType !== 'url') {
    throw new AwsError('InvalidArgument', 'Invalid Encoding Method specified in Request', {
      members: { ArgumentName: 'encoding-type', ArgumentValue: encodingType },
    });
  }
  return { ...(encodeMembers(output) as T), EncodingType: 'url' };
}

/** A key as S3 encodes it in a list: UTF-8 in `%XX`, a space as `+`, and `/`, `*`, `-`, `.` and `_` as they are. */
export function encodeKey(key: string): string {
  return encodeURIComponent(key.toWellFormed())
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+');
}

function encodeMembers(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, item]: [string, unknown]) => {
      if (KEYS.has(name) && typeof item === 'string') return [name, encodeKey(item)];
      if (LISTS.has(name) && Array.isArray(item)) return [name, item.map((one: object) => encodeMembers(one))];
      return [name, item];
    }),
  );
}
