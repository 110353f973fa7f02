import type { Item } from '../api/queries.ts';
import type { DescribedService } from '../api/registry.ts';
import { useSchemas } from '../api/use-schemas.ts';
import { Concealed } from '../kit/concealed.tsx';
import { Card, Fact, Facts } from '../kit/layout.tsx';
import { titleOf, Value } from '../kit/value.tsx';
import type { ItemProps } from './custom.ts';
import { groupsOf } from './member-groups.ts';
import { Reference } from './links.tsx';

/** All members of an item, by its schema: what people look for first, what machines need folded, secrets when somebody asks for them. */
export function Members({ service, item }: ItemProps) {
  const schema = useSchemas(service.get ?? service.list)?.output;
  const { main, technical } = groupsOf(service, item, Object.keys(schema?.properties ?? {}));
  const facts = (members: readonly string[]) => (
    <Facts>
      {members.map((member) => (
        <Fact key={member} name={titleOf(member, service.units[member])}>
          <MemberValue {...{ service, item, member }} schema={schema?.properties?.[member]} />
        </Fact>
      ))}
    </Facts>
  );
  return (
    <Card>
      <div className="grid gap-4">
        {facts(main)}
        {technical.length > 0 && (
          <details>
            <summary className="w-fit cursor-pointer text-ink-soft select-none">Ids and versions</summary>
            <div className="mt-3">{facts(technical)}</div>
          </details>
        )}
      </div>
    </Card>
  );
}

function MemberValue({
  service,
  item,
  member,
  schema,
}: {
  readonly service: DescribedService;
  readonly item: Item;
  readonly member: string;
  readonly schema: Parameters<typeof Value>[0]['schema'];
}) {
  const value = item[member];
  const kind = service.references[member];
  const shown =
    kind && typeof value === 'string' && value !== '' ? (
      <Reference kind={kind} value={value} />
    ) : (
      <Value member={member} value={value} schema={schema} unit={service.units[member]} />
    );
  return service.hidden.includes(member) ? <Concealed name={titleOf(member)}>{shown}</Concealed> : shown;
}
