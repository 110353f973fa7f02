/**
 * What we build on: the packages of package-lock.json and those of the distribution. Their licences, digests and install scripts are
 * checked, their known vulnerabilities asked for, and all are listed in a software bill of materials.
 */
import { SYSTEM_PACKAGES } from './packages.mjs';

/**
 * @typedef {{ version?: string, name?: string, resolved?: string, integrity?: string, license?: string, link?: boolean, dev?: boolean,
 *   optional?: boolean, devOptional?: boolean, hasInstallScript?: boolean, inBundle?: boolean, dependencies?: Record<string, string>,
 *   optionalDependencies?: Record<string, string>, peerDependencies?: Record<string, string> }} Locked
 * @typedef {{ packages: Record<string, Locked> }} Lock
 */

/** They ask for no more than their own text to be passed on. */
const LICENCES = new Set([
  // The public domain.
  'Unlicense',
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
]);
/** Also allowed for what we develop with and pass on to nobody. */
const LICENCES_OF_TOOLS = new Set(['MPL-2.0']);
/** Packages that may run a program when they are installed, each with what it does. */
const INSTALL_SCRIPTS = new Map([
  ['esbuild', 'checks that the binary for this machine is there'],
  ['@scarf/scarf', 'reports installations; scarfSettings in package.json turns it off'],
]);
const MODULES = 'node_modules/';

/** @param {string} path `node_modules/a/node_modules/@b/c` */
const nameOf = (path) => path.slice(path.lastIndexOf(MODULES) + MODULES.length);

/** What comes from a registry, in the order of the lock file. @param {Lock} lock */
const fetched = (lock) => Object.entries(lock.packages).filter(([path, one]) => path.includes(MODULES) && !one.link);

/** Whether an SPDX expression of licences joined by OR has one that is allowed. @param {string} licence @param {ReadonlySet<string>} allowed */
const isAllowed = (licence, allowed) =>
  licence
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((one) => allowed.has(one.trim()));

/** @param {Locked} one */
const isTool = (one) => one.dev === true || one.devOptional === true;

/** What is wrong with the lock file, a sentence each. @param {Lock} lock @returns {string[]} */
export function findFlaws(lock) {
  return fetched(lock).flatMap(([path, one]) => {
    const name = nameOf(path);
    const title = `${name} ${one.version}`;
    const flaws = [];
    // What a package brings in its own archive is covered by that one's digest.
    if (!one.inBundle && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(one.integrity ?? ''))
      flaws.push(`${title} has no SHA-512 digest; run npm install again`);
    if (one.resolved !== undefined)
      flaws.push(
        `${title} names where it comes from ('${one.resolved}'); install it from the registry, with our .npmrc`,
      );
    const licence = one.license ?? 'none';
    if (!isAllowed(licence, LICENCES) && !(isTool(one) && isAllowed(licence, LICENCES_OF_TOOLS)))
      flaws.push(`${title} has the licence ${licence}; use another package, or allow it in scripts/supply-chain.mjs`);
    if (one.hasInstallScript && !INSTALL_SCRIPTS.has(name))
      flaws.push(
        `${title} runs a program when it is installed; read it, then add it to INSTALL_SCRIPTS with what it does`,
      );
    return flaws;
  });
}

/**
 * A bill of materials in CycloneDX 1.5. The same lock file gives the same text, so it has no time and no serial number; `npm sbom` gives
 * both, and is missing in npm 9.
 * @param {Lock} lock
 */
export function writeBill(lock) {
  const root = /** @type {Locked} */ (lock.packages['']);
  const ours = `${root.name}@${root.version}`;
  const npm = fetched(lock);
  const components = [
    ...unique(npm.map(([path, one]) => npmComponent(nameOf(path), one))),
    ...SYSTEM_PACKAGES.filter(isShipped).map((one) => ({
      'bom-ref': `deb:${one.name}`,
      type: 'application',
      name: one.name,
      description: one.why,
      scope: 'required',
      purl: `pkg:deb/debian/${one.name}`,
    })),
  ];
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        'bom-ref': ours,
        type: 'application',
        name: root.name,
        version: root.version,
        licenses: [{ license: { id: root.license } }],
      },
    },
    components,
    dependencies: [
      { ref: ours, dependsOn: ownDependencies(lock) },
      ...merged(
        npm.map(([path, one]) => ({ ref: refOf(nameOf(path), one), dependsOn: dependenciesOf(lock, path, one) })),
      ),
    ],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

