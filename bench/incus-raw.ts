import { request } from 'node:http';

/** Incus' REST API with nothing on top: the peer of what we build on it. */
export interface RawIncus {
  get<T>(path: string): Promise<T>;
  /** Starts an operation and waits for its end. */
  run(method: string, path: string, body?: object): Promise<void>;
}

export function openRawIncus(socketPath: string): RawIncus {
  const call = <T>(method: string, path: string, body?: object): Promise<T> =>
    new Promise((resolve, reject) => {
      const sent = request({ socketPath, method, path, timeout: 60_000 }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => {
          const parsed = JSON.parse(text) as { metadata: T; error?: string; error_code?: number };
          if (parsed.error_code && parsed.error_code >= 400) reject(new Error(`${method} ${path}: ${parsed.error}`));
          else resolve(parsed.metadata);
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    get: (path) => call('GET', path),
    async run(method, path, body) {
      const { id } = await call<{ id: string }>(method, path, body);
      const ended = await call<{ err: string; status_code: number }>('GET', `/1.0/operations/${id}/wait?timeout=60`);
      if (ended.status_code !== 200) throw new Error(`${method} ${path}: ${ended.err}`);
    },
  };
}
