import type { WireRequest } from '../../src/index.ts';

/** Reads a request as the published vectors write it: request line, header lines (folded ones too), body. */
export function parseRawRequest(text: string): WireRequest {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const [, method, url] = /^(\S+) (.*?)(?: HTTP\/1\.1)?$/.exec(lines[0] as string) as unknown as [
    string,
    string,
    string,
  ];
  const headers: Record<string, string> = {};
  let last = '';
  let i = 1;
  for (; i < lines.length && lines[i] !== ''; i++) {
    const line = lines[i] as string;
    if (/^\s/.test(line)) {
      headers[last] += ` ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    last = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[last] = headers[last] === undefined ? value : `${headers[last]},${value}`;
  }
  return { method, url, headers, body: Buffer.from(lines.slice(i + 1).join('\n')) };
}
