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
    if (at.startsWith('lambda.') && path === 'Error' && JSON.stringify(actual) === '{}')
      return 'the JS SDK sends {} for a payload structure that is not set';
    if (JSON.stringify(expected) === '[]' && actual === undefined && /^(lambda|scheduler)\./.test(at))
      return 'a query string cannot say "an empty list"';
    if (/^(ec2\.CopySnapshot|rds\.\w+)$/.test(at) && /^(DestinationRegion|Pres?ignedUrl|PreSignedUrl)$/.test(path)) {
      return 'the JS SDK presigns cross-region copies itself and adds DestinationRegion and PresignedUrl';
    }
  }
  const stream = explainStream(side, difference);
  if (stream !== undefined) return stream;
  if (side === 'response' && expected === undefined) {
    if (at.startsWith('lambda.') && /^Status(Code)?$/.test(path))
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

function explainStream(side: 'request' | 'response', { path, expected, actual }: Difference): string | undefined {
  if (side === 'request' || expected !== undefined) return undefined;
  if (path === 'ResponseStreamContentType') return 'a stream of events has a default Content-Type';
  if (/^EventStream\.\d+\.PayloadChunk\.Payload$/.test(path) && JSON.stringify(actual) === '{"hex":""}')
    return "an event's bytes are always there, if only empty";
  return undefined;
}

export function explainError(at: string): string | undefined {
  if (at === 'cloudwatch!DashboardNotFoundError') {
    return 'the model gives DashboardNotFoundError and ResourceNotFound the same query code, and the SDK takes the first';
  }
  return undefined;
}

/** The same for botocore, old and new. */
export function explainBotocore(at: string, side: 'request' | 'response', difference: Difference): string | undefined {
  const { path, expected, actual } = difference;
  const service = at.slice(0, at.indexOf('.'));
  const number = typeof actual === 'number' && typeof expected === 'string' && Number(expected) === actual;
  if (
    number ||
    (typeof actual === 'string' && /invalid literal for int|could not convert string to float/.test(actual))
  ) {
    return 'botocore reads as a number what the SDK model has as a string';
  }
  if (side === 'request') {
    if (/(^|\.)UserData(\.Data|\.Value)?$/.test(path) && Buffer.from(String(expected)).toString('base64') === actual) {
      return 'botocore encodes UserData in base64 itself';
    }
    if (/^(ec2|rds|docdb)$/.test(service) && /^(DestinationRegion|Pres?ignedUrl|PreSignedUrl)$/.test(path)) {
      return 'botocore presigns cross-region copies itself and adds or replaces DestinationRegion and PresignedUrl';
    }
    if (service === 's3' && expected === undefined) {
      if (path === 'ContentLength' || path === 'ContentType') return 'botocore states the length of a body';
      if (path.startsWith('Checksum') || path === 'ContentMD5')
        return 'botocore adds a checksum where the operation requires one';
      if (path === 'Body' || path === 'AnnotationPayload') return 'a streamed body is always there, if only empty';
      if (path === 'EncodingType' && actual === 'url') return 'botocore asks for url-encoded keys and decodes them';
    }
    if (JSON.stringify(expected) === '[]' && actual === undefined)
      return 'a query string or form cannot say "an empty list"';
    if (at === 'sqs.ReceiveMessage' && path === 'MessageSystemAttributeNames')
      return 'in the query protocol this member has the wire name of AttributeNames';
    if (service === 'lambda' && JSON.stringify(actual) === '{}' && expected === undefined)
      return 'a payload structure that is not set arrives as {}';
  }
  const stream = explainStream(side, difference);
  if (stream !== undefined) return stream;
  if (side === 'response') {
    if (/(PolicyDocument|Document)$/.test(path) && service === 'iam') return 'botocore decodes policy documents';
    if (at === 'ec2.GetConsoleOutput' && path === 'Output')
      return 'botocore decodes the console output from base64 where it can';
    if (at === 's3.GetBucketPolicy' && path === 'Policy' && actual === '')
      return 'a text payload is always there, if only empty';
    if (service === 's3') {
      if (path === 'ContentLength' || path === 'ContentType')
        return 'botocore reads the headers Content-Length and Content-Type';
      if (JSON.stringify(actual) === '{}' && expected === undefined)
        return 'botocore gives an empty structure where the payload is empty';
    }
    if ((path === 'Body' || path === 'AnnotationPayload' || path === 'Payload') && expected === undefined)
      return 'a streamed body is always there, if only empty';
    if (service === 'lambda' && /^Status(Code)?$/.test(path) && expected === undefined)
      return 'botocore fills a status member from the answer itself';
  }
  return undefined;
}
