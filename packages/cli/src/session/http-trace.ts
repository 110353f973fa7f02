import { escapeControl } from '../output/cell.ts';
import type { Verb } from '../table/verb.ts';

// What `--debug` shows of the HTTP exchange: everything but secrets.

const HIDDEN = '[hidden]';
/** Longest body that is shown, in characters. */
const MOST_BODY = 10_000;
/** Members whose value is a secret by their name; operations name further ones (`secrets`). */
const SECRET_NAME =
  /pass(word|phrase)|secret|token|credential|signature|(^|_)(key|code|otp|cookie|codes)$|^authorization$|^x-api-key$|^set-cookie$/i;
/** A piece of a path that is neither a name nor an id, but as long as a token. */
const TOKEN = /^(?=.*\d)[\w-]{32,}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A `fetch` that writes each request and its answer, line by line. */
export function tracedFetch(verbs: readonly Verb[], write: (text: string) => void): typeof globalThis.fetch {
  const names = new Set(verbs.flatMap((verb) => verb.secrets ?? []));
  const isSecret = (name: string) => names.has(name) || SECRET_NAME.test(name);
  const show = (mark: string, lines: readonly string[]) =>
    write(lines.map((line) => `${mark} ${escapeControl(line)}\n`).join(''));
  return async (input, init) => {
    const begun = performance.now();
    const since = () => `${Math.round(performance.now() - begun)} ms`;
    const url = input instanceof Request ? input.url : String(input);
    show('>', [
      `${init?.method ?? 'GET'} ${withoutTokens(url, isSecret)}`,
      ...headersOf(new Headers(init?.headers), isSecret),
      ...bodyOf(init?.body, isSecret),
    ]);
    let response: Response;
    try {
      response = await globalThis.fetch(input, init);
    } catch (error) {
      const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
      show('<', [`no answer after ${since()}: ${cause?.code ?? cause?.message ?? message}`]);
      throw error;
    }
    // A stream has no end; its bytes are the command's output.
    const isShown = response.headers.get('content-type')?.startsWith('application/json') === true;
    const body = isShown ? await response.clone().text() : undefined;
    show('<', [
      `${response.status} ${response.statusText} (${since()})`,
      ...headersOf(response.headers, isSecret),
      ...bodyOf(body, isSecret),
    ]);
    return response;
  };
}

type IsSecret = (name: string) => boolean;

const headersOf = (headers: Headers, isSecret: IsSecret): readonly string[] =>
  [...headers].map(([name, value]) => `${name}: ${name !== 'idempotency-key' && isSecret(name) ? HIDDEN : value}`);

function bodyOf(body: unknown, isSecret: IsSecret): readonly string[] {
  if (typeof body !== 'string' || body === '') return [];
  let text: string;
  try {
    text = JSON.stringify(hide(JSON.parse(body), isSecret));
  } catch {
    // A secret in it could not be told.
    return [`(${body.length} characters that are not JSON)`];
  }
  return [text.length <= MOST_BODY ? text : `${text.slice(0, MOST_BODY)}… (${text.length} characters)`];
}

/**
 * An object below a secret's name, such as a page of keys, is looked into; texts and lists of texts are hidden. A text may be a URL with a
 * secret in its query, such as that of a second factor.
 */
function hide(value: unknown, isSecret: IsSecret, isHidden = false): unknown {
  if (Array.isArray(value)) return value.map((one) => hide(one, isSecret, isHidden));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        name,
        // In an error, `code` is no second factor.
        hide(one, isSecret, isSecret(name) && !(name === 'code' && 'message' in value)),
      ]),
    );
  if (isHidden && value !== null) return HIDDEN;
  if (typeof value !== 'string') return value;
  return value.replaceAll(/([?&])([\w-]+)=[^&\s]+/g, (all, mark: string, name: string) =>
    isSecret(name) && name !== 'cursor' ? `${mark}${name}=${HIDDEN}` : all,
  );
}

function withoutTokens(text: string, isSecret: IsSecret): string {
  const url = new URL(text);
  const path = url.pathname
    .split('/')
    .map((piece) => (TOKEN.test(piece) && !UUID.test(piece) ? HIDDEN : piece))
    .join('/');
  const query = [...url.searchParams].map(
    ([name, value]) => `${name}=${name !== 'cursor' && isSecret(name) ? HIDDEN : encodeURIComponent(value)}`,
  );
  return `${url.origin}${path}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}
