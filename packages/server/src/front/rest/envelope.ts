import { CloudError, internal, invalidInput, payloadTooLarge, unsupportedMediaType } from '../../kernel/errors.ts';

/** `{data, meta}` and `{error, meta}` as the contract has them (section 2). */
export interface Meta {
  readonly request_id: string;
  readonly timestamp: string;
  readonly next_cursor?: string;
}

export const dataBody = (data: unknown, meta: Meta): object => ({ data, meta });

export const errorBody = (error: CloudError, meta: Meta): object => ({
  error: { type: error.code, message: error.message, code: error.code },
  meta,
});

/** What Fastify itself refuses, in our words. */
const UNREADABLE: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'the path contains an invalid percent escape; write a % as %25',
  FST_ERR_MAX_PARAM_LENGTH: 'a part of the path is too long to be an id or a name',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as its Content-Length says',
};

/** What Fastify itself throws on a request that it cannot read, in our words. Anything else is ours and is not shown. */
export function asCloudError(error: unknown, bodyLimit?: number): CloudError {
  if (error instanceof CloudError) return error;
  const { statusCode, code } = (error ?? {}) as { statusCode?: number; code?: string };
  if (statusCode === 413)
    return payloadTooLarge(
      `the request body is larger than ${bodyLimit ?? 'allowed'}${bodyLimit === undefined ? '' : ' bytes'}`,
    );
  if (statusCode === 415) return unsupportedMediaType('send the body with Content-Type: application/json');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return invalidInput(UNREADABLE[code ?? ''] ?? 'the request cannot be read');
  return internal(
    'the platform failed to handle the request; report the request id to the operator, who finds it in the log',
  );
}
