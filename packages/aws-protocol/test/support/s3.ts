import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { collect } from '../../src/body.ts';
import { AwsError, type Context, type Handlers } from '../../src/index.ts';

type Sdk = typeof import('@aws-sdk/client-s3');
interface StoredObject {
  body: Buffer;
  etag: string;
  type: string;
  encoding: string | undefined;
  metadata: Record<string, string>;
  checksums: Readonly<Record<string, string>>;
  modified: Date;
}
const MAX = 64 << 20;

/** An S3 in memory, enough for the scenario suites. What clients sent last is kept in `seen`. */
export function s3InMemory(): { handlers: Handlers<Sdk, string>; seen: { headers: Context['headers'] | undefined } } {
  const buckets = new Map<string, Map<string, StoredObject>>();
  const uploads = new Map<
    string,
    { bucket: string; key: string; parts: Map<number, { body: Buffer; etag: string }> }
  >();
  const seen: { headers: Context['headers'] | undefined } = { headers: undefined };
  const bucketOf = (name: string): Map<string, StoredObject> => {
    const bucket = buckets.get(name);
    if (!bucket)
      throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', { members: { BucketName: name } });
    return bucket;
  };
  const objectOf = (bucket: string, key: string): StoredObject => {
    const object = bucketOf(bucket).get(key);
    if (!object) throw new AwsError('NoSuchKey', 'The specified key does not exist.');
    return object;
  };
  const store = (bucket: string, key: string, body: Buffer, more: Partial<StoredObject> = {}): StoredObject => {
    const object: StoredObject = {
      body,
      etag: `"${createHash('md5').update(body).digest('hex')}"`,
      type: 'binary/octet-stream',
      encoding: undefined,
      metadata: {},
      checksums: {},
      modified: new Date(Math.floor(Date.now() / 1000) * 1000),
      ...more,
    };
    bucketOf(bucket).set(key, object);
    return object;
  };
  const checksumMembers = (checksums: Readonly<Record<string, string>>) => ({
    ...(checksums['crc32'] ? { ChecksumCRC32: checksums['crc32'] } : {}),
    ...(checksums['crc32c'] ? { ChecksumCRC32C: checksums['crc32c'] } : {}),
    ...(checksums['crc64nvme'] ? { ChecksumCRC64NVME: checksums['crc64nvme'] } : {}),
    ...(checksums['sha1'] ? { ChecksumSHA1: checksums['sha1'] } : {}),
    ...(checksums['sha256'] ? { ChecksumSHA256: checksums['sha256'] } : {}),
  });
  const headOf = (object: StoredObject) => ({
    ETag: object.etag,
    ContentType: object.type,
    ...(object.encoding ? { ContentEncoding: object.encoding } : {}),
    LastModified: object.modified,
    Metadata: object.metadata,
    AcceptRanges: 'bytes',
    ...checksumMembers(object.checksums),
  });

  const handlers: Handlers<Sdk, string> = {
    ListBuckets: () => ({
      Buckets: [...buckets.keys()].map((Name) => ({ Name, CreationDate: new Date(0) })),
      Owner: { ID: 'me' },
    }),
    CreateBucket(input) {
      if (buckets.has(input.Bucket)) throw new AwsError('BucketAlreadyOwnedByYou', 'It is yours already.');
      buckets.set(input.Bucket, new Map());
      return { Location: `/${input.Bucket}` };
    },
    HeadBucket(input) {
      if (!buckets.has(input.Bucket)) throw new AwsError('NotFound', 'Not Found');
    },
    DeleteBucket(input) {
      if (bucketOf(input.Bucket).size > 0) throw new AwsError('BucketNotEmpty', 'The bucket is not empty.');
      buckets.delete(input.Bucket);
    },
    GetBucketLocation: (input) => (bucketOf(input.Bucket), { LocationConstraint: 'eu-west-1' }),
    async PutObject(input, context) {
      bucketOf(input.Bucket);
      seen.headers = context.headers;
      const body = input.Body ? await collect(input.Body, MAX) : Buffer.alloc(0);
      const { checksums } = context.body();
      const object = store(input.Bucket, input.Key, body, {
        type: input.ContentType ?? 'binary/octet-stream',
        encoding: input.ContentEncoding,
        metadata: input.Metadata ?? {},
        checksums,
      });
      return { ETag: object.etag, ...checksumMembers(checksums) };
    },
    GetObject(input) {
      const object = objectOf(input.Bucket, input.Key);
      const range = /^bytes=(\d+)-(\d*)$/.exec(input.Range ?? '');
      if (!range)
        return {
          ...headOf(object),
          ContentLength: object.body.length,
          Body: Readable.from([object.body], { objectMode: false }),
        };
      const from = Number(range[1]);
      if (from >= object.body.length) throw new AwsError('InvalidRange', 'The requested range is not satisfiable');
      const to = Math.min(range[2] === '' ? Number.POSITIVE_INFINITY : Number(range[2]), object.body.length - 1);
      // A checksum is one of the whole object.
      const head = headOf({ ...object, checksums: {} });
      return {
        ...head,
        ContentLength: to - from + 1,
        ContentRange: `bytes ${from}-${to}/${object.body.length}`,
        Body: object.body.subarray(from, to + 1),
      };
    },
    HeadObject(input) {
      const object = bucketOf(input.Bucket).get(input.Key);
      if (!object) throw new AwsError('NotFound', 'Not Found');
      return { ...headOf(object), ContentLength: object.body.length };
    },
    DeleteObject(input) {
      bucketOf(input.Bucket).delete(input.Key);
    },
    DeleteObjects(input) {
      const bucket = bucketOf(input.Bucket);
      const names = input.Delete.Objects.map((o) => o.Key);
      for (const key of names) bucket.delete(key);
      return { Deleted: names.map((Key) => ({ Key })) };
    },
    CopyObject(input) {
      const [, bucket, key] = /^\/?([^/]+)\/(.+)$/.exec(decodeURIComponent(input.CopySource)) as unknown as [
        string,
        string,
        string,
      ];
      const source = objectOf(bucket, key);
      const copy = store(input.Bucket, input.Key, source.body, { type: source.type, metadata: source.metadata });
      return { CopyObjectResult: { ETag: copy.etag, LastModified: copy.modified } };
    },
    ListObjectsV2(input) {
      const prefix = input.Prefix ?? '';
      const keys = [...bucketOf(input.Bucket)]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1));
      const plain = input.Delimiter
        ? keys.filter(([key]) => !key.slice(prefix.length).includes(input.Delimiter as string))
        : keys;
      const prefixes = new Set(
        keys
          .filter((entry) => !plain.includes(entry))
          .map(([key]) => prefix + key.slice(prefix.length).split(input.Delimiter as string)[0] + input.Delimiter),
      );
      const encode = (text: string) =>
        input.EncodingType === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;
      return {
        Name: input.Bucket,
        Prefix: prefix,
        KeyCount: plain.length + prefixes.size,
        MaxKeys: 1000,
        IsTruncated: false,
        ...(input.EncodingType ? { EncodingType: input.EncodingType } : {}),
        ...(plain.length
          ? {
              Contents: plain.map(([key, o]) => ({
                Key: encode(key),
                Size: o.body.length,
                ETag: o.etag,
                LastModified: o.modified,
                StorageClass: 'STANDARD' as const,
              })),
            }
          : {}),
        ...(prefixes.size ? { CommonPrefixes: [...prefixes].map((Prefix) => ({ Prefix: encode(Prefix) })) } : {}),
      };
    },
    CreateMultipartUpload(input) {
      bucketOf(input.Bucket);
      const UploadId = `upload-${uploads.size + 1}`;
      uploads.set(UploadId, { bucket: input.Bucket, key: input.Key, parts: new Map() });
      return { Bucket: input.Bucket, Key: input.Key, UploadId };
    },
    async UploadPart(input, context) {
      const upload = uploads.get(input.UploadId);
      if (!upload) throw new AwsError('NoSuchUpload', 'The specified multipart upload does not exist.');
      const body = input.Body ? await collect(input.Body, MAX) : Buffer.alloc(0);
      const etag = `"${createHash('md5').update(body).digest('hex')}"`;
      upload.parts.set(input.PartNumber, { body, etag });
      return { ETag: etag, ...checksumMembers(context.body().checksums) };
    },
    ListParts(input) {
      const upload = uploads.get(input.UploadId);
      if (!upload) throw new AwsError('NoSuchUpload', 'The specified multipart upload does not exist.');
      return {
        Parts: [...upload.parts].map(([PartNumber, p]) => ({ PartNumber, ETag: p.etag, Size: p.body.length })),
        UploadId: input.UploadId,
      };
    },
    CompleteMultipartUpload(input) {
      const upload = uploads.get(input.UploadId);
      if (!upload) throw new AwsError('NoSuchUpload', 'The specified multipart upload does not exist.');
      const parts = (input.MultipartUpload?.Parts ?? []).map((p) => {
        const part = upload.parts.get(p.PartNumber ?? 0);
        if (!part || part.etag !== p.ETag)
          throw new AwsError('InvalidPart', 'One or more of the specified parts could not be found.');
        return part.body;
      });
      const object = store(upload.bucket, upload.key, Buffer.concat(parts), {
        etag: `"${'0'.repeat(32)}-${parts.length}"`,
      });
      uploads.delete(input.UploadId);
      return { Bucket: upload.bucket, Key: upload.key, ETag: object.etag, Location: `/${upload.bucket}/${upload.key}` };
    },
    AbortMultipartUpload(input) {
      uploads.delete(input.UploadId);
    },
    PutBucketTagging: (input) => void bucketOf(input.Bucket),
    GetObjectTagging: () => ({ TagSet: [{ Key: 'a', Value: 'b' }] }),
  };
  return { handlers, seen };
}
