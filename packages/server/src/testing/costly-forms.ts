import type { Member, Shape, StructShape } from '@thecloud/aws-protocol';

/** A form that takes its reader as much time as a form of its size can. */
export interface CostlyForm {
  /** What it is made of, in words. */
  readonly shape: string;
  readonly form: string;
}

/** Values of a parameter. */
const VALUES = ['', 'a', '%41', '%E2%82%AC', '+'];

/** A small input as an action takes it, so that what is costly in one member meets all that is done with it. */
export function smallest(shape: Shape): unknown {
  switch (shape.kind) {
    case 'struct':
      return Object.fromEntries(
        shape.members.filter(({ required }) => required).map((member) => [member.name, smallest(member.shape)]),
      );
    case 'list':
      return [smallest(shape.element.shape)];
    case 'map':
      return { a: smallest(shape.value.shape) };
    case 'number':
      return 1;
    case 'boolean':
      return true;
    default:
      return 'AKIAIOSFODNN7EXAMPLE';
  }
}

/** Its parameters: only those whose members are texts, numbers and lists of structures. */
const parametersOf = ({ name, shape, traits }: Member): string => {
  const path = traits.xmlName ?? name;
  if (shape.kind !== 'list') return `${path}=${String(smallest(shape))}`;
  const { shape: element } = shape.element;
  if (element.kind !== 'struct') return `${path}.1=a`;
  return element.members.flatMap((one) => (one.required ? [`${path}.1.${one.name}=1`] : [])).join('&');
};

/** The worst forms of so many bytes for an action of the query protocol or EC2's, for each of its members and for one that it does not have. */
export function* costlyForms(head: string, input: StructShape | undefined, bytes: number): Generator<CostlyForm> {
  const room = bytes - head.length - 1_000;
  const required = input?.members.filter((member) => member.required) ?? [];
  const form = (shape: string, text: string, name = ''): CostlyForm => ({
    shape,
    form: [head, ...required.filter((one) => !namesOf(one).includes(name)).map(parametersOf), text].join('&'),
  });
  yield form('nothing between many &', '&'.repeat(room));
  yield form(
    'many parameters',
    many((nth) => `a${nth}=`, room),
  );
  yield form('one name', `${'a'.repeat(room - 1)}=`);
  yield form('a name in escapes', `${'%41'.repeat((room - 1) / 3)}=`);
  yield form(
    'names of many parts',
    many((nth) => `${'a.'.repeat(60)}${nth}=`, room),
  );
  yield form(
    'names of many different parts',
    many((nth) => `${`${nth}.`.repeat(30)}a=`, room),
  );
  for (const name of new Set(['other', ...(input?.members ?? []).flatMap(namesOf)])) {
    for (const value of VALUES)
      yield form(
        `a text of ${value} in ${name}`,
        `${name}=${value.repeat((room - name.length - 1) / Math.max(1, value.length))}`,
        name,
      );
    for (const path of ['', '.member', '.entry', '.1.Name', '.1.Value', '.1.Key']) {
      const named = `${name}${path}`;
      yield form(
        `many values in ${named}`,
        many((nth) => `${named}.${nth + 1}=`, room),
        name,
      );
      yield form(
        `many values backwards in ${named}`,
        many((nth) => `${named}.${999_999 - nth}=a`, room),
        name,
      );
    }
    yield form(
      `many objects in ${name}`,
      many((nth) => `${name}.${nth + 1}.a=`, room),
      name,
    );
    yield form(
      `long values in ${name}`,
      many((nth) => `${name}.${nth + 1}=${'%41'.repeat(40)}`, room),
      name,
    );
    yield form(`values in values in ${name}`, `${`${name}.1`.padEnd(room / 2, '.1')}=`, name);
  }
}

/** Names of a member in a form. */
const namesOf = ({ name, traits }: Member): string[] =>
  [name, traits.xmlName, traits.ec2QueryName].filter((one) => one !== undefined);

/** As many parameters as there is room for, each another. */
function many(piece: (nth: number) => string, room: number): string {
  const pieces: string[] = [];
  for (let left = room, nth = 0; ; nth++) {
    const one = piece(nth);
    left -= one.length + 1;
    if (left < 0) return pieces.join('&');
    pieces.push(one);
  }
}
