import type { Availability } from '../../kernel/availability.ts';

/**
 * The network port: what a VPC needs outside the database.
 *
 * Every call is idempotent and returns immediately if the state is already as wanted. Names on the host derive from the platform id and
 * the resource id (a prefix and a hash, at most 15 characters) and are never read back. Every call has a deadline and throws EngineError.
 *
 * A call with a signal rejects with the signal's reason soon after it aborts. It stops between two steps, as it does when the caller
 * dies; the next `ensure` or `remove` continues from there.
 */
export interface NetworkSpec {
  readonly vpcId: string;
  /** RFC 1918, /16 to /28, for example 10.0.0.0/16. The first host address is the gateway. */
  readonly cidr: string;
  /** 0-based number of the network on its host, unique there; picks the uplink's /30 out of 198.18.0.0/15. At most 16383. */
  readonly uplinkIndex: number;
}

/** Names in a VPC resolve with and without it: `web` and `web.internal`. */
export const DNS_DOMAIN = 'internal';

/** A name that resolves inside one VPC. */
export interface NetworkName {
  /** A DNS label in lower case. */
  readonly name: string;
  /** IPv4 address. */
  readonly address: string;
}

export interface SeenNetwork {
  /** The name on the host, derived from the VPC's id: see NetworkEngine.nameOf. */
  readonly name: string;
  /** False if a part is missing or wrong; `ensure` repairs it. */
  readonly healthy: boolean;
}

export interface NetworkEngine {
  availability(): Promise<Availability>;
  /** The name of a VPC's network on the host; pure. */
  nameOf(vpcId: string): string;
  /** Creates or repairs the network: bridge, router namespace, uplink, NAT, firewall, name server. */
  ensure(spec: NetworkSpec, signal?: AbortSignal): Promise<void>;
  /** Replaces the names that resolve in the VPC (the instances' host names). A name may have several addresses. The network must exist. */
  setNames(vpcId: string, names: readonly NetworkName[], signal?: AbortSignal): Promise<void>;
  /** Removes the network. Does nothing if it is absent. */
  remove(vpcId: string, signal?: AbortSignal): Promise<void>;
  /** All networks of this platform on this host, in one call. */
  list(): Promise<readonly SeenNetwork[]>;
}
