import { camel, type DescribedOperation, type JsonSchema, pascal } from './described.ts';
import { docLines, type Models, members, typeOf } from './schema-type.ts';

/** One service: its inputs and outputs, its interface, and the object that calls. */
export function serviceFile(service: string, operations: readonly DescribedOperation[], models: Models): string {
  const used: Models = new Map();
  const declared: string[] = [];
  const methods: string[] = [];
  const specs: string[] = [];
  const calls: string[] = [];
  for (const operation of operations) {
    const types = typesOf(operation, used, declared);
    methods.push(...methodLines(operation, types));
    specs.push(`  ${camel(operation.verb)}: ${specText(operation)},\n`);
    calls.push(...callLines(operation, types));
  }
  const get = operations.find((operation) => operation.verb === 'get');
  if (get && get.pathParams.length === 1 && get.pathParams[0] === 'id') {
    const output = typeOf(get.output as JsonSchema, used, 'output');
    methods.push(...waiterLines(operations, get, output));
    calls.push(...waiterCalls(operations, output));
  }
  for (const [name, schema] of used) remember(models, name, schema);

  const body = declared.join('\n') + interfaceText(service, methods) + factoryText(service, specs, calls);
  return imports(body, [...used.keys()]) + body;
}

function remember(models: Models, name: string, schema: JsonSchema): void {
  typeOf({ ...schema, $id: name }, models, 'output');
}

interface MethodTypes {
  /** Undefined: the operation takes no input. */
  readonly input: string | undefined;
  /** Every member may be left out. */
  readonly optional: boolean;
  /** The one member that a plain string may stand for. */
  readonly shorthand: string | undefined;
  readonly output: string;
  readonly options: string;
}

function typesOf(operation: DescribedOperation, used: Models, declared: string[]): MethodTypes {
  const name = pascal(operation.service) + pascal(operation.verb);
  const input = operation.input as JsonSchema;
  const empty = Object.keys(input.properties ?? {}).length === 0;
  if (!empty) declared.push(`export interface ${name}Input {\n${members(input, used, 'input')}}\n`);
  const required = input.required ?? [];
  return {
    input: empty ? undefined : `${name}Input`,
    optional: required.length === 0,
    shorthand: required.length === 1 && operation.pathParams.length === 1 ? operation.pathParams[0] : undefined,
    output: outputType(operation, `${name}Output`, used, declared),
    options: ['CallOptions', ...extraOptions(operation)].join(' & '),
  };
}

function outputType(operation: DescribedOperation, name: string, used: Models, declared: string[]): string {
  const output = operation.output as JsonSchema;
  if (operation.status === 204 && Object.keys(output.properties ?? {}).length === 0) return 'void';
  const orNothing = operation.status === 204 ? ' | undefined' : '';
  if (operation.answer === 'socket') return 'SocketTarget';
  if (operation.answer === 'text' || operation.answer === 'stream') return 'string';
  if (output.$id !== undefined || output.type !== 'object' || !output.properties) return typeOf(output, used, 'output');
  declared.push(`export interface ${name} {\n${members(output, used, 'output')}}\n`);
  return `${name}${orNothing}`;
}

function extraOptions(operation: DescribedOperation): readonly string[] {
  if (operation.answer === 'socket') return [];
  if (operation.answer === 'events') return ['FollowOptions'];
  const writes = operation.effect !== 'read' && operation.effect !== 'list';
  return [
    ...(operation.settles ? ['WaitOption'] : []),
    ...(operation.idempotent ? ['KeyOption'] : []),
    ...(writes && operation.target ? ['VersionOption'] : []),
  ];
}

function methodLines(operation: DescribedOperation, types: MethodTypes): readonly string[] {
  const facts = [
    `${operation.method} ${operation.path}`,
    operation.permission ? `permission ${operation.permission}` : `scope ${operation.scope}`,
    ...(operation.errors?.length ? [`errors ${operation.errors.join(', ')}`] : []),
  ].join(' · ');
  const doc = docLines([operation.summary + '.', operation.description, facts].filter(Boolean).join('\n'));
  const verb = camel(operation.verb);
  // Where it is to be opened is known at once.
  if (operation.answer === 'socket') return [...doc, `${verb}(${parameters(types)}): SocketTarget;`].map(indent);
  if (operation.answer === 'events')
    return [
      ...doc,
      `${verb}(${parameters(types)}): AsyncGenerator<StreamedEvent<${types.output}>, void, undefined>;`,
    ].map(indent);
  const lines = [...doc, `${verb}(${parameters(types)}): Promise<${result(operation, types)}>;`];
  if (operation.answer === 'stream') {
    lines.push(
      `/** The same, as it comes. */`,
      `${verb}Stream(${parameters(types)}): AsyncGenerator<Uint8Array, void, undefined>;`,
    );
  }
  if (operation.effect === 'list') {
    lines.push(
      `/** All of them, page by page as they are asked for. */`,
      `${verb}All(${parameters(types)}): AsyncGenerator<${types.output}, void, undefined>;`,
    );
  }
  return lines.map(indent);
}

