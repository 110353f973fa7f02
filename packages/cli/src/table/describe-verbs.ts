import type { CliFacet, DescribedOperation, JsonSchema } from '../../../sdk/src/generator/described.ts';
import { actsInTenant, ADMIN, type Kind, type Member, type Verb } from './verb.ts';

/** Most columns of a list whose operation names none. */
const MOST_COLUMNS = 6;

export function describeVerbs(operations: readonly DescribedOperation[]): readonly Verb[] {
  const named = new Set(operations.flatMap(({ service, target }) => (target ? [service] : [])));
  return operations.map((operation) => describe(operation, named.has(operation.service)));
}

function describe(operation: DescribedOperation, takesParts: boolean): Verb {
  const { cli, input, ...rest } = operation;
  const kinds: Readonly<Record<string, string>> = {
    ...rest.references,
    ...(rest.target ? { [rest.target.param]: rest.target.kind } : {}),
  };
  const facet: CliFacet = cli === 'custom' || cli === undefined ? {} : cli;
  const schema = input as JsonSchema;
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) =>
    withKind(
      memberOf(name, member, schema.required?.includes(name) ?? false, facet, rest.effect === 'update'),
      kinds[name],
    ),
  );
  const named = (name: string): Member => {
    const found = members.find((member) => member.name === name);
    if (!found) throw new Error(`${operation.name}: its cli names '${name}', but its input has no such member`);
    return found;
  };
  const after = facet.rest === undefined ? undefined : named(facet.rest);
  const args = (facet.args ?? operation.pathParams).map(named);
  const flags = members.filter(
    (member) => !args.includes(member) && member !== after && !(member.name === 'tenant' && actsInTenant(operation)),
  );
  const taken = flags.map((member) => member.flag);
  return {
    name: rest.name,
    ...(rest.scope === 'operator' ? { group: ADMIN } : {}),
    // `admin-users` beside `users`: two services, one noun.
    service: rest.scope === 'operator' ? rest.service.replace(new RegExp(`^${ADMIN}-`), '') : rest.service,
    verb: rest.verb.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-'),
    summary: rest.summary,
    ...describedBy(facet.description ?? rest.description),
    effect: rest.effect,
    scope: rest.scope,
    ...(rest.permission ? { permission: rest.permission } : {}),
    ...(rest.uses ? { uses: rest.uses } : {}),
    method: rest.method,
    path: rest.path,
    args,
    // If the singular is already another flag, the plural stays.
    flags: flags.map((member) =>
      taken.filter((flag) => flag === member.flag).length > 1 ? { ...member, flag: kebab(member.name) } : member,
    ),
    ...(after ? { rest: after } : {}),
    ...columnsOf(facet, rest.output as JsonSchema, rest.effect),
    ...(takesParts && rest.effect === 'list' ? { shortIds: true as const } : {}),
    ...(rest.target ? { target: rest.target.param } : {}),
    ...(rest.secrets || rest.shownOnce ? { secrets: [...(rest.secrets ?? []), ...(rest.shownOnce ?? [])] } : {}),
    ...(rest.idempotent ? { idempotent: true } : {}),
    ...(rest.settles ? { settles: rest.settles } : {}),
    ...(rest.live ? { live: true } : {}),
    ...(rest.answer ? { answer: rest.answer } : {}),
    ...(cli === 'custom' || facet.custom ? { custom: true } : {}),
  };
}

const withKind = (member: Member, names: string | undefined): Member => (names ? { ...member, names } : member);

const describedBy = (description: string | undefined) => (description ? { description } : {});

const kebab = (name: string): string => name.replaceAll('_', '-');

function singular(name: string): string {
  if (/(ss|us|is|[^s]data)$/.test(name)) return name;
  if (name.endsWith('ies')) return `${name.slice(0, -3)}y`;
  if (/(sses|xes|ches|shes)$/.test(name)) return name.slice(0, -2);
  return name.endsWith('s') ? name.slice(0, -1) : name;
}

function memberOf(name: string, schema: JsonSchema, required: boolean, facet: CliFacet, isChange: boolean): Member {
  if (name.startsWith('no_')) throw new Error(`the member ${name} cannot be a flag: --no-… takes a flag back`);
  const given = withoutNull(schema);
  const shape = given.type === 'array' ? 'list' : isRecord(given) ? 'record' : undefined;
  const value = shape === 'list' ? withoutNull(given.items ?? {}) : shape === 'record' ? valueOfRecord(given) : given;
  const choices = choicesOf(value);
  const description = schema.description ?? given.description;
  return {
    name,
    flag: facet.flags?.[name] ?? kebab(shape ? singular(name) : name),
    kind: kindOf(value, choices),
    ...(shape ? { shape } : {}),
    ...(required ? { required } : {}),
    ...(isChange && schema.anyOf?.some(({ type }) => type === 'null') ? { nullable: true as const } : {}),
    ...(description ? { description } : {}),
    ...(choices ? { choices } : {}),
    ...formOf(facet.forms?.[name], value),
    ...(value.minimum === undefined ? {} : { min: value.minimum }),
    ...(value.maximum === undefined ? {} : { max: value.maximum }),
  };
}

/** People see the form, such as KEY=value, in place of the pattern. */
function formOf(
  form: string | undefined,
  value: JsonSchema & { readonly pattern?: string },
): Pick<Member, 'form' | 'pattern'> {
  return form === undefined || value.pattern === undefined ? {} : { form, pattern: value.pattern };
}

function withoutNull(schema: JsonSchema): JsonSchema {
  const others = schema.anyOf?.filter((one) => one.type !== 'null');
  return others?.length === 1 ? others[0]! : schema;
}

const isRecord = (schema: JsonSchema): boolean =>
  schema.type === 'object' && schema.properties === undefined && kindOf(valueOfRecord(schema), undefined) !== 'json';

function valueOfRecord(schema: JsonSchema): JsonSchema {
  if (schema.patternProperties) return Object.values(schema.patternProperties)[0] ?? {};
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
}

function choicesOf(schema: JsonSchema): readonly string[] | undefined {
  const values =
    schema.enum ?? (schema.anyOf?.every((one) => one.const !== undefined) ? schema.anyOf.map((one) => one.const) : []);
  return values.length > 0 && values.every((value) => typeof value === 'string') ? values : undefined;
}

function kindOf(schema: JsonSchema, choices: readonly string[] | undefined): Kind {
  if (choices) return 'string';
  switch (schema.type) {
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return schema.type;
    default:
      return 'json';
  }
}

function columnsOf(facet: CliFacet, output: JsonSchema, effect: string): Pick<Verb, 'columns' | 'fields'> {
  const fields = Object.keys((output.type === 'array' ? output.items : output)?.properties ?? {});
  const columns = facet.columns ?? (effect === 'list' ? fields.slice(0, MOST_COLUMNS) : fields);
  return fields.every((field) => columns.includes(field)) ? { columns } : { columns, fields };
}
