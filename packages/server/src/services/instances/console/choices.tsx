import {
  type QuotaUsage,
  classes,
  ErrorNote,
  Loading,
  operationOf,
  useList,
  useRead,
  useTenant,
} from '@thecloud/console';
import type { ReactNode } from 'react';
import type { InstanceType } from './shown.ts';
import { countOf, memoryOf } from './words.ts';

const IMAGE_WORDS: Readonly<Record<string, string>> = {
  busybox:
    'One small program with the usual commands. Starts at once and needs little: for first tries, and for programs without libraries.',
  'debian/12': 'A whole Debian with systemd, apt and OpenSSH. For everything else.',
};

/** Hours of a month of 365 ÷ 12 days. */
const MONTH = 730;

function Options({
  legend,
  error,
  children,
}: {
  readonly legend: string;
  readonly error: string | undefined;
  readonly children: ReactNode;
}) {
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 font-medium">{legend}</legend>
      {children}
      {error && (
        <p role="alert" className="text-sm text-bad">
          {error}
        </p>
      )}
    </fieldset>
  );
}

/** One of several things to choose from, as large as what is said about it. */
function Option({
  name,
  value,
  chosen,
  disabled,
  onChoose,
  className,
  children,
}: {
  readonly name: string;
  readonly value: string;
  readonly chosen: boolean;
  readonly disabled?: boolean;
  readonly onChoose: (value: string) => void;
  readonly className?: string;
  readonly children: ReactNode;
}) {
  return (
    <label
      className={classes(
        'flex gap-3 rounded-md border p-3 has-focus-visible:outline-2 has-focus-visible:outline-accent',
        chosen ? 'border-accent bg-accent-soft' : 'border-line',
        disabled ? 'cursor-not-allowed' : 'cursor-pointer hover:border-line-strong',
        className,
      )}
    >
      <input
        type="radio"
        name={name}
        value={value}
        checked={chosen}
        disabled={disabled}
        onChange={() => onChoose(value)}
        className="mt-0.5 size-4 shrink-0 accent-accent outline-none"
      />
      {children}
    </label>
  );
}

export function ImageChoice({
  images,
  value,
  error,
  onChange,
}: {
  readonly images: readonly string[];
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (image: string) => void;
}) {
  return (
    <Options legend="Image" error={error}>
      <div className="grid gap-2 sm:grid-cols-2">
        {images.map((image) => (
          <Option key={image} name="image" value={image} chosen={image === value} onChoose={onChange}>
            <span>
              <span className="block font-medium">{image}</span>
              <span className="mt-0.5 block text-sm text-ink-soft">{IMAGE_WORDS[image]}</span>
            </span>
          </Option>
        ))}
      </div>
    </Options>
  );
}

