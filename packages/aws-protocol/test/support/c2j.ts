import type { Model } from '../../src/index.ts';
import type { BotocoreModel, BotocoreRef, BotocoreShape } from '../../src/model/botocore.ts';
import { readBotocoreModel } from '../../src/model/from-botocore.ts';

/** As the published protocol test cases write botocore's form: with more liberties. */
export interface C2jRef extends BotocoreRef {
  readonly jsonvalue?: boolean;
}
export interface C2jShape extends Omit<BotocoreShape, 'members' | 'member' | 'key' | 'value'> {
  readonly members?: Readonly<Record<string, C2jRef>>;
  readonly member?: C2jRef;
  readonly key?: C2jRef;
  readonly value?: C2jRef;
}

/** The model of one operation. */
export function fromC2j(
  protocol: string,
  metadata: { apiVersion?: string; targetPrefix?: string },
  shapes: Readonly<Record<string, C2jShape>>,
  given: { name: string; http?: { method: string; requestUri?: string }; input?: { shape: string; payload?: string } },
): Model {
  const { input } = given;
  // They give the payload with the operation, and places of members with the members' shapes.
  const placed = Object.entries(shapes).map(([name, shape]): [string, BotocoreShape] => {
    const members = Object.entries(shape.members ?? {}).map(([key, ref]): [string, BotocoreRef] => {
      const { location, locationName = '' } = shapes[ref.shape] as C2jShape;
      return [key, location === undefined ? ref : { ...ref, location, locationName }];
    });
    const payload = shape.payload ?? (name === input?.shape ? input.payload : undefined);
    return [
      name,
      { ...shape, ...(shape.members ? { members: Object.fromEntries(members) } : {}), ...(payload ? { payload } : {}) },
    ];
  });
  const model: BotocoreModel = {
    metadata: { endpointPrefix: 'proto', targetPrefix: 'proto', ...metadata, protocol },
    operations: { [given.name]: given },
    shapes: Object.fromEntries(placed),
  };
  return readBotocoreModel(model);
}

/** The cases' parameters as a handler shall see them: bytes, Dates, no nulls. */
export function expectedOf(shapes: Record<string, C2jShape>, ref: C2jRef, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  const shape = shapes[ref.shape] as C2jShape;
  if (ref.jsonvalue)
    return ref.location === 'header' ? Buffer.from(JSON.stringify(value)).toString('base64') : JSON.stringify(value);
  if (shape.document) return value;
  if (shape.type === 'blob') return Buffer.from(value as string);
  if (shape.type === 'timestamp') return new Date((value as number) * 1000);
  if (shape.type === 'list')
    return (value as unknown[]).map((item) => expectedOf(shapes, shape.member as C2jRef, item));
  if (shape.type === 'map')
    return Object.fromEntries(
      Object.entries(value as object).map(([k, v]) => [k, expectedOf(shapes, shape.value as C2jRef, v)]),
    );
  if (shape.type === 'structure') {
    return Object.fromEntries(
      Object.entries(value as object).map(([k, v]) => [
        k,
        expectedOf(shapes, (shape.members as Record<string, C2jRef>)[k] as C2jRef, v),
      ]),
    );
  }
  return value;
}
