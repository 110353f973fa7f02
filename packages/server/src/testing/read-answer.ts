import type { Answer } from './test-api.ts';

/** What came, with the members of the envelope. */
export function readAnswer(status: number, headers: Answer['headers'], text: string): Answer {
  const isJson = String(headers['content-type'] ?? '').startsWith('application/json') && text !== '';
  const parsed = isJson ? JSON.parse(text) : {};
  return {
    status,
    headers,
    text,
    data: parsed.data,
    code: parsed.error?.code,
    message: parsed.error?.message,
    meta: parsed.meta,
  };
}
