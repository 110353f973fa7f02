import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Check, LoaderCircle, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { type Tenant, useCan } from '../../api/session.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { classes } from '../../kit/classes.ts';
import { Copy } from '../../kit/copy.tsx';
import { Card } from '../../kit/layout.tsx';
import { Status } from '../../kit/status.tsx';
import { statusQuery } from '../../shell/status.ts';
import type { Counted } from './counts.ts';
import { useRemembered } from './remembered.ts';
import { doneSteps, isNew, type StepName, STEPS } from './steps.ts';

/** The way from an empty tenant to a terminal in an instance. Each step ticks itself off as soon as it is done, wherever it was done. */
export function Checklist({ tenant, counted }: { readonly tenant: Tenant; readonly counted: readonly Counted[] }) {
  const can = useCan();
  const navigate = useNavigate();
  const [isDismissed, dismiss] = useRemembered('first steps dismissed', tenant.id);
  const [openedTerminal, rememberTerminal] = useRemembered('terminal opened', tenant.id);
  const { data: platform } = useQuery(statusQuery);
  const of = (name: string) => counted.find(({ service }) => service.name === name);
  const [vpcs, instances] = [of('vpcs'), of('instances')];
  if (isDismissed || !vpcs || !instances || vpcs.isPending || instances.isPending) return null;
  if (!can('vpcs.create') || !can('instances.launch') || !isNew(instances.items)) return null;
  const done = doneSteps({ vpcs: vpcs.items, instances: instances.items, openedTerminal });
  const next = STEPS.find((step) => !done.has(step));
  const instance = instances.items[0];
  const name = String(instance?.['name'] ?? 'web');
  const reason = instance?.['status_reason'];
  const create = (service: string) =>
    void navigate({ to: '/t/$tenant/$service/new', params: { tenant: tenant.slug, service } });
  const open = (tab?: string) =>
    instance &&
    void navigate({
      to: '/t/$tenant/$service/$id',
      params: { tenant: tenant.slug, service: 'instances', id: String(instance['id']) },
      search: tab === undefined ? {} : { tab },
    });

  const steps: Readonly<Record<StepName, Omit<StepProps, 'number' | 'isDone' | 'isNext'>>> = {
    vpc: {
      title: 'Make a network',
      text: 'A VPC is a private network: instances in it reach each other by name, and nothing outside reaches them.',
      command: 'cloud vpcs create main --wait',
      action: <StepButton isNext={next === 'vpc'} label="Create a VPC" onClick={() => create('vpcs')} />,
    },
    instance: {
      title: 'Launch an instance in it',
      text: 'An instance is a Linux machine that runs in a second or two. You choose its image and its size.',
      command: 'cloud instances launch web --image busybox --vpc-id main --wait',
      action: (
        <StepButton isNext={next === 'instance'} label="Launch an instance" onClick={() => create('instances')} />
      ),
    },
    running: {
      title: 'See it run',
      text: 'This page and every other follows what happens: nobody has to reload.',
      command: `cloud instances get ${name}`,
      action: instance && (
        <span className="flex flex-wrap items-center gap-2">
          <Status value={String(instance['status'])} />
          <StepButton isNext={next === 'running'} label="Show it" onClick={() => open()} />
        </span>
      ),
      note:
        next === 'running' && typeof reason === 'string' && reason !== ''
          ? reason
          : next !== undefined && platform?.status === 'degraded'
            ? 'This platform cannot start instances at the moment. Its operator sees why on the page of the hosts.'
            : undefined,
    },
    terminal: {
      title: 'Open a terminal in it',
      text: 'Type hostname, and it answers: from here on it is yours.',
      command: `cloud instances exec -it ${name} -- sh`,
      action: instance && (
        <StepButton
          isNext={next === 'terminal'}
          label="Open the terminal"
          onClick={() => {
            rememberTerminal();
            open('terminal');
          }}
        />
      ),
    },
  };
  return (
    <Card
      padded={false}
      title={next === undefined ? 'Your first instance is up' : 'First steps'}
      actions={
        <>
          <span className="text-sm text-ink-soft">
            {done.size} of {STEPS.length} done
          </span>
          <IconButton label="Dismiss the first steps" onClick={dismiss}>
            <X className="size-4" />
          </IconButton>
        </>
      }
    >
      <ol className="divide-y divide-line">
        {STEPS.map((step, index) => (
          <Step
            key={step}
            number={index + 1}
            isDone={done.has(step)}
            isNext={step === next}
            isBusy={step === 'running' && step === next && instance !== undefined}
            {...steps[step]}
          />
        ))}
      </ol>
    </Card>
  );
}

function StepButton({
  isNext,
  label,
  onClick,
}: {
  readonly isNext: boolean;
  readonly label: string;
  readonly onClick: () => void;
}) {
  return (
    <Button look={isNext ? 'primary' : 'plain'} onClick={onClick}>
      {label}
    </Button>
  );
}

interface StepProps {
  readonly number: number;
  readonly title: string;
  readonly text: string;
  /** The same on the command line. */
  readonly command: string;
  readonly isDone: boolean;
  readonly isNext: boolean;
  readonly isBusy?: boolean;
  readonly action?: ReactNode;
  readonly note?: string | undefined;
}

function Step({ number, title, text, command, isDone, isNext, isBusy, action, note }: StepProps) {
  return (
    <li className="flex gap-3 px-4 py-3" aria-current={isNext ? 'step' : undefined}>
      <span
        aria-hidden
        className={classes(
          'mt-0.5 grid size-6 shrink-0 place-items-center rounded-full text-xs font-semibold',
          isDone ? 'bg-good-soft text-good' : isNext ? 'bg-accent text-accent-ink' : 'bg-raised text-ink-soft',
        )}
      >
        {isDone ? <Check className="size-4" /> : isBusy ? <LoaderCircle className="size-4 animate-spin" /> : number}
      </span>
      <div className="grid min-w-0 grow grid-cols-1 gap-2">
        <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
          <div className="min-w-48 flex-1">
            <h3 className={classes('font-medium', isDone && 'text-ink-soft')}>
              {title}
              {isDone && <span className="sr-only"> (done)</span>}
            </h3>
            {!isDone && <p className="mt-0.5 text-ink-soft">{text}</p>}
          </div>
          {!isDone && action}
        </div>
        {note && <p className="text-sm text-warn">{note}</p>}
        {!isDone && (
          <p className="flex max-w-full items-center gap-1">
            <code className="min-w-0 rounded bg-raised px-2 py-1 font-mono text-sm">
              {/* A line ends between words, not after a hyphen. */}
              {command.split(' ').map((word) => (
                <span key={word} className="inline-block max-w-full pr-[1ch] whitespace-pre-wrap last:pr-0">
                  {word}
                </span>
              ))}
            </code>
            <Copy text={command} label={`Copy the command: ${title}`} />
          </p>
        )}
      </div>
    </li>
  );
}
