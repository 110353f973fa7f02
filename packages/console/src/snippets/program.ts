import { camel } from '../../../sdk/src/generator/described.ts';
import { Hole, type Input, shownInput, type SnippetOperation, tenantOf, type Where } from './shown-input.ts';

/** Longest literal on one line. */
const LINE = 80;

/** The call as a program with the TypeScript SDK, with the key from the environment. */
export function programOf(operation: SnippetOperation, given: Input, where: Where): string {
  const tenant = tenantOf(operation, where);
  const options = [
    `endpoint: ${literal(where.endpoint)}`,
    ...(operation.scope === 'public' ? [] : ['apiKey: process.env.CLOUD_API_KEY']),
    ...(tenant === undefined ? [] : [`tenantId: ${literal(tenant)}`]),
  ];
  return [
    "import { createClient } from '@thecloud/sdk';",
    '',
    `const cloud = createClient({ ${options.join(', ')} });`,
    ...linesOf(operation, `cloud.${camel(operation.service)}.${camel(operation.verb)}`, argumentsOf(operation, given)),
    '',
  ].join('\n');
}

function argumentsOf(operation: SnippetOperation, given: Input): string {
  const input = shownInput(operation, given);
  const names = Object.keys(input);
  const [only, ...others] = operation.pathParams;
  const needed = operation.input.required ?? [];
  // An operation that needs an id alone takes it as text.
  if (only !== undefined && others.length === 0 && needed.length === 1 && names.length === 1 && names[0] === only)
    return literal(input[only]);
  return names.length === 0 ? '' : literal(input);
}

function linesOf({ effect, answer, status }: SnippetOperation, method: string, args: string): readonly string[] {
  if (answer === 'events') return [`for await (const { data } of ${method}(${args})) console.log(data);`];
  if (answer === 'stream') return [`for await (const chunk of ${method}Stream(${args})) process.stdout.write(chunk);`];
  if (answer === 'socket')
    return [`const { url, protocols } = ${method}(${args});`, 'const socket = new WebSocket(url, [...protocols]);'];
  if (effect === 'list') return [`const { items } = await ${method}(${args});`, 'console.log(items);'];
  if (status === 204) return [`await ${method}(${args});`];
  return [`const answer = await ${method}(${args});`, 'console.log(answer);'];
}

/** A value as TypeScript. */
function literal(value: unknown, indent = ''): string {
  if (value instanceof Hole) return literal(value.toString());
  if (typeof value === 'string') return textLiteral(value);
  if (value === null || typeof value !== 'object') return String(value);
  const deeper = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((one) => literal(one, deeper))
    : Object.entries(value).map(([name, one]) => `${keyOf(name)}: ${literal(one, deeper)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  const space = open === '{' ? ' ' : '';
  const line = `${open}${space}${parts.join(', ')}${space}${close}`;
  if (line.length + indent.length <= LINE && !line.includes('\n')) return line;
  return `${open}\n${parts.map((part) => `${deeper}${part},\n`).join('')}${indent}${close}`;
}

/** JSON's escapes are TypeScript's; within '…' it is the other quote that is escaped. */
const textLiteral = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll(String.raw`\"`, '"').replaceAll("'", String.raw`\'`)}'`;

function keyOf(name: string): string {
  // As a plain key it would name the prototype.
  if (name === '__proto__') return `['__proto__']`;
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : textLiteral(name);
}
