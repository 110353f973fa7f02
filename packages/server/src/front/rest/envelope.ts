import { CloudError, internal } from '../../kernel/errors.ts';

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

/** What Fastify itself throws on a request that it cannot read, in our words. Anything else is ours and is not shown. */
export function asCloudError(error: unknown, bodyLimit?: number): CloudError {
  if (error instanceof CloudError) return error;
  const { statusCode, message } = (error ?? {}) as { statusCode?: number; message?: string };
  if (statusCode === 413)
    return new CloudError(
      'PAYLOAD_TOO_LARGE',
      413,
      `the request body is larger than ${bodyLimit ?? 'allowed'}${bodyLimit === undefined ? '' : ' bytes'}`,
    );
  if (statusCode === 415) return new CloudError('INVALID_INPUT', 400, 'send the body as application/json');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new CloudError('INVALID_INPUT', 400, message ?? 'the request cannot be read');
  }
  return internal('something broke on our side; the request id names it in the log');
}
