import {
  Actor,
  Button,
  Card,
  Dialog,
  Empty,
  ErrorNote,
  EventTable,
  Fact,
  Facts,
  FilterBar,
  type ListPageProps,
  type LiveEvent,
  Page,
  type ServicePages,
  ShowCode,
  Time,
  titleOf,
  useListFilters,
  useList,
  useReadOn,
  Value,
  wordsOf,
} from '@thecloud/console';
import { Pause, Play } from 'lucide-react';
import { useMemo, useState } from 'react';

/** What happened in the tenant, newest first, as it happens. */
function EventsPage({ service }: ListPageProps) {
  const { filters, given, isKnown, change, text, setText } = useListFilters(service, KINDS);
  const list = useList<LiveEvent>('events.list', given, { enabled: isKnown });
  /** The events that stay while the page is paused. */
  const [held, setHeld] = useState<readonly LiveEvent[]>();
  const [opened, setOpened] = useState<LiveEvent>();
  const { isReading, isCut } = useReadOn(list, text !== '');
  const events = held ?? list.items;
  const shown = useMemo(() => fitting(events, text), [events, text]);
  const waiting = held ? Math.max(0, list.items.length - held.length) : 0;
  const isNone = !list.isPending && !list.error && shown.length === 0 && !list.hasNextPage;
  return (
    <Page
      title={service.title}
      subtitle="What changed, and what changed it. Events come as they happen, and are kept for 30 days."
      actions={
        <>
          <Button aria-pressed={held !== undefined} onClick={() => setHeld(held ? undefined : list.items)}>
            {held ? <Play className="size-4" aria-hidden /> : <Pause className="size-4" aria-hidden />}
            {held ? (waiting > 0 ? `Go on (${waiting} new)` : 'Go on') : 'Pause'}
          </Button>
          <ShowCode
            calls={[
              { operation: 'events.list', input: given },
              { operation: 'events.stream', input: without(given, ['from', 'to']) },
            ]}
          />
        </>
      }
    >
      <Card padded={false}>
        <FilterBar
          label="events"
          filters={filters}
          given={given}
          onGiven={(changed) => {
            setHeld(undefined);
            change(changed, false);
          }}
          text={text}
          onText={setText}
        >
          {list.isPending ? 'Reading' : `${shown.length.toLocaleString('en')}${list.hasNextPage ? ' so far' : ''}`}
          {isReading && ', reading on'}
          {isCut && '. There are more than are looked through'}
        </FilterBar>
        {list.error && (
          <div className="p-3">
            <ErrorNote error={list.error} retry={() => void list.refetch()} />
          </div>
        )}
        {isNone ? (
          <Empty title="No events match">Nothing happened in this time, or nothing that you may see.</Empty>
        ) : (
          <EventTable
            label="Events"
            items={shown}
            loading={list.isPending || list.isFetchingNextPage}
            onEnd={held ? undefined : list.readOn}
            onOpen={setOpened}
          />
        )}
      </Card>
      {opened && <EventDialog event={opened} onClose={() => setOpened(undefined)} />}
    </Page>
  );
}

/** Filters that are chosen, though the API takes any text for them. */
const KINDS = { resource_type: 'resources', actor: 'member' } as const;

const without = (input: Readonly<Record<string, unknown>>, names: readonly string[]) =>
  Object.fromEntries(Object.entries(input).filter(([name]) => !names.includes(name)));

function fitting(events: readonly LiveEvent[], text: string): readonly LiveEvent[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return events;
  return events.filter((event) => {
    const whole = JSON.stringify(event).toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}

/** All that an event says. */
function EventDialog({ event, onClose }: { readonly event: LiveEvent; readonly onClose: () => void }) {
  const { changes, metadata, user_id: userId, actor, ...members } = event;
  return (
    <Dialog open wide onClose={onClose} title={wordsOf(event.action)}>
      <Facts>
        <Fact name="By">
          <Actor userId={userId} actor={actor} />
        </Fact>
        {Object.entries(members).map(([member, value]) => (
          <Fact key={member} name={titleOf(member)}>
            {member === 'created_at' ? <Time value={String(value)} /> : <Value member={member} value={value} />}
          </Fact>
        ))}
      </Facts>
      {changes && (
        <section className="grid gap-1">
          <h3 className="font-medium">From → to</h3>
          <dl className="grid gap-1">
            {Object.entries(changes).map(([member, { from, to }]) => (
              <div key={member} className="flex flex-wrap items-baseline gap-x-2">
                <dt className="text-ink-soft">{titleOf(member)}</dt>
                <dd className="flex flex-wrap items-baseline gap-x-2">
                  <Value member={member} value={from} /> → <Value member={member} value={to} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {metadata && (
        <section className="grid gap-1">
          <h3 className="font-medium">Input or details</h3>
          <Value member="metadata" value={metadata} />
        </section>
      )}
    </Dialog>
  );
}

export const pages: ServicePages = { list: EventsPage };
