export {
  checkCopySource,
  checkRead,
  checkWrite,
  type CopyConditions,
  type ObjectFacts,
  type ReadConditions,
  sameETag,
  type WriteConditions,
} from './conditions.ts';
export { type CopySource, readCopySource } from './copy-source.ts';
export { encodeKey, encodeList } from './list-encoding.ts';
export { type ByteRange, readCopyRange, readRange } from './range.ts';
export type { S3ErrorCode } from '../s3/error-status.ts';
