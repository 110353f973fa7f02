import type { ListShape, MapShape, Member, Shape, StructShape } from '../model/schema.ts';
import { Malformed } from './malformed.ts';
import { parseText } from './scalars.ts';
import { put } from './value.ts';

/** A form as the tree its dotted names spell. */
export interface QueryNode {
  text: string | undefined;
  children: Map<string, QueryNode> | undefined;
}

export function buildTree(
  pairs: readonly [string, string][],
  limits: { readonly depth: number; readonly nodes: number },
): QueryNode {
  const root: QueryNode = { text: undefined, children: undefined };
  // A name may spell many nodes of its own, and each takes far more memory than its letters.
  const most = limits.nodes * 4;
  let nodes = 0;
  for (const [name, value] of pairs) {
    const parts = name.split('.');
    if (parts.length > limits.depth * 2) throw new Malformed('Parameters are nested too deeply');
    let at = root;
    for (const part of parts) {
      at.children ??= new Map();
      let next = at.children.get(part);
      if (!next) {
        if (++nodes > most) throw new Malformed('Too many parameters');
        next = { text: undefined, children: undefined };
        at.children.set(part, next);
      }
      at = next;
    }
    if (at.text !== undefined) throw new Malformed(`Parameter ${name.slice(0, 100)} is given twice`);
    at.text = value;
  }
  return root;
}

type QueryReader = (node: QueryNode) => unknown;

/** Reads inputs of the query protocol and of its EC2 dialect. */
export class QueryCodec {
  readonly #ec2: boolean;
  readonly #readers = new Map<Shape, QueryReader>();

  constructor(ec2: boolean) {
    this.#ec2 = ec2;
  }

  read(shape: StructShape, root: QueryNode): unknown {
    return this.#reader(shape)(root);
  }

  #reader(shape: Shape): QueryReader {
    const known = this.#readers.get(shape);
    if (known) return known;
    let made: QueryReader | undefined;
    this.#readers.set(shape, (node) => (made as QueryReader)(node));
    made =
      shape.kind === 'struct'
        ? this.#struct(shape)
        : shape.kind === 'list' || shape.kind === 'map'
          ? this.#nested(shape, false)
          : (node) => {
              if (node.text === undefined) throw new Malformed('A value is missing');
              return parseText(shape, node.text, 'dateTime');
            };
    this.#readers.set(shape, made);
    return made;
  }

  #struct(shape: StructShape): QueryReader {
    const members = shape.members.map((member) => ({
      name: member.name,
      wire: this.#wireName(member),
      nests: member.shape.kind === 'list' || member.shape.kind === 'map',
      read: this.#memberReader(member),
    }));
    return (node) => {
      const result: Record<string, unknown> = {};
      if (!node.children) return result;
      let found = 0;
      for (const { name, wire, nests, read } of members) {
        // botocore writes an empty list by the member's own name.
        const child = node.children.get(wire) ?? (nests ? emptyOf(node.children.get(name)) : undefined);
        if (child === undefined) continue;
        result[name] = read(child);
        found++;
      }
      if (shape.union && found !== 1) throw new Malformed(`${shape.name} must have exactly one member set`);
      return result;
    };
  }

  #memberReader(member: Member): QueryReader {
    const { shape } = member;
    if (shape.kind !== 'list' && shape.kind !== 'map') return this.#reader(shape);
    return this.#nested(shape, this.#ec2 || member.traits.xmlFlattened === 1);
  }

  #nested(shape: ListShape | MapShape, flattened: boolean): QueryReader {
    return shape.kind === 'list' ? this.#list(shape, flattened) : this.#map(shape, flattened);
  }

  #wireName(member: Member): string {
    if (!this.#ec2) return member.traits.xmlName ?? member.name;
    if (member.traits.ec2QueryName) return member.traits.ec2QueryName;
    const name = member.traits.xmlName ?? member.name;
    return name.charAt(0).toUpperCase() + name.slice(1);
  }

  #list(shape: ListShape, flattened: boolean): QueryReader {
    // Linked on first use: a list may hold the struct that is being compiled.
    let read: QueryReader | undefined;
    const inner = shape.element.traits.xmlName ?? 'member';
    const isStruct = shape.element.shape.kind === 'struct';
    return (node) => {
      read ??= this.#memberReader(shape.element);
      const holder = flattened ? node : (node.children?.get(inner) ?? node.children?.get('member') ?? node);
      return elementsOf(holder, isStruct).map(read);
    };
  }

  #map(shape: MapShape, flattened: boolean): QueryReader {
    let read: QueryReader | undefined;
    const keyName = shape.key.traits.xmlName ?? 'key';
    const valueName = shape.value.traits.xmlName ?? 'value';
    return (node) => {
      read ??= this.#memberReader(shape.value);
      const map: Record<string, unknown> = {};
      const holder = flattened ? node : (node.children?.get('entry') ?? node);
      for (const entry of elementsOf(holder, true)) {
        const key = entry.children?.get(keyName)?.text;
        const value = entry.children?.get(valueName);
        if (key === undefined || value === undefined) throw new Malformed('A map entry needs a key and a value');
        put(map, key, read(value));
      }
      return map;
    };
  }
}

/** A node that stands for an empty list: `Tags=`. */
function emptyOf(node: QueryNode | undefined): QueryNode | undefined {
  return node?.text === '' && !node.children ? node : undefined;
}

/**
 * The children `1`, `2` ... in the order of their numbers, with gaps allowed. `Tags=` is how SDKs write an empty list; and
 * a list of one may go without its number, as SQS's documentation has it: `AttributeName=All`, `Attribute.Name=a&Attribute.Value=b`.
 */
function elementsOf(node: QueryNode, areStructs: boolean): QueryNode[] {
  if (!node.children) return node.text ? [node] : [];
  const entries: [number, QueryNode][] = [];
  for (const [name, child] of node.children) if (/^\d{1,9}$/.test(name)) entries.push([Number(name), child]);
  if (entries.length === 0 && areStructs && !node.text) return [node];
  if (entries.length < node.children.size || node.text) {
    const [odd = ''] = [...node.children.keys()].filter((name) => !/^\d{1,9}$/.test(name));
    throw new Malformed(
      odd ? `Not a list index: ${odd.slice(0, 64)}` : 'A list has elements with a number and without',
    );
  }
  return entries.sort(([a], [b]) => a - b).map(([, child]) => child);
}
