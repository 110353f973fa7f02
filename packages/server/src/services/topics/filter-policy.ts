import ipaddr from 'ipaddr.js';
import { invalidInput } from '../../kernel/errors.ts';
import type { Attributes } from '../queues/index.ts';

// Which messages of a topic a subscription gets, as at SNS:
// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html

/** What a policy looks at: the message's attributes, or the members of its body, which is JSON then. */
export type FilterScope = 'attributes' | 'body';

/** SNS's limits: names in a policy, and the product of the numbers of conditions of each. */
const MOST_NAMES = 5;
const MOST_COMBINATIONS = 150;
/** Lists within lists that are looked into. */
const MOST_NESTED = 8;

type Scalar = string | number | boolean | null;
/** Whether one value of a member fits. */
type Test = (value: Scalar) => boolean;
interface Condition {
  readonly test?: Test;
  /** Whether the member must be there, whatever it holds, or must not. */
  readonly exists?: boolean;
}
/** What a policy, or an object in it, wants of an object: all of it. */
type Want = (node: Readonly<Record<string, unknown>>) => boolean;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isScalar = (value: unknown): value is Scalar =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** A policy that was read. Throws INVALID_INPUT with the place and the way out. */
export function readFilterPolicy(policy: Readonly<Record<string, unknown>>, scope: FilterScope): Filter {
  const count = { names: 0, combinations: 1 };
  const want = readObject(policy, 'filter_policy', scope, count);
  if (count.names === 0) throw invalidInput('filter_policy is empty; leave it out, or set it to null for all messages');
  if (count.names > MOST_NAMES)
    throw invalidInput(`filter_policy names ${count.names} members; ${MOST_NAMES} are the most`);
  if (count.combinations > MOST_COMBINATIONS)
    throw invalidInput(
      `filter_policy has ${count.combinations} combinations of conditions, which is the product of the numbers of conditions of each member; ${MOST_COMBINATIONS} are the most`,
    );
  return {
    accepts({ body, attributes }) {
      const node = scope === 'body' ? parsed(body) : attributesAsMembers(attributes);
      return node !== undefined && want(node);
    },
  };
}

export interface Filter {
  accepts(message: { readonly body: string; readonly attributes: Attributes | undefined }): boolean;
}