/** @param {string} name @param {Locked} one */
const refOf = (name, one) => `${name}@${one.version}`;

/** @param {string} integrity `sha512-…` in base64 */
const hexOf = (integrity) => Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex');

/** @param {string} name @param {Locked} one */
function npmComponent(name, one) {
  const licence = one.license ?? '';
  return {
    'bom-ref': refOf(name, one),
    type: 'library',
    name,
    version: one.version,
    scope: isTool(one) ? 'excluded' : one.optional ? 'optional' : 'required',
    ...(one.integrity ? { hashes: [{ alg: 'SHA-512', content: hexOf(one.integrity) }] } : {}),
    licenses: [licence.includes(' ') ? { expression: licence } : { license: { id: licence } }],
    purl: `pkg:npm/${name.replace('@', '%40')}@${one.version}`,
  };
}

/**
 * A version that lies in several folders stands once.
 * @template {{ 'bom-ref': string }} T
 * @param {T[]} all
 */
const unique = (all) =>
  [...new Map(all.map((one) => [one['bom-ref'], one])).values()].sort(byRef((one) => one['bom-ref']));

/** @param {{ ref: string, dependsOn: string[] }[]} all */
function merged(all) {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const { ref, dependsOn } of all) found.set(ref, new Set([...(found.get(ref) ?? []), ...dependsOn]));
  return [...found].map(([ref, on]) => ({ ref, dependsOn: [...on].sort() })).sort(byRef((one) => one.ref));
}

/** @template T @param {(one: T) => string} ref @returns {(a: T, b: T) => number} */
const byRef = (ref) => (a, b) => (ref(a) < ref(b) ? -1 : 1);

/** Whether the platform needs it to run. @param {import('./packages.mjs').SystemPackage} one */
const isShipped = (one) => one.for !== 'tests' && one.for !== 'peers';

/** What our own packages name, tools included. @param {Lock} lock */
function ownDependencies(lock) {
  const own = Object.entries(lock.packages).filter(([path]) => !path.includes(MODULES));
  const refs = own.flatMap(([path, one]) => dependenciesOf(lock, path, one, /** @type {any} */ (one).devDependencies));
  const system = SYSTEM_PACKAGES.filter(isShipped).map((one) => `deb:${one.name}`);
  return [...new Set([...refs, ...system])].sort();
}

/**
 * Those that are there: an optional one for another machine is not.
 * @param {Lock} lock @param {string} path @param {Locked} one @param {Record<string, string>} [more]
 */
const dependenciesOf = (lock, path, one, more = {}) =>
  Object.keys({ ...one.dependencies, ...one.optionalDependencies, ...one.peerDependencies, ...more }).flatMap(
    (name) => {
      const found = find(lock, path, name);
      return found === undefined || found.link ? [] : [refOf(name, found)];
    },
  );

/** As Node does: in the nearest folder first. @param {Lock} lock @param {string} path @param {string} name */
function find(lock, path, name) {
  for (let folder = path; folder !== ''; folder = folder.slice(0, Math.max(0, folder.lastIndexOf(`/${MODULES}`)))) {
    const found = lock.packages[`${folder}/${MODULES}${name}`];
    if (found) return found;
  }
  return lock.packages[MODULES + name];
}

/**
 * What `npm audit --json` tells. Undefined: it told nothing, since the registry could not be asked.
 * @param {string} output
 * @returns {{ serious: string[], others: number } | undefined}
 */
export function readAudit(output) {
  const begin = output.indexOf('{');
  /** @type {{ vulnerabilities?: Record<string, { severity: string, range: string, via: (string | { title: string, url: string })[] }> }} */
  let report;
  try {
    report = JSON.parse(output.slice(begin, output.lastIndexOf('}') + 1));
  } catch {
    return undefined;
  }
  if (report.vulnerabilities === undefined) return undefined;
  const all = Object.entries(report.vulnerabilities);
  const serious = all
    .filter(([, { severity }]) => severity === 'high' || severity === 'critical')
    .map(([name, { severity, range, via }]) => {
      const reasons = via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title}, ${one.url}`));
      return `${severity}: ${name} ${range}: ${reasons.join('; ')}`;
    });
  return { serious, others: all.length - serious.length };
}
