import type { ListShape, MapShape, Member, Shape, StructShape, Traits } from '../model/schema.ts';
import { Malformed } from './malformed.ts';
import { formatText, parseText } from './scalars.ts';
import { put } from './value.ts';
import type { XmlNode } from './xml-parse.ts';

type XmlReader = (node: XmlNode) => unknown;
type XmlWriter = (value: unknown, tag: string) => string;

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
  '\u0085': '&#x85;',
  '\u2028': '&#x2028;',
};
const UNSAFE = /[&<>"\r\u0085\u2028]/;

const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;

/** Characters that XML 1.0 cannot carry become spaces, so that the answer stays readable. */
export function escapeXml(text: string): string {
  const clean = FORBIDDEN.test(text) ? text.replace(new RegExp(FORBIDDEN, 'g'), ' ') : text;
  return UNSAFE.test(clean) ? clean.replace(/[&<>"\r\u0085\u2028]/g, (c) => ESCAPES[c] as string) : clean;
}

/** An attribute's line breaks and tabs would be read as spaces. */
function escapeAttribute(text: string): string {
  const safe = escapeXml(text);
  return /[\n\t]/.test(safe) ? safe.replaceAll('\n', '&#xA;').replaceAll('\t', '&#x9;') : safe;
}

/** Reads restXml inputs, and writes the answers of restXml, query and EC2. */
export class XmlCodec {
  readonly #readers = new Map<Shape, XmlReader>();
  readonly #writers = new Map<Shape, XmlWriter>();

  read(shape: Shape, node: XmlNode): unknown {
    return this.#reader(shape)(node);
  }

  /** The elements inside a struct, without its own tag. `skip` names members that travel elsewhere. */
  writeMembers(shape: StructShape, value: unknown, skip?: (member: Member) => boolean): string {
    const source = value as Record<string, unknown>;
    let out = '';
    for (const member of shape.members) {
      const item = source[member.name];
      if (item === undefined || item === null || skip?.(member)) continue;
      out += this.memberWriter(member)(item);
    }
    return out;
  }

  write(shape: Shape, value: unknown, tag: string): string {
    return this.#writer(shape)(value, tag);
  }

  /** Writes one member with its own tag or, if flattened, as many tags as it has elements. */
  memberWriter(member: Member): (value: unknown) => string {
    const { shape, traits } = member;
    const tag = traits.xmlName ?? member.name;
    const open = tag + namespaceAttribute(traits);
    if (traits.xmlFlattened === 1 && shape.kind === 'list') {
      const write = this.#writer(shape.element.shape);
      return (value) => {
        let out = '';
        for (const item of value as Iterable<unknown>)
          if (item !== undefined && item !== null) out += write(item, open);
        return out;
      };
    }
    if (traits.xmlFlattened === 1 && shape.kind === 'map') return (value) => this.#entries(shape, value, open);
    const write = this.#writer(shape);
    const alias = traits.xmlAlias;
    return alias === undefined ? (value) => write(value, open) : (value) => write(value, open) + write(value, alias);
  }

  #writer(shape: Shape): XmlWriter {
    const known = this.#writers.get(shape);
    if (known) return known;
    let made: XmlWriter | undefined;
    this.#writers.set(shape, (value, tag) => (made as XmlWriter)(value, tag));
    made = this.#compileWriter(shape);
    this.#writers.set(shape, made);
    return made;
  }

  #compileWriter(shape: Shape): XmlWriter {
    if (shape.kind === 'string') return (value, tag) => `<${tag}>${escapeXml(textOf(value))}</${name(tag)}>`;
    if (shape.kind === 'list') return this.#listWriter(shape);
    if (shape.kind === 'map') return (value, tag) => `<${tag}>${this.#entries(shape, value, 'entry')}</${name(tag)}>`;
    if (shape.kind === 'struct') return this.#structWriter(shape);
    return (value, tag) => `<${tag}>${formatText(shape, value, 'dateTime')}</${name(tag)}>`;
  }

  #listWriter(shape: ListShape): XmlWriter {
    const write = this.#writer(shape.element.shape);
    const inner = (shape.element.traits.xmlName ?? 'member') + namespaceAttribute(shape.element.traits);
    return (value, tag) => {
      let out = '';
      for (const item of value as Iterable<unknown>) if (item !== undefined && item !== null) out += write(item, inner);
      return `<${tag}>${out}</${name(tag)}>`;
    };
  }

  #structWriter(shape: StructShape): XmlWriter {
    const body = shape.members.filter((m) => m.traits.xmlAttribute !== 1);
    const names = body.map((m) => m.name);
    const attributes = shape.members.filter((m) => m.traits.xmlAttribute === 1);
    const namespace = namespaceAttribute(shape.traits);
    let writers: ((value: unknown) => string)[] | undefined;
    return (value, tag) => {
      if (typeof value !== 'object' || value === null) throw new TypeError(`${shape.name} must be an object`);
      // On first use, since a struct may hold itself.
      writers ??= body.map((m) => this.memberWriter(m));
      const source = value as Record<string, unknown>;
      let open = tag.includes(' xmlns') ? tag : tag + namespace;
      for (const member of attributes) {
        const item = source[member.name];
        if (item === undefined || item === null) continue;
        open += ` ${member.traits.xmlName ?? member.name}="${escapeAttribute(formatText(member.shape, item, 'dateTime'))}"`;
      }
      let out = '';
      for (let i = 0; i < names.length; i++) {
        const item = source[names[i] as string];
        if (item !== undefined && item !== null) out += (writers[i] as (value: unknown) => string)(item);
      }
      return `<${open}>${out}</${name(tag)}>`;
    };
  }

  #entries(shape: MapShape, value: unknown, tag: string): string {
    const write = this.#writer(shape.value.shape);
    const keyTag = shape.key.traits.xmlName ?? 'key';
    const valueTag = shape.value.traits.xmlName ?? 'value';
    let out = '';
    for (const [key, item] of Object.entries(value as object)) {
      if (item === undefined || item === null) continue;
      out += `<${tag}><${keyTag}>${escapeXml(key)}</${keyTag}>${write(item, valueTag)}</${name(tag)}>`;
    }
    return out;
  }

  #reader(shape: Shape): XmlReader {
    const known = this.#readers.get(shape);
    if (known) return known;
    let made: XmlReader | undefined;
    this.#readers.set(shape, (node) => (made as XmlReader)(node));
    made = this.#compileReader(shape);
    this.#readers.set(shape, made);
    return made;
  }

  #compileReader(shape: Shape): XmlReader {
    if (shape.kind === 'list') {
      const read = this.#reader(shape.element.shape);
      const inner = shape.element.traits.xmlName ?? 'member';
      return (node) => {
        rejectText(node);
        return node.children.filter((c) => c.name === inner).map(read);
      };
    }
    if (shape.kind === 'map')
      return (node) =>
        this.#readEntries(
          shape,
          node.children.filter((c) => c.name === 'entry'),
        );
    if (shape.kind === 'struct') return this.#structReader(shape);
    return (node) => {
      if (node.children.length > 0) throw new Malformed(`XML: <${node.name}> must hold text only`);
      return parseText(shape, node.text, 'dateTime');
    };
  }

  #structReader(shape: StructShape): XmlReader {
    return (node) => {
      rejectText(node);
      const result: Record<string, unknown> = {};
      let found = 0;
      for (const member of shape.members) {
        const wire = member.traits.xmlName ?? member.name;
        if (member.traits.xmlAttribute === 1) {
          const text = node.attributes[wire];
          if (text !== undefined) result[member.name] = parseText(member.shape, text, 'dateTime');
          continue;
        }
        const nodes = node.children.filter((child) => child.name === wire);
        if (nodes.length === 0) continue;
        found++;
        const { shape: target } = member;
        if (member.traits.xmlFlattened === 1 && target.kind === 'list') {
          result[member.name] = nodes.map(this.#reader(target.element.shape));
        } else if (member.traits.xmlFlattened === 1 && target.kind === 'map') {
          result[member.name] = this.#readEntries(target, nodes);
        } else {
          if (nodes.length > 1) throw new Malformed(`XML: <${wire}> is given twice`);
          result[member.name] = this.#reader(target)(nodes[0] as XmlNode);
        }
      }
      if (shape.union && found !== 1) throw new Malformed(`${shape.name} must have exactly one member set`);
      return result;
    };
  }

  #readEntries(shape: MapShape, nodes: readonly XmlNode[]): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    const keyTag = shape.key.traits.xmlName ?? 'key';
    const valueTag = shape.value.traits.xmlName ?? 'value';
    for (const entry of nodes) {
      const key = entry.children.find((child) => child.name === keyTag);
      const value = entry.children.find((child) => child.name === valueTag);
      if (!key || !value) throw new Malformed('XML: a map entry needs a key and a value');
      put(map, key.text, this.#reader(shape.value.shape)(value));
    }
    return map;
  }
}

function namespaceAttribute(traits: Traits): string {
  if (!traits.xmlNamespace) return '';
  const [first, second] = traits.xmlNamespace;
  // The schema gives [prefix, uri] or [uri].
  return second === undefined ? ` xmlns="${escapeXml(first)}"` : ` xmlns:${first}="${escapeXml(second)}"`;
}

/** The tag without the attributes that follow it. */
function name(tag: string): string {
  const space = tag.indexOf(' ');
  return space < 0 ? tag : tag.slice(0, space);
}

function textOf(value: unknown): string {
  if (typeof value === 'object' && !(value instanceof String)) throw new TypeError('expected a string');
  return String(value as string);
}

function rejectText(node: XmlNode): void {
  if (node.text !== '' && node.text.trim() !== '') throw new Malformed(`XML: <${node.name}> may not hold text`);
}
