import { camel, type DescribedOperation, pascal } from './generator/described.ts';
import { docLines, type Models, members, typeOf } from './generator/schema-type.ts';
import { serviceFile } from './generator/service-file.ts';

const FOLDER = 'packages/sdk/src/generated';
const HEADER = '// Generated from the registry of operations by `npm run gen`.\n\n';

/** The generated part of the SDK: path from the repository's root → text. The same operations give the same texts. */
export function generateSdk(operations: readonly DescribedOperation[]): ReadonlyMap<string, string> {
  const services = new Map<string, DescribedOperation[]>();
  for (const operation of operations)
    services.set(operation.service, [...(services.get(operation.service) ?? []), operation]);
  const models: Models = new Map();
  const files = new Map<string, string>();
  for (const [service, its] of services) files.set(`${FOLDER}/${service}.ts`, serviceFile(service, its, models));
  files.set(`${FOLDER}/models.ts`, modelsFile(models));
  files.set(`${FOLDER}/services.ts`, servicesFile([...services.keys()]));
  return files;
}

function modelsFile(models: Models): string {
  const written = new Map<string, string>();
  // Writing one may name another: go on until none is left.
  for (let left = [...models.keys()]; left.length > 0; left = [...models.keys()].filter((name) => !written.has(name))) {
    for (const name of left) written.set(name, modelText(name, models));
  }
  return (
    HEADER +
    [...written]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, text]) => text)
      .join('\n')
  );
}

function modelText(name: string, models: Models): string {
  const { $id: _, ...schema } = models.get(name)!;
  const doc = docLines(schema.description)
    .map((line) => `${line}\n`)
    .join('');
  return schema.properties
    ? `${doc}export interface ${name} {\n${members(schema, models, 'output')}}\n`
    : `${doc}export type ${name} = ${typeOf(schema, models, 'output')};\n`;
}

function servicesFile(services: readonly string[]): string {
  const imports = services.map(
    (service) => `import { create${pascal(service)}, type ${pascal(service)} } from './${service}.ts';\n`,
  );
  const exports = services.map((service) => `export type * from './${service}.ts';\n`);
  const members = services.map((service) => `  readonly ${camel(service)}: ${pascal(service)};\n`);
  const values = services.map((service) => `    ${camel(service)}: create${pascal(service)}(transport),\n`);
  return [
    HEADER,
    "import type { Transport } from '../call.ts';\n",
    ...imports,
    '\n',
    "export type * from './models.ts';\n",
    ...exports,
    '\nexport interface Services {\n',
    ...members,
    '}\n\nexport function createServices(transport: Transport): Services {\n  return {\n',
    ...values,
    '  };\n}\n',
  ].join('');
}
