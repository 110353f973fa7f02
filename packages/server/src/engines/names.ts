import { createHash } from 'node:crypto';

/**
 * Names outside the database. All are derived from the platform's id and the resource's id, so that two platforms on one host never
 * meet and nothing has to be read back. Interface names have at most 15 characters (the kernel's IFNAMSIZ).
 */

function hash(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

/** The platform's own mark in every outside name: 8 hex digits. */
export function platformMark(platformId: string): string {
  return hash(platformId, 8);
}

/** 12 hex digits for a resource of a platform. */
export function resourceMark(platformId: string, resourceId: string): string {
  return hash(`${platformId}:${resourceId}`, 12);
}

export interface PlatformNames {
  readonly mark: string;
  /** Every network namespace of the platform starts with this. */
  readonly namespacePrefix: string;
  /** Namespace of incusd, the bridges and the instances' host ends. */
  readonly cloudNamespace: string;
  /** Namespace between the VPCs' routers and the outside. */
  readonly edgeNamespace: string;
  /** What is gone with the power: pins, pid files, host files. Under /run. */
  readonly runDir: string;
  /** The pinned mount namespace. */
  readonly mountPin: string;
  /** The host's end of the way out, in the root namespace (egress 'host'). */
  readonly egressLink: string;
  /** Our nft table in the root namespace (egress 'host'). */
  readonly egressTable: string;
}

export function platformNames(platformId: string): PlatformNames {
  const mark = platformMark(platformId);
  const namespacePrefix = `tc-${mark}-`;
  const runDir = `/run/thecloud/${mark}`;
  return {
    mark,
    namespacePrefix,
    cloudNamespace: `${namespacePrefix}cloud`,
    edgeNamespace: `${namespacePrefix}edge`,
    runDir,
    mountPin: `${runDir}/pin/mnt`,
    egressLink: `tcx${mark}`,
    egressTable: `thecloud_${mark}`,
  };
}

export interface NetworkNames {
  /** The VPC's bridge in the cloud namespace: what NetworkEngine.nameOf answers. */
  readonly bridge: string;
  /** The router's leg on the bridge, in the cloud namespace; its other end is `lan` in the router. */
  readonly leg: string;
  /** The uplink's end in the edge namespace; its other end is `up` in the router. */
  readonly uplink: string;
  readonly routerNamespace: string;
  /** Fixed, so that neighbours know a recreated router immediately: of `lan`, of the uplink's end in the edge, of `up`. */
  readonly macs: { readonly lan: string; readonly uplink: string; readonly up: string };
}

export function networkNames(platformId: string, vpcId: string): NetworkNames {
  const mark = resourceMark(platformId, vpcId);
  return networkNamesOfMark(platformId, mark);
}

export function networkNamesOfMark(platformId: string, mark: string): NetworkNames {
  const tail = (mark.slice(0, 8).match(/../g) ?? []).join(':');
  return {
    bridge: `w${mark}`,
    leg: `l${mark}`,
    uplink: `u${mark}`,
    routerNamespace: `${platformNames(platformId).namespacePrefix}r${mark}`,
    // Locally administered; instances' start with 02:5a.
    macs: { lan: `02:5b:${tail}`, uplink: `02:5c:${tail}`, up: `02:5d:${tail}` },
  };
}

/** The Incus instance of an instance: a DNS label. */
export function machineName(platformId: string, instanceId: string): string {
  return `i${platformMark(platformId)}-${resourceMark(platformId, instanceId)}`;
}

/** The host's end of an instance's first NIC, in the cloud namespace. */
export function machineLink(platformId: string, instanceId: string): string {
  return `i${resourceMark(platformId, instanceId)}`;
}

/** The Incus project of a tenant. */
export function projectName(platformId: string, tenantId: string): string {
  return `t${platformMark(platformId)}-${resourceMark(platformId, tenantId)}`;
}
