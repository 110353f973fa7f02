export { type Claim, readClaim } from './claim.ts';
export { ChunkedDecoder, type ChunkedOptions, type ChunkSigning } from './chunked.ts';
export { deriveKey, SigningKeys } from './keys.ts';
export {
  type Credential,
  type CredentialProvider,
  SignatureVerifier,
  UNSIGNED_PAYLOAD,
  type Verified,
  type VerifyOptions,
} from './verify.ts';
