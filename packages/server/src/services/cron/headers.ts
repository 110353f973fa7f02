import { checkHeaders } from '../../kernel/egress/target.ts';
import { invalidInput } from '../../kernel/errors.ts';
import type { Sealer } from '../../kernel/seal.ts';

export type Headers = Readonly<Record<string, string>>;

const purposeOf = (jobId: string): string => `cron job ${jobId}`;

/** Reads headers as a caller writes them, `Name: value`. Throws INVALID_INPUT. */
export function readHeaders(lines: readonly string[]): Headers {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = /^([^:]+):\s*(.*?)\s*$/s.exec(line) ?? [];
    // Without the value, which may be a key.
    if (name === undefined || value === undefined)
      throw invalidInput('target_headers: one has no name; write it like authorization: Bearer …');
    if (Object.hasOwn(headers, name.toLowerCase()))
      throw invalidInput(`target_headers: '${name.slice(0, 60)}' is there twice; join the values`);
    headers[name.toLowerCase()] = value;
  }
  checkHeaders('target_headers', headers);
  return headers;
}

export const sealHeaders = (
  sealer: Pick<Sealer, 'seal'>,
  job: { readonly id: string; readonly tenant_id: string },
  headers: Headers,
): string | null =>
  Object.keys(headers).length === 0 ? null : sealer.seal(job.tenant_id, purposeOf(job.id), JSON.stringify(headers));

export const openHeaders = (
  sealer: Pick<Sealer, 'open'>,
  job: { readonly job_id: string; readonly tenant_id: string; readonly target_headers_sealed: string | null },
): Headers =>
  job.target_headers_sealed === null
    ? {}
    : (JSON.parse(sealer.open(job.tenant_id, purposeOf(job.job_id), job.target_headers_sealed)) as Headers);