/** The instance types with what they hold and cost, and what is left of the quotas. One that does not fit says why. */
export function TypeChoice({
  value,
  error,
  onChange,
}: {
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (type: string) => void;
}) {
  const types = useList<InstanceType>('instance-types.list');
  const quotas = useRead<readonly QuotaUsage[]>('quotas.list', {}, { enabled: useTenant() !== undefined }).data ?? [];
  if (types.error) return <ErrorNote error={types.error} retry={() => void types.refetch()} />;
  if (types.isPending) return <Loading rows={4} />;
  const leftOf = (resource: string) => {
    const found = quotas.find((one) => one.resource === resource);
    return found ? found.max - found.used : Number.POSITIVE_INFINITY;
  };
  const obstacleOf = (type: InstanceType): string | undefined => {
    if (leftOf('vcpus') < type.vcpus) return `Your quota has ${countOf(Math.max(0, leftOf('vcpus')), 'vCPU')} left`;
    if (leftOf('memory_mb') < type.memory_mb)
      return `Your quota has ${memoryOf(Math.max(0, leftOf('memory_mb')))} of memory left`;
    if (leftOf('storage_gb') < type.disk_gb)
      return `Your quota has ${Math.max(0, leftOf('storage_gb'))} GB of disk left`;
    return undefined;
  };
  const sorted = [...types.items].sort(
    (one, other) => one.price_per_hour - other.price_per_hour || one.memory_mb - other.memory_mb,
  );
  const tracks = 'sm:grid sm:grid-cols-[9rem_4.5rem_5.5rem_5rem_7rem_1fr] sm:items-baseline sm:gap-x-4';
  return (
    <Options legend="Instance type" error={error}>
      <div aria-hidden className={classes('hidden pr-3 pl-10 text-xs text-ink-soft', tracks)}>
        <span>Type</span>
        <span className="text-right">vCPUs</span>
        <span className="text-right">Memory</span>
        <span className="text-right">Disk</span>
        <span className="text-right">Network</span>
        <span className="text-right">Price</span>
      </div>
      <div className="grid gap-1.5">
        {sorted.map((type) => {
          const obstacle = obstacleOf(type);
          return (
            <Option
              key={type.id}
              name="instance_type"
              value={type.id}
              chosen={type.id === value}
              disabled={obstacle !== undefined}
              onChoose={onChange}
              className="py-2!"
            >
              <span className={classes('grow tabular-nums', tracks)}>
                <span className="block font-medium">{type.id}</span>
                <Amount text={String(type.vcpus)} unit={type.vcpus === 1 ? 'vCPU' : 'vCPUs'} />
                <Amount text={memoryOf(type.memory_mb)} unit="memory" />
                <Amount text={`${type.disk_gb} GB`} unit="disk" />
                <Amount
                  text={type.network_mbps > 0 ? `${type.network_mbps} Mbit/s` : 'unlimited'}
                  unit="network"
                  last
                />
                <span className="block text-sm sm:text-right">
                  {obstacle ? (
                    <span className="text-warn">{obstacle}</span>
                  ) : type.price_per_hour === 0 ? (
                    <span className="text-ink-soft">no price</span>
                  ) : (
                    <>
                      {type.price_per_hour} an hour{' '}
                      <span className="whitespace-nowrap text-ink-soft">
                        ≈ {(type.price_per_hour * MONTH).toFixed(2)} a month
                      </span>
                    </>
                  )}
                </span>
              </span>
            </Option>
          );
        })}
      </div>
      <Left quotas={quotas} taken={types.items.find((one) => one.id === value)} />
    </Options>
  );
}

/** A number with its unit: in a column whose heading says the unit, and in a line on a narrow screen. */
function Amount({ text, unit, last }: { readonly text: string; readonly unit: string; readonly last?: boolean }) {
  return (
    <span className="text-sm sm:text-right">
      {text}
      <span className="sm:sr-only">
        {' '}
        {unit}
        {!last && ' · '}
      </span>
    </span>
  );
}

const NOUNS: Readonly<Record<string, string>> = {
  instances: 'Instances',
  vcpus: 'vCPUs',
  memory_mb: 'Memory',
  storage_gb: 'Disk',
};

/** What the launch leaves of the quotas. */
function Left({ quotas, taken }: { readonly quotas: readonly QuotaUsage[]; readonly taken: InstanceType | undefined }) {
  const needs: Readonly<Record<string, number>> = {
    instances: 1,
    vcpus: taken?.vcpus ?? 0,
    memory_mb: taken?.memory_mb ?? 0,
    storage_gb: taken?.disk_gb ?? 0,
  };
  const rows = (operationOf('instances.launch').uses ?? []).flatMap(({ resource, noun }) => {
    const quota = quotas.find((one) => one.resource === resource);
    return quota && quota.max > 0 ? [{ ...quota, noun, need: needs[resource] ?? 0 }] : [];
  });
  if (rows.length === 0) return null;
  return (
    <div className="mt-1 grid gap-x-6 gap-y-2 sm:grid-cols-2 lg:grid-cols-4">
      {rows.map(({ resource, noun, used, max, need }) => {
        const after = used + need;
        const say = (amount: number) =>
          resource === 'memory_mb'
            ? memoryOf(amount)
            : `${Math.max(0, amount)}${resource === 'storage_gb' ? ' GB' : ''}`;
        return (
          <div key={resource} className="grid gap-1">
            <p className="text-sm text-ink-soft">
              {NOUNS[resource] ?? noun}: {say(after)} of {say(max)} with this one
            </p>
            <div aria-hidden className="flex h-1.5 overflow-hidden rounded-full bg-raised">
              <span className="bg-line-strong" style={{ width: `${Math.min(100, (used / max) * 100)}%` }} />
              <span
                className={after > max ? 'bg-bad' : 'bg-accent'}
                style={{ width: `${Math.max(0, Math.min(100 - (used / max) * 100, (need / max) * 100))}%` }}
              />
            </div>
          </div>
        );
      })}
    </div>
  );
}
