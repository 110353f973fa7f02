import {
  Actor,
  Button,
  Card,
  type Column,
  Empty,
  ErrorNote,
  type ItemProps,
  Mono,
  type Secret,
  type SecretVersion,
  Select,
  shownSize,
  Table,
  Tag,
  Time,
  toast,
  useAct,
  useCan,
  useList,
} from '@thecloud/console';
import { useState } from 'react';
import { differenceOf } from './difference.ts';
import { Reveal } from './reveal.tsx';

const CURRENT = 'AWSCURRENT';

const COLUMNS: readonly Column<SecretVersion>[] = [
  { key: 'number', title: 'Version', width: '6rem', render: ({ number }) => String(number) },
  {
    key: 'stages',
    title: 'Stages',
    width: 'minmax(14rem, 2fr)',
    render: ({ stages }) =>
      stages.length === 0 ? (
        <span className="text-ink-soft">none</span>
      ) : (
        stages.map((stage) => <Tag key={stage}>{stage}</Tag>)
      ),
  },
  { key: 'created_at', title: 'Stored', render: ({ created_at }) => <Time value={created_at} /> },
  { key: 'user_id', title: 'By', width: 'minmax(10rem, 1fr)', render: ({ user_id }) => <Actor userId={user_id} /> },
  { key: 'size', title: 'Size', render: ({ size }) => shownSize(size) },
  { key: 'encoding', title: 'Kind', render: ({ encoding }) => (encoding === 'base64' ? 'bytes' : 'text') },
  { key: 'id', title: 'Id', width: 'minmax(18rem, 1fr)', render: ({ id }) => <Mono text={id} /> },
];

/** The versions of a secret, what tells two of them apart without their values, and the value of one. */
export function VersionsTab({ item }: ItemProps) {
  const secret = item as unknown as Secret;
  const can = useCan();
  const list = useList<SecretVersion>('secrets.versions', { id: secret.id });
  const [chosen, setChosen] = useState<SecretVersion>();
  const move = useAct('secrets.moveStage', { onSuccess: () => toast('The current version has changed') });
  const current = list.items.find(({ stages }) => stages.includes(CURRENT));
  const isLive = secret.deletes_at === undefined;
  if (list.error) return <ErrorNote error={list.error} retry={() => void list.refetch()} />;
  return (
    <div className="grid grid-cols-1 gap-4">
      <Card title="Versions" padded={false}>
        {list.items.length === 0 && !list.isPending ? (
          <Empty title="This secret has no value yet" />
        ) : (
          <Table
            label="Versions"
            columns={COLUMNS}
            items={list.items}
            keyOf={({ id }) => id}
            loading={list.isPending || list.isFetchingNextPage}
            onEnd={list.readOn}
            rowActions={(version) =>
              isLive && (
                <span className="flex gap-1">
                  {can('secrets.reveal') && (
                    <Button small onClick={() => setChosen(version)}>
                      Read
                    </Button>
                  )}
                  {can('secrets.moveStage') && version.id !== current?.id && (
                    <Button
                      small
                      busy={move.isPending}
                      onClick={() =>
                        move.mutate({
                          id: secret.id,
                          stage: CURRENT,
                          move_to: version.id,
                          remove_from: current?.id ?? null,
                        })
                      }
                    >
                      Make current
                    </Button>
                  )}
                </span>
              )
            }
          />
        )}
      </Card>
      {move.error && <ErrorNote error={move.error} />}
      {chosen && isLive && <Reveal key={chosen.id} secret={secret} version={chosen.id} />}
      {list.items.length > 1 && <Compare versions={list.items} />}
    </div>
  );
}

function Compare({ versions }: { readonly versions: readonly SecretVersion[] }) {
  const [one, setOne] = useState(versions[1]!.id);
  const [other, setOther] = useState(versions[0]!.id);
  const named = (id: string) => versions.find((version) => version.id === id) ?? versions[0]!;
  const rows = differenceOf(named(one), named(other));
  const choice = (label: string, value: string, set: (id: string) => void) => (
    <Select aria-label={label} value={value} onChange={(event) => set(event.target.value)} className="w-auto">
      {versions.map(({ id, number }) => (
        <option key={id} value={id}>
          Version {number}
        </option>
      ))}
    </Select>
  );
  return (
    <Card title="What tells two versions apart">
      <div className="grid gap-3">
        <div className="flex flex-wrap items-center gap-2">
          {choice('From version', one, setOne)} to {choice('To version', other, setOther)}
        </div>
        {rows.length === 0 ? (
          <p className="text-ink-soft">Choose two versions.</p>
        ) : (
          <dl className="grid gap-2">
            {rows.map(({ name, from, to }) => (
              <div key={name} className="flex flex-wrap gap-2">
                <dt className="w-24 text-ink-soft">{name}</dt>
                <dd>
                  <bdi>{from}</bdi> → <bdi>{to}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        )}
        <p className="text-sm text-ink-soft">Values are not compared: that would read both.</p>
      </div>
    </Card>
  );
}
