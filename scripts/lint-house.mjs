/**
 * The house's own lint rules, as an oxlint plugin: who may import whom (ARCHITECTURE.md), and one source of time and chance.
 */
import { dirname, relative, resolve, sep } from 'node:path';

const SOURCE = resolve(import.meta.dirname, '../packages/server/src');
const CONSOLE = resolve(import.meta.dirname, '../packages/console/src');
const IS_TEST = /\.test\.tsx?$/;
/** What the pages of a service may be made of. */
const OF_PAGES = /^(@thecloud\/console|react|lucide-react)(\/|$)/;

/** The service whose pages a file belongs to: it is in the service's folder `console`. @param {string} path absolute */
const pagesOf = (path) => /^services[\\/](\w[\w-]*)[\\/]console[\\/]/.exec(relative(SOURCE, path))?.[1];

/**
 * Why a file may not import a package; undefined when it may.
 * @param {string} from absolute path
 * @param {string} name
 */
export function refusePackage(from, name) {
  return pagesOf(from) === undefined || OF_PAGES.test(name) || (IS_TEST.test(from) && name === 'vitest')
    ? undefined
    : 'the pages of a service import @thecloud/console, react and lucide-react';
}

/**
 * Where a file stands: its layer (first folder) and, in services, its service.
 * @param {string} path absolute
 */
function placeOf(path) {
  const inside = relative(SOURCE, path).split(sep);
  if (inside[0] === '..') return undefined;
  if (inside.length === 1) return { layer: 'root', service: undefined, file: inside.join('/') };
  const service = inside[0] === 'services' && inside.length > 2 ? inside[1] : undefined;
  return { layer: inside[0], service, file: inside.join('/') };
}

/**
 * Why one file may not import another; undefined when it may.
 * @param {string} from absolute path
 * @param {string} to absolute path
 * @param {boolean} typeOnly
 */
export function refuseImport(from, to, typeOnly) {
  const isTest = IS_TEST.test(from);
  if (pagesOf(from) !== undefined)
    return pagesOf(from) === pagesOf(to) ? undefined : 'the pages of a service import @thecloud/console and each other';
  if (pagesOf(to) !== undefined && !isTest)
    return 'pages run in the browser: only the build of the console imports them';
  if (!relative(CONSOLE, from).startsWith('..'))
    return relative(SOURCE, to).startsWith('..') || typeOnly || isTest
      ? undefined
      : 'the console imports types of the server only: it knows the rest from api/';
  const here = placeOf(from);
  const there = placeOf(to);
  if (!here || !there || here.layer === 'root' || here.layer === 'supervisor') return undefined;
  // A test, and the examples that tests run, may set a scene from anywhere.
  if (isTest || here.file.endsWith('/examples.ts') || /(^|\/)testing\//.test(here.file)) return undefined;
  if (here.layer === there.layer && here.service === there.service) return undefined;
  if (there.layer === 'kernel') return undefined;
  const isIndex = there.service !== undefined && there.file === `services/${there.service}/index.ts`;
  if (here.layer === 'kernel') return 'the kernel imports nothing else of the platform';
  if (here.layer === 'services') {
    if (there.layer !== 'services') return 'a service imports the kernel and other services only';
    return isIndex ? undefined : 'a service sees another only through its index.ts';
  }
  if (here.layer === 'live') return 'the live transport imports the kernel only';
  if (here.layer === 'front') {
    if (there.layer === 'live') return undefined;
    if (there.layer === 'services')
      return isIndex || there.service === undefined ? undefined : 'the front sees a service only through its index.ts';
    return 'the front imports the kernel, the live transport and services only';
  }
  if (here.layer === 'engines') {
    const isPort = there.layer === 'services' && there.file.endsWith('-engine.ts');
    return isPort || (typeOnly && isIndex)
      ? undefined
      : 'an engine imports the kernel and the port it implements (services/*/*-engine.ts) only';
  }
  return undefined;
}

const layers = {
  meta: { type: 'problem', docs: { description: 'who may import whom' } },
  create(/** @type {any} the linter's */ context) {
    const check = (/** @type {any} */ node) => {
      const source = node.source?.value;
      if (typeof source !== 'string') return;
      const typeOnly = node.importKind === 'type' || node.exportKind === 'type';
      const from = context.filename;
      const reason = source.startsWith('.')
        ? refuseImport(from, resolve(dirname(from), source), typeOnly)
        : refusePackage(from, source);
      if (reason) context.report({ node: node.source, message: `${reason}: '${source}'` });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

const clock = {
  meta: {
    type: 'problem',
    docs: { description: 'time comes from kernel/clock.ts, ids and chance from kernel/ids.ts' },
  },
  create(/** @type {any} the linter's */ context) {
    const report = (/** @type {any} */ node, /** @type {string} */ what) =>
      context.report({ node, message: `${what}: time comes from kernel/clock.ts, ids and chance from kernel/ids.ts` });
    return {
      CallExpression(/** @type {any} */ node) {
        const callee = node.callee;
        if (callee.type === 'Identifier' && callee.name === 'randomUUID') report(node, 'randomUUID()');
        if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
        const name = callee.property.name;
        const object = callee.object.type === 'Identifier' ? callee.object.name : '';
        if (
          name === 'randomUUID' ||
          (object === 'Date' && name === 'now') ||
          (object === 'Math' && name === 'random')
        ) {
          report(node, `${object}.${name}()`);
        }
      },
      NewExpression(/** @type {any} */ node) {
        if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0)
          report(node, 'new Date()');
      },
    };
  },
};

export default { meta: { name: 'house' }, rules: { layers, clock } };
