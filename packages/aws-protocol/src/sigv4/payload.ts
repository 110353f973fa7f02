import { Refusal } from '../errors.ts';

const FORMS =
  /^(?:[0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER|STREAMING-AWS4-(?:HMAC-SHA256|ECDSA-P256-SHA256)-PAYLOAD(?:-TRAILER)?)$/;

/** Refuses an `x-amz-content-sha256` of no known form: it would be taken for a wish that nothing is checked. */
export function checkPayloadForm(stated: string): void {
  if (FORMS.test(stated)) return;
  throw new Refusal(
    'payloadForm',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    { details: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: stated.slice(0, 200) } },
  );
}
