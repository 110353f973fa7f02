import type { Availability } from '../../kernel/availability.ts';

/**
 * The network port: what a VPC needs from the world outside the database.
 *
 * Everything is idempotent: a call that finds the wanted state returns at once. Names outside are derived from the platform id and
 * the resource id (a prefix and a hash, at most 15 characters), never read back. Every call has a deadline and throws EngineError.
 *
 * A call that is given a signal rejects with the signal's reason soon after it aborts. It ends between two of its steps, as when the caller
 * dies; the next `ensure` or `remove` goes on from there.
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
  /** The name outside, derived from the VPC's id: see NetworkEngine.nameOf. */
  readonly name: string;
  /** False when a part of it is missing or wrong; `ensure` repairs it. */
  readonly healthy: boolean;
}

export interface NetworkEngine {
  availability(): Promise<Availability>;
  /** The name outside of a VPC's network; pure. */
  nameOf(vpcId: string): string;
  /** Makes the network, or repairs it where a part is missing: bridge, router namespace, uplink, NAT, firewall, name server. */
  ensure(spec: NetworkSpec, signal?: AbortSignal): Promise<void>;
  /** Replaces the names that resolve in the VPC (instances' host names); one with several addresses answers all. The network must exist. */
  setNames(vpcId: string, names: readonly NetworkName[], signal?: AbortSignal): Promise<void>;
  /** Removes the network. Nothing happens when it is not there. */
  remove(vpcId: string, signal?: AbortSignal): Promise<void>;
  /** All networks of this platform on this host, in bulk (one look, not one a network). */
  list(): Promise<readonly SeenNetwork[]>;
}
