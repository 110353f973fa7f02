import {
  Card,
  type CronJob,
  type CronTimes,
  ErrorNote,
  Field,
  Input,
  type ItemProps,
  Loading,
  Members,
  Time,
  useRead,
} from '@thecloud/console';
import { useState } from 'react';

/** The first tab: the next ten runs, those of another schedule before anybody commits to it, and what the job is. */
export function CronSummary(props: ItemProps) {
  const job = props.item as unknown as CronJob;
  const next = useRead<CronTimes>('cron.next', { id: job.id, count: 10 });
  const [other, setOther] = useState('');
  return (
    <div className="grid grid-cols-1 gap-4">
      <Card title={job.status === 'PAUSED' ? 'Next runs, if it is resumed' : 'Next runs'}>
        {next.error ? <ErrorNote error={next.error} /> : next.data ? <Times times={next.data.times} /> : <Loading />}
      </Card>
      <Card title="Try another schedule">
        <div className="grid gap-3">
          <Field label="Schedule">
            <Input value={other} onChange={(event) => setOther(event.target.value)} placeholder={job.schedule} />
          </Field>
          {other.trim() !== '' && <Preview schedule={other.trim()} timezone={job.timezone} />}
        </div>
      </Card>
      <Members {...props} />
    </div>
  );
}

function Preview({ schedule, timezone }: { readonly schedule: string; readonly timezone: string }) {
  const read = useRead<CronTimes>('cron.preview', { schedule, timezone, count: 10 });
  if (read.error) return <ErrorNote error={read.error} />;
  return read.data ? <Times times={read.data.times} /> : <Loading />;
}

function Times({ times }: { readonly times: readonly string[] }) {
  if (times.length === 0) return <p className="text-ink-soft">This schedule has ended.</p>;
  return (
    <ol className="grid gap-1">
      {times.map((time) => (
        <li key={time}>
          <Time value={time} />
        </li>
      ))}
    </ol>
  );
}
