interface Difference {
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Differences between what a client was given and what arrived that are the client's own doing. One entry, one reason. */
export function explain(at: string, side: 'request' | 'response', difference: Difference): string | undefined {
  const { path, expected, actual } = difference;
  if (side === 'request') {
    if (at.startsWith('s3.') && expected === undefined) {
      if (path === 'ContentLength' || path === 'ContentType')
        return 'the JS SDK states the length and a default type of a body';
      if (path === 'Body' || path === 'AnnotationPayload') return 'a streamed body is always there, if only empty';
    }
    if (/^lambda\./.test(at) && path === 'Error' && JSON.stringify(actual) === '{}')
      return 'the JS SDK sends {} for a payload structure that is not set';
    if (JSON.stringify(expected) === '[]' && actual === undefined && at === 'scheduler.UntagResource')
      return 'a query string cannot say "an empty list"';
    if (/^(ec2\.CopySnapshot|rds\.\w+)$/.test(at) && /^(DestinationRegion|Pres?ignedUrl|PreSignedUrl)$/.test(path)) {
      return 'the JS SDK presigns cross-region copies itself and adds DestinationRegion and PresignedUrl';
    }
  }
  if (side === 'response' && expected === undefined) {
    if (/^lambda\./.test(at) && /^Status(Code)?$/.test(path))
      return 'the SDK fills a status member from the answer itself';
    if (at.startsWith('s3.')) {
      if (path === 'ContentLength') return 'the SDK reads Content-Length, which the adapter sets';
      if (path === 'Body' || path === 'AnnotationPayload') return 'a streamed body is always there, if only empty';
      if (path === 'ContentType') return 'the SDK reads Content-Type, which has a default';
      if (path === 'Metadata' && JSON.stringify(actual) === '{}')
        return 'the SDK gives an empty map where there are no such headers';
    }
  }
  return undefined;
}

export function explainError(at: string): string | undefined {
  if (at === 'cloudwatch!DashboardNotFoundError') {
    return 'the model gives DashboardNotFoundError and ResourceNotFound the same query code, and the SDK takes the first';
  }
  return undefined;
}
