import type { Claim } from './claim.ts';

/** What a signature should have covered, by the names that S3 gives it in `SignatureDoesNotMatch`. Nothing of it is the server's secret. */
export function explain(claim: Claim, stringToSign: string, canonicalRequest?: string): Record<string, string> {
  return {
    AWSAccessKeyId: claim.accessKeyId,
    StringToSign: stringToSign,
    SignatureProvided: claim.signature,
    StringToSignBytes: hexOf(stringToSign),
    ...(canonicalRequest === undefined
      ? {}
      : { CanonicalRequest: canonicalRequest, CanonicalRequestBytes: hexOf(canonicalRequest) }),
  };
}

/** The same as services other than S3 put it at the end of their message. */
export function inWords({ CanonicalRequest, StringToSign }: Readonly<Record<string, string>>): string {
  return `\n\nThe Canonical String for this request should have been\n'${CanonicalRequest}'\n\nThe String-to-Sign should have been\n'${StringToSign}'\n`;
}

function hexOf(text: string): string {
  return Buffer.from(text)
    .toString('hex')
    .replace(/..(?!$)/g, '$& ');
}
