import { parsePairs } from '../codec/form.ts';
import type { ProtocolName } from '../model/compact.ts';
import { splitUrl, type WireRequest } from '../request.ts';
import { S3_NAMES } from '../sigv4/canonical.ts';
import { hostName } from '../s3/address.ts';
import type { Service } from '../service.ts';

/** What the head of a request says about the service and the protocol. */
export interface Destination<P> {
  readonly service: Service<P> | undefined;
  readonly protocol: ProtocolName;
  /** Known already for the RPC protocols; REST and query need more. */
  readonly operation: string | undefined;
}

const RPC_PATH = /^\/(?:.*\/)?service\/([^/]+)\/operation\/([^/]+)\/?$/;
// Bounded: an unsigned request could make an open search begin again at each of its letters.
const SCOPE =
  /Credential=[^,\s&]{0,256}?(?:\/|%2F)\d{8}(?:\/|%2F)[^/,%&\s]{1,64}(?:\/|%2F)([^/,%&\s]{1,64})(?:\/|%2F)aws4_request/i;

/** Indexes the services of one server by everything that a request may name them with. */
export class ServiceFinder<P> {
  readonly #all: readonly Service<P>[];
  readonly #bySigningName = new Map<string, Service<P>[]>();
  readonly #byTarget = new Map<string, Service<P>>();

  constructor(services: readonly Service<P>[]) {
    this.#all = services;
    for (const service of services) {
      const { signingName, target } = service.model;
      this.#bySigningName.set(signingName, [...(this.#bySigningName.get(signingName) ?? []), service]);
      this.#byTarget.set(target, service);
      if (service.model.id === 's3') for (const name of S3_NAMES) this.#bySigningName.set(name, [service]);
    }
  }

  /** Order: rpc-v2 path, X-Amz-Target, signing name, Action and Version, host name, REST path. */
  find(request: WireRequest, path: string, query: string): Destination<P> {
    const { headers } = request;
    if (headers['smithy-protocol'] !== undefined) {
      const match = RPC_PATH.exec(path);
      return {
        service: match ? this.#byTarget.get(match[1] as string) : undefined,
        protocol: 'rpcv2Cbor',
        operation: match?.[2],
      };
    }
    const target = headers['x-amz-target'];
    if (target !== undefined) {
      const dot = target.lastIndexOf('.');
      const service = this.#byTarget.get(dot < 0 ? '' : target.slice(0, dot));
      // The two versions differ in nothing but their name, so a service answers either in its own.
      const protocol = service?.jsonProtocol ?? guessProtocol(request);
      return { service, protocol, operation: target.slice(dot + 1) };
    }
    const signedFor = signingNameOf(headers, query);
    const named = signedFor === undefined ? undefined : (this.#bySigningName.get(signedFor) ?? []);
    if (isRpcJson(headers))
      return {
        service: named?.length === 1 ? named[0] : undefined,
        protocol: guessProtocol(request),
        operation: undefined,
      };
    if (named?.length === 1) return rest(named[0] as Service<P>);
    const candidates = named ?? this.#byHost(headers['host'] ?? '');
    if (candidates.length === 1) return rest(candidates[0] as Service<P>);
    const action = query.includes('Action=') ? parsePairs(query, true, 1000) : [];
    if (action.length > 0 || isForm(headers)) {
      const version = action.find(([name]) => name === 'Version')?.[1];
      return this.#byVersion(candidates.length > 0 ? candidates : this.#all, version);
    }
    // Signed for a service that is not here: another one's routes would take it for theirs.
    if (named?.length === 0) return { service: undefined, protocol: guessProtocol(request), operation: undefined };
    return this.#byPath(request, path, query, candidates.length > 0 ? candidates : this.#all);
  }

  /** Picks among services of one signing name, or all, when the form names a version. */
  pickByVersion(version: string | undefined, action: string | undefined): Service<P> | undefined {
    const found = this.#all.filter((s) => s.model.version === version && isQuery(s));
    return found.find((s) => action !== undefined && s.model.has(action)) ?? found[0];
  }

  #byVersion(candidates: readonly Service<P>[], version: string | undefined): Destination<P> {
    const service = candidates.find((s) => s.model.version === version && isQuery(s));
    return { service, protocol: service?.speaks('ec2Query') ? 'ec2Query' : 'awsQuery', operation: undefined };
  }

  #byHost(host: string): Service<P>[] {
    const labels = hostName(host).split('.');
    return this.#all.filter((s) => labels.includes(s.model.endpointPrefix));
  }

  #byPath(request: WireRequest, path: string, query: string, candidates: readonly Service<P>[]): Destination<P> {
    const pairs = parsePairs(query, false, 10_000);
    for (const service of candidates) {
      if (service.speaks('restJson1') && service.routes.match(request.method, path, pairs, request.headers, undefined))
        return rest(service);
    }
    const s3 = candidates.find((s) => s.speaks('restXml'));
    return s3 ? rest(s3) : { service: undefined, protocol: guessProtocol(request), operation: undefined };
  }
}

function rest<P>(service: Service<P>): Destination<P> {
  const protocol = service.model.protocols.find(
    (p) => p === 'restJson1' || p === 'restXml' || p === 'awsQuery' || p === 'ec2Query',
  );
  return { service, protocol: protocol ?? (service.model.protocols[0] as ProtocolName), operation: undefined };
}

function signingNameOf(headers: Readonly<Record<string, string>>, query: string): string | undefined {
  return (SCOPE.exec(headers['authorization'] ?? '') ?? SCOPE.exec(query))?.[1];
}

/** The few services whose REST is XML. */
const XML_SERVICES: ReadonlySet<string> = new Set([...S3_NAMES, 'cloudfront', 'route53']);

/** The form of an answer for which no service is known: what the client's other words lead it to expect. */
export function guessProtocol({ headers, url }: WireRequest): ProtocolName {
  if (headers['smithy-protocol'] !== undefined) return 'rpcv2Cbor';
  const type = headers['content-type']?.toLowerCase() ?? '';
  if (headers['x-amz-target'] !== undefined || isRpcJson(headers))
    return type.includes('json-1.0') ? 'awsJson1_0' : 'awsJson1_1';
  if (isForm(headers) || /[?&]Action=/.test(url)) return 'awsQuery';
  if (/[/+]json\b/.test(type)) return 'restJson1';
  if (/[/+]xml\b/.test(type)) return 'restXml';
  const signedFor = signingNameOf(headers, splitUrl(url).query);
  return signedFor === undefined || XML_SERVICES.has(signedFor) ? 'restXml' : 'restJson1';
}

/** A client of JSON RPC, though without a target. */
function isRpcJson(headers: Readonly<Record<string, string>>): boolean {
  return headers['content-type']?.toLowerCase().startsWith('application/x-amz-json-1.') === true;
}

function isQuery<P>(service: Service<P>): boolean {
  return service.speaks('awsQuery') || service.speaks('ec2Query');
}

export function isForm(headers: Readonly<Record<string, string>>): boolean {
  return headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true;
}
