import { Actor, Card, Empty, ErrorNote, Loading, Status, Time, useList } from '@thecloud/console';
import { useEffect, useState } from 'react';
import { type Phase, phasesOf, type StatusEvent } from './phases.ts';
import { durationOf } from './words.ts';

/** Statuses that are shown at once. */
const SHOWN = 8;

/** The statuses that the instance had, newest first, with how long each lasted. */
export function TimeLine({ id }: { readonly id: string }) {
  const [all, setAll] = useState(false);
  const list = useList<StatusEvent>('events.list', { resource_type: 'instance', resource_id: id, limit: 100 });
  const phases = phasesOf(list.items);
  return (
    <Card title="Status over time">
      {list.error ? (
        <ErrorNote error={list.error} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Loading />
      ) : phases.length === 0 ? (
        <Empty title="Nothing yet">Events are kept for 30 days.</Empty>
      ) : (
        <>
          <ol>
            {phases.slice(0, all ? undefined : SHOWN).map((phase) => (
              <Row key={phase.event.id} phase={phase} />
            ))}
          </ol>
          {!all && phases.length > SHOWN && (
            <button type="button" className="mt-2 text-accent hover:underline" onClick={() => setAll(true)}>
              Show {phases.length - SHOWN} more
            </button>
          )}
        </>
      )}
    </Card>
  );
}

function Row({ phase }: { readonly phase: Phase }) {
  const { event, status, ms, reason } = phase;
  return (
    <li className="relative grid grid-cols-[7.5rem_1fr] gap-x-3 border-l border-line pb-3 pl-4 last:pb-0">
      <span aria-hidden className="absolute top-1.5 -left-[4.5px] size-2 rounded-full bg-line-strong" />
      <span>
        <Status value={status} />
      </span>
      <span className="min-w-0">
        <span className="tabular-nums">{ms === undefined ? <Lasting since={event.created_at} /> : durationOf(ms)}</span>
        <span className="text-sm text-ink-soft">
          {' · '}
          <Time value={event.created_at} /> by <Actor userId={event.user_id} actor={event.actor} />
        </span>
        {reason && <span className="mt-0.5 block text-sm text-ink-soft">{reason}</span>}
      </span>
    </li>
  );
}

/** The duration of what still lasts, which grows each second. */
function Lasting({ since }: { readonly since: string }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <>for {durationOf(Math.max(0, now - Date.parse(since)))}</>;
}
