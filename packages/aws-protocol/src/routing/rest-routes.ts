import { decodeComponent } from '../codec/form.ts';
import type { Model, Operation } from '../model/schema.ts';

interface Segment {
  readonly literal: string | undefined;
  readonly label: string;
  readonly greedy: boolean;
}
interface Route {
  readonly operation: string;
  readonly method: string;
  readonly segments: readonly Segment[];
  readonly literals: readonly [string, string | undefined][];
  readonly requiredQuery: readonly string[];
  readonly requiredHeaders: readonly string[];
  readonly optional: { readonly query: readonly string[]; readonly headers: readonly string[] };
  readonly hint: string | undefined;
  /** S3: the operation acts in a bucket, whose name stands in no template. */
  readonly bucket: boolean;
}
export interface RouteMatch {
  readonly operation: string;
  readonly labels: Record<string, string>;
}

/** Finds the operation of a REST request by method, path, and the query and headers that tell siblings apart. */
export class RestRoutes {
  readonly #byMethod = new Map<string, Route[]>();
  readonly #s3: boolean;

  constructor(model: Model) {
    this.#s3 = model.id === 's3';
    for (const name of model.operationNames) {
      const operation = model.operation(name);
      const { http } = operation.traits;
      if (!http) continue;
      const route = compile(operation, http[0], http[1], this.#s3);
      const list = this.#byMethod.get(route.method) ?? [];
      list.push(route);
      this.#byMethod.set(route.method, list);
    }
  }

  /**
   * `path` is the raw path below the bucket for S3. Undefined: no operation has this route. Throws Malformed for a
   * label that cannot be decoded.
   */
  match(
    method: string,
    path: string,
    query: readonly (readonly [string, string])[],
    headers: Readonly<Record<string, string>>,
    bucket: string | undefined,
  ): RouteMatch | undefined {
    const parts = split(path, this.#s3);
    let best: Route | undefined;
    let bestScore = -1;
    for (const route of this.#byMethod.get(method) ?? []) {
      if (route.bucket !== (bucket !== undefined) && this.#s3) continue;
      const base = scorePath(route.segments, parts);
      if (base < 0) continue;
      const score = scoreRest(route, query, headers);
      if (score < 0) continue;
      if (base + score > bestScore) {
        best = route;
        bestScore = base + score;
      }
    }
    return best && { operation: best.operation, labels: readLabels(best.segments, parts) };
  }
}

function compile(operation: Operation, method: string, uri: string, s3: boolean): Route {
  const mark = uri.indexOf('?');
  const path = mark < 0 ? uri : uri.slice(0, mark);
  const literals: [string, string | undefined][] = [];
  let hint: string | undefined;
  for (const part of mark < 0 ? [] : uri.slice(mark + 1).split('&')) {
    const cut = part.indexOf('=');
    const name = cut < 0 ? part : part.slice(0, cut);
    if (name === 'x-id') hint = part.slice(cut + 1);
    else literals.push([name, cut < 0 ? undefined : part.slice(cut + 1)]);
  }
  const members = operation.input?.members ?? [];
  const required = members.filter((m) => m.required);
  return {
    operation: operation.name,
    method,
    segments: split(path, s3).map((text) => {
      const label = /^\{([^}+]+)(\+?)\}$/.exec(text);
      return label
        ? { literal: undefined, label: label[1] as string, greedy: label[2] === '+' }
        : { literal: text, label: '', greedy: false };
    }),
    literals,
    requiredQuery: required.flatMap((m) => m.traits.httpQuery ?? []),
    requiredHeaders: required.flatMap((m) => m.traits.httpHeader?.toLowerCase() ?? []),
    optional: {
      query: members.flatMap((m) => (!m.required && m.traits.httpQuery ? m.traits.httpQuery : [])),
      headers: [],
    },
    hint,
    bucket: s3 && members.some((m) => m.name === 'Bucket' && m.traits.httpLabel === 1),
  };
}

/** Outside S3 a trailing slash means nothing: SDKs of different ages differ in it. */
function split(path: string, keepSlashes: boolean): string[] {
  const parts = path.split('/').slice(1);
  if (keepSlashes) return parts.length === 1 && parts[0] === '' ? [] : parts;
  while (parts.length > 0 && parts.at(-1) === '') parts.pop();
  return parts;
}

/** -1: no match. Literal segments weigh more than labels, labels more than a greedy label. */
function scorePath(segments: readonly Segment[], parts: readonly string[]): number {
  const greedy = segments.findIndex((s) => s.greedy);
  if (greedy < 0 ? segments.length !== parts.length : parts.length < segments.length) return -1;
  let score = 0;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as Segment;
    if (segment.greedy) {
      // What follows a greedy label is compared from the end.
      for (let j = segments.length - 1, k = parts.length - 1; j > i; j--, k--) {
        const after = segments[j] as Segment;
        if (after.literal !== undefined && after.literal !== parts[k]) return -1;
        score += after.literal === undefined ? 100 : 10_000;
      }
      return score + 1;
    }
    if (segment.literal === undefined) {
      if (parts[i] === '') return -1;
      score += 100;
    } else if (segment.literal === parts[i]) score += 10_000;
    else return -1;
  }
  return score;
}

/** Query literals must be there; required query members and headers decide among operations of one path. */
function scoreRest(
  route: Route,
  query: readonly (readonly [string, string])[],
  headers: Readonly<Record<string, string>>,
): number {
  let score = 0;
  for (const [name, value] of route.literals) {
    const found = query.find(([key]) => key === name);
    if (!found || (value !== undefined && found[1] !== value)) return -1;
    score += 20;
  }
  for (const name of route.requiredQuery) score += query.some(([key]) => key === name) ? 10 : -12;
  for (const name of route.requiredHeaders) score += headers[name] !== undefined ? 10 : -12;
  for (const [key, value] of query) {
    if (key === 'x-id' && value === route.hint) score += 3;
    else if (route.optional.query.includes(key)) score += 1;
  }
  return Math.max(score + 50, 0);
}

function readLabels(segments: readonly Segment[], parts: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  const greedy = segments.findIndex((s) => s.greedy);
  const after = greedy < 0 ? 0 : segments.length - greedy - 1;
  segments.forEach((segment, i) => {
    if (segment.literal !== undefined) return;
    const raw = segment.greedy
      ? parts.slice(i, parts.length - after).join('/')
      : (parts[greedy >= 0 && i > greedy ? parts.length - (segments.length - i) : i] as string);
    labels[segment.label] = decodeComponent(raw, false);
  });
  return labels;
}