const indent = (line: string): string => `  ${line}\n`;

const result = (operation: DescribedOperation, types: MethodTypes): string =>
  operation.effect === 'list' ? `Page<${types.output}>` : types.output;

function parameters(types: MethodTypes): string {
  if (types.input === undefined) return `options?: ${types.options}`;
  const input = types.shorthand ? `${types.input} | string` : types.input;
  return `input${types.optional ? '?' : ''}: ${input}, options?: ${types.options}`;
}

function specText(operation: DescribedOperation): string {
  const { name, method, path } = operation;
  return JSON.stringify({
    name,
    method,
    path,
    ...(operation.idempotent ? { idempotent: true } : {}),
    ...(operation.answer ? { answer: operation.answer } : {}),
    ...(operation.live ? { live: true } : {}),
    ...(operation.settles ? { settles: operation.settles } : {}),
  });
}

function callLines(operation: DescribedOperation, types: MethodTypes): readonly string[] {
  const verb = camel(operation.verb);
  const input =
    types.input === undefined
      ? '{}'
      : types.shorthand
        ? `typeof input === 'string' ? { ${types.shorthand}: input } : { ...input }`
        : '{ ...input }';
  const arrow = types.input === undefined ? '(options)' : '(input, options)';
  const line = (name: string, call: string): string =>
    `    ${name}: ${arrow} => transport.${call}(SPECS.${verb}, ${input}, options),\n`;
  if (operation.answer === 'socket') return [line(verb, 'socket')];
  if (operation.answer === 'events')
    return [`    ${verb}: ${arrow} => followEvents(transport, SPECS.${verb}, ${input}, options),\n`];
  if (operation.answer === 'stream') return [line(verb, 'call'), line(`${verb}Stream`, 'stream')];
  if (operation.effect !== 'list') return [line(verb, 'call')];
  return [line(verb, 'page'), `    ${verb}All: ${arrow} => listAll(transport, SPECS.${verb}, ${input}, options),\n`];
}

const hasDelete = (operations: readonly DescribedOperation[]): boolean =>
  operations.some((operation) => operation.effect === 'delete' && operation.verb === 'delete');

function waiterLines(
  operations: readonly DescribedOperation[],
  get: DescribedOperation,
  output: string,
): readonly string[] {
  const settled = get.settles ? `, by default until ${get.settles.field} is ${get.settles.values.join(', ')}` : '';
  return [
    `  /** Looks until \`isDone\`${settled}. Throws CloudWaitError when time is up. */\n`,
    `  waitUntil(id: string, isDone?: (resource: ${output}) => boolean, options?: WaitUntilOptions<${output}>): Promise<${output}>;\n`,
    ...(hasDelete(operations)
      ? [
          `  /** Looks until it is gone. Throws CloudWaitError when time is up. */\n`,
          `  waitUntilGone(id: string, options?: WaitUntilOptions<${output}>): Promise<void>;\n`,
        ]
      : []),
  ];
}

const waiterCalls = (operations: readonly DescribedOperation[], output: string): readonly string[] => [
  `    waitUntil: (id, isDone, options) => waitUntil<${output}>(transport, SPECS.get, id, isDone, options),\n`,
  ...(hasDelete(operations)
    ? [`    waitUntilGone: (id, options) => waitUntilGone<${output}>(transport, SPECS.get, id, options),\n`]
    : []),
];

const interfaceText = (service: string, methods: readonly string[]): string =>
  `\nexport interface ${pascal(service)} {\n${methods.join('')}}\n`;

const factoryText = (service: string, specs: readonly string[], calls: readonly string[]): string =>
  `\nconst SPECS = {\n${specs.join('')}} as const;\n\nexport function create${pascal(service)}(transport: Transport): ${pascal(service)} {\n  return {\n${calls.join('')}  };\n}\n`;

function imports(body: string, models: readonly string[]): string {
  const used = (names: readonly string[]) => names.filter((name) => new RegExp(`\\b${name}\\b`).test(body));
  const line = (names: readonly string[], from: string, type: string) =>
    names.length > 0 ? `import ${type}{ ${[...names].sort().join(', ')} } from '${from}';\n` : '';
  return [
    '// Generated from the registry of operations by `npm run gen`.\n',
    line(
      used(['CallOptions', 'KeyOption', 'Page', 'SocketTarget', 'Transport', 'VersionOption', 'WaitOption']),
      '../call.ts',
      'type ',
    ),
    line(used(['followEvents']), '../following.ts', ''),
    line(used(['FollowOptions', 'StreamedEvent']), '../following.ts', 'type '),
    line(used(['listAll']), '../paging.ts', ''),
    line(used(['waitUntil', 'waitUntilGone']), '../waiting.ts', ''),
    line(used(['WaitUntilOptions']), '../waiting.ts', 'type '),
    line(models, './models.ts', 'type '),
    '\n',
  ].join('');
}
