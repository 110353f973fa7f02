import { request } from 'undici';

export interface Frame {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly retry?: string;
}

export interface OpenEvents {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: () => string;
  /** All frames so far, comments left out. */
  readonly frames: () => readonly Frame[];
  /** What the events say, parsed. */
  readonly data: <T>() => readonly T[];
  /** How it ended: `its end`, with every byte there, or `cut off`. */
  readonly ended: Promise<string>;
  leave(): void;
}

/** Opens a stream of server-sent events and reads it, as fast as it comes, until it ends. */
export async function openEvents(
  url: string,
  key: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<OpenEvents> {
  const leaving = new AbortController();
  const answered = await request(url, { headers: { 'x-api-key': key, ...headers }, signal: leaving.signal });
  let text = '';
  const ended = (async () => {
    try {
      for await (const chunk of answered.body) text += String(chunk);
      return 'its end';
    } catch {
      return 'cut off';
    }
  })();
  const frames = () =>
    text
      .split('\n\n')
      .slice(0, -1)
      .map(frameOf)
      .filter((frame) => Object.keys(frame).length > 0);
  return {
    status: answered.statusCode,
    headers: answered.headers,
    text: () => text,
    frames,
    data: <T>() =>
      frames().flatMap(({ event, data }) => (event === 'message' && data !== undefined ? [JSON.parse(data) as T] : [])),
    ended,
    leave: () => leaving.abort(new Error('the client leaves')),
  };
}

const frameOf = (text: string): Frame =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => !line.startsWith(':') && line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );

/** Opens a stream of events, and leaves it after its first words. A refusal is read as a whole. */
export async function glanceAt(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<Pick<OpenEvents, 'status' | 'headers'> & { readonly text: string }> {
  const answered = await request(url, { headers });
  let text = '';
  for await (const chunk of answered.body) {
    text += String(chunk);
    if (answered.statusCode === 200) break;
  }
  return { status: answered.statusCode, headers: answered.headers, text };
}