function parsed(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Binary ones are not looked at. */
function attributesAsMembers(attributes: Attributes | undefined): Readonly<Record<string, unknown>> {
  const members: Record<string, unknown> = Object.create(null);
  for (const [name, { type, value }] of Object.entries(attributes ?? {})) {
    if (type === 'String.Array') members[name] = listIn(value) ?? value;
    else if (type.startsWith('Number')) members[name] = Number(value);
    else if (type.startsWith('String')) members[name] = value;
  }
  return members;
}

function listIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) || isScalar(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

interface Count {
  names: number;
  combinations: number;
}

function readObject(policy: Readonly<Record<string, unknown>>, at: string, scope: FilterScope, count: Count): Want {
  const wants = Object.entries(policy).map(([name, value]): Want => {
    const here = `${at}.${name}`;
    if (name === '$or') return readOr(value, here, scope, count);
    if (Array.isArray(value)) {
      count.names += 1;
      count.combinations *= Math.max(1, value.length);
      return readConditions(name, value, here);
    }
    if (scope === 'body' && isObject(value)) {
      if (Object.keys(value).length === 0) throw invalidInput(`${here} is empty; give a list of conditions`);
      const inner = readObject(value, here, scope, count);
      return (node) => {
        const child = memberOf(node, name);
        if (Array.isArray(child)) return child.some((one) => isObject(one) && inner(one));
        return inner(isObject(child) ? child : {});
      };
    }
    throw invalidInput(
      `${here} must be a list of conditions, such as ["red", {"prefix": "bl"}]${scope === 'body' ? ', or an object of members' : '; members within members are for filter_scope body'}`,
    );
  });
  return (node) => wants.every((want) => want(node));
}

function readOr(value: unknown, at: string, scope: FilterScope, count: Count): Want {
  if (!Array.isArray(value) || value.length < 2 || !value.every((one) => isObject(one) && Object.keys(one).length > 0))
    throw invalidInput(`${at} must be a list of two or more objects, of which one has to fit`);
  const before = count.combinations;
  let sum = 0;
  const wants = value.map((one, place) => {
    count.combinations = before;
    const want = readObject(one as Readonly<Record<string, unknown>>, `${at}[${place}]`, scope, count);
    sum += count.combinations;
    return want;
  });
  count.combinations = sum;
  return (node) => wants.some((want) => want(node));
}

const memberOf = (node: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(node, name) ? node[name] : undefined;

function readConditions(name: string, list: readonly unknown[], at: string): Want {
  if (list.length === 0) throw invalidInput(`${at} has no condition; give a value, or {"exists": true}`);
  const conditions = list.map((one, place) => readCondition(one, `${at}[${place}]`));
  return (node) => {
    const value = memberOf(node, name);
    const isThere = value !== undefined;
    const scalars = (Array.isArray(value) ? value.flat(MOST_NESTED) : [value]).filter(isScalar);
    return conditions.some(({ exists, test }) =>
      exists === undefined ? scalars.some((scalar) => test!(scalar)) : exists === isThere,
    );
  };
}

const OPERATORS = [
  'prefix',
  'suffix',
  'equals-ignore-case',
  'wildcard',
  'anything-but',
  'numeric',
  'cidr',
  'exists',
] as const;

function readCondition(one: unknown, at: string): Condition {
  if (isScalar(one)) return { test: (value) => value === one };
  const [[operator, operand] = [], ...more] = isObject(one) ? Object.entries(one) : [];
  if (operator === undefined || more.length > 0)
    throw invalidInput(
      `${at} must be a text, a number, true, false, null or an object of one operator: ${OPERATORS.join(', ')}`,
    );
  if (operator === 'exists') {
    if (typeof operand !== 'boolean') throw invalidInput(`${at}.exists must be true or false`);
    return { exists: operand };
  }
  if (operator === 'anything-but') return { test: readAnythingBut(operand, `${at}.anything-but`) };
  if (operator === 'numeric') return { test: readNumeric(operand, `${at}.numeric`) };
  const text = textTest(operator, operand, at);
  if (text) return { test: text };
  throw invalidInput(`${at} has the operator '${operator.slice(0, 50)}'; use one of ${OPERATORS.join(', ')}`);
}

/** Undefined: the operator is none of texts. */
function textTest(operator: string, operand: unknown, at: string): Test | undefined {
  const make = TEXT_TESTS[operator];
  if (!make) return undefined;
  if (typeof operand !== 'string' || operand === '') throw invalidInput(`${at}.${operator} must be a text`);
  const fits = make(operand, `${at}.${operator}`);
  return (value) => typeof value === 'string' && fits(value);
}

const TEXT_TESTS: Readonly<Record<string, (operand: string, at: string) => (value: string) => boolean>> = {
  prefix: (operand) => (value) => value.startsWith(operand),
  suffix: (operand) => (value) => value.endsWith(operand),
  'equals-ignore-case': (operand) => (value) => value.toLowerCase() === operand.toLowerCase(),
  wildcard,
  cidr,
};

/** `*` stands for any text, `\*` and `\\` for themselves. Takes time in proportion to the text, whatever the pattern. */
function wildcard(pattern: string, at: string): (value: string) => boolean {
  if (/(?<!\\)(?:\\\\)*\*\*/.test(pattern)) throw invalidInput(`${at} has two * in a row; write one`);
  const parts = [''];
  for (const [token] of pattern.matchAll(/\\[*\\]|[^]/g)) {
    if (token === '*') parts.push('');
    else parts.push(`${parts.pop()}${token.length === 2 ? token[1] : token}`);
  }
  const [first, ...rest] = parts as [string, ...string[]];
  const last = rest.pop();
  if (last === undefined) return (value) => value === first;
  return (value) => {
    if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last)) return false;
    const end = value.length - last.length;
    let from = first.length;
    for (const part of rest) {
      const found = value.indexOf(part, from);
      if (found < 0 || found + part.length > end) return false;
      from = found + part.length;
    }
    return true;
  };
}

function cidr(text: string, at: string): (value: string) => boolean {
  if (!ipaddr.isValidCIDR(text))
    throw invalidInput(`${at} is '${text.slice(0, 50)}', which is no network such as 10.0.0.0/8`);
  const [network, bits] = ipaddr.parseCIDR(text);
  return (value) => {
    if (!ipaddr.isValid(value)) return false;
    const address = ipaddr.parse(value);
    return address.kind() === network.kind() && address.match(network, bits);
  };
}

/** Values that it must not be, or texts that it must not be like. */
function readAnythingBut(operand: unknown, at: string): Test {
  if (isObject(operand)) {
    const [[operator, wanted] = [], ...more] = Object.entries(operand);
    const texts: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
    const tests = texts.map((text) =>
      operator === undefined || operator === 'cidr' ? undefined : textTest(operator, text, at),
    );
    if (more.length > 0 || tests.length === 0 || tests.includes(undefined))
      throw invalidInput(
        `${at} must be a value, a list of values or an object of prefix, suffix, wildcard or equals-ignore-case`,
      );
    return (value) => typeof value === 'string' && !tests.some((test) => test!(value));
  }
  const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  if (values.length === 0 || !values.every((one) => typeof one === 'string' || typeof one === 'number'))
    throw invalidInput(`${at} must be a text, a number or a list of these`);
  return (value) => (typeof value === 'string' || typeof value === 'number') && !values.includes(value);
}

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** `["=", 5]`, or one or two bounds: `[">", 0, "<=", 5]`. */
function readNumeric(operand: unknown, at: string): Test {
  const words: readonly unknown[] = Array.isArray(operand) ? operand : [];
  const bounds = [words.slice(0, 2), ...(words.length > 2 ? [words.slice(2)] : [])].map(([sign, bound, ...more]) => {
    const compare = typeof sign === 'string' ? COMPARISONS[sign] : undefined;
    if (!compare || typeof bound !== 'number' || more.length > 0)
      throw invalidInput(`${at} must be a comparison such as ["=", 5] or [">", 0, "<=", 5]`);
    return { compare, bound };
  });
  return (value) => typeof value === 'number' && bounds.every(({ compare, bound }) => compare(value, bound));
}
