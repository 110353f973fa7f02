import { useQuery } from '@tanstack/react-query';
import { transport } from '../api/client.ts';
import { useRead } from '../api/queries.ts';
import { useCan } from '../api/session.ts';
import { Button } from '../kit/button.tsx';
import { Card, Page } from '../kit/layout.tsx';
import { Empty, ErrorNote, Loading } from '../kit/states.tsx';
import { Status } from '../kit/status.tsx';
import { Time } from '../kit/time.tsx';
import { partsOf } from './health-parts.ts';
import { ServiceLink } from './service-link.tsx';

const LOOK_MS = 10_000;
/** The server gives each check 2 s. */
const TIMEOUT_MS = 10_000;

interface Health {
  readonly status: string;
  readonly checks: Readonly<Record<string, string>>;
  readonly time: string;
}

const readHealth = async ({ signal }: { signal: AbortSignal }): Promise<Health> => {
  const answer = await transport.send({ method: 'GET', path: '/health', timeoutMs: TIMEOUT_MS, retries: 0, signal });
  return JSON.parse(answer.text) as Health;
};

/** How the parts of the platform are, and the way out where one is down. */
export function HealthPage() {
  const isOperator = useCan()('hosts.list');
  const { data, error, isPending, isFetching, refetch } = useQuery({
    queryKey: ['health'],
    queryFn: readHealth,
    refetchInterval: LOOK_MS,
    staleTime: 0,
  });
  const status = useRead<{ readonly notice?: string }>('status.get');
  return (
    <Page
      title="Health"
      heading={
        <>
          Health
          {data && <Status value={data.status === 'UP' ? 'operational' : 'degraded'} />}
        </>
      }
      subtitle={
        data ? (
          <>
            Looked at <Time value={data.time} />, and every ten seconds.
          </>
        ) : (
          'How the parts of the platform are.'
        )
      }
      actions={
        <Button busy={isFetching && !isPending} onClick={() => void refetch()}>
          Look now
        </Button>
      }
    >
      {status.data?.notice && (
        <Card title="What everybody reads">
          <p>
            <bdi>{status.data.notice}</bdi>
          </p>
        </Card>
      )}
      <Card padded={false}>
        {error ? (
          <div className="p-3">
            <ErrorNote error={error} retry={() => void refetch()} />
          </div>
        ) : !data ? (
          <Loading />
        ) : Object.keys(data.checks).length === 0 ? (
          <Empty title="Nothing is checked" />
        ) : (
          <ul className="divide-y divide-line">
            {partsOf(data.checks).map((part) => (
              <li key={part.name} className="grid gap-1 px-4 py-3">
                <p className="flex flex-wrap items-center gap-2">
                  <span className="min-w-0 grow font-medium">{part.title}</span>
                  <Status value={part.isUp ? 'up' : 'down'} />
                </p>
                <p className="text-ink-soft">{part.what}</p>
                {!part.isUp && (
                  <>
                    {part.reason && <p className="text-bad">{part.reason}</p>}
                    <p>{part.wayOut}</p>
                  </>
                )}
              </li>
            ))}
          </ul>
        )}
      </Card>
      {isOperator && (
        <p className="text-sm text-ink-soft">
          More: <ServiceLink service="hosts">hosts</ServiceLink>,{' '}
          <ServiceLink service="work">background work</ServiceLink>,{' '}
          <ServiceLink service="admin-mails">waiting mails</ServiceLink>. Numbers over time are at{' '}
          <code className="font-mono">/metrics</code>.
        </p>
      )}
    </Page>
  );
}
