import { useMemo, useState } from 'react';
import { type Item, useList, useReadOn } from '../api/queries.ts';
import { type DescribedService, kindOf, serviceOf } from '../api/registry.ts';
import { useCan } from '../api/session.ts';
import { shownAmount } from '../kit/amounts.ts';
import { Combobox, fittingOptions, type Option } from './combobox.tsx';

/** Members that say little of an item to who chooses one. */
const DULL = /^(id|status|built_in|permissions)$|_(id|at)$/;
/** Most members that describe an option. */
const MOST_HINTS = 4;

/** What an item is, in a line: `2 vCPUs · 4 GB · 0.02 per hour`. */
function hintOf(item: Item, service: DescribedService | undefined): string | undefined {
  const members = service
    ? service.columns.filter((one) => one !== service.titleMember && !DULL.test(one))
    : ['description'];
  const hints = members.slice(0, MOST_HINTS).flatMap((member) => {
    const value = item[member];
    if (typeof value === 'number') return shownAmount(value, service?.units[member]);
    return typeof value === 'string' && value !== '' ? value : [];
  });
  return hints.length > 0 ? hints.join(' · ') : undefined;
}

/** The resources of a kind, to choose from. Who may not list them types an id. */
function useOptions(kind: string, isAsked: boolean) {
  const known = kindOf(kind);
  const can = useCan();
  const may = known !== undefined && can(known.list);
  const list = useList<Item>(known?.list ?? 'tenants.list', {}, { enabled: may });
  // Only who types looks through all of them.
  const { isReading } = useReadOn(list, may && isAsked);
  const options = useMemo(() => {
    if (!known || !may) return [];
    const service = serviceOf(known.service);
    // A kind may have a list besides its service's: permissions.
    const described = service?.list === known.list ? service : undefined;
    return list.items.map((item): Option => {
      const value = String(item[known.valueMember]);
      return { value, title: String(item[known.titleMember] ?? value), hint: hintOf(item, described) };
    });
  }, [known, may, list.items]);
  return { options, loading: (may && list.isPending) || isReading, noun: known?.noun ?? 'item' };
}

/** Chooses a resource of a kind by its name: type to find it, or type an id. */
export function Picker({
  kind,
  value,
  onChange,
  required,
  placeholder,
}: {
  readonly kind: string;
  readonly value: string;
  readonly onChange: (value: string | undefined) => void;
  readonly required: boolean;
  readonly placeholder?: string | undefined;
}) {
  /** Undefined: nothing was typed since the value was chosen. */
  const [typed, setTyped] = useState<string>();
  const { options, loading, noun } = useOptions(kind, typed !== undefined && typed !== '');
  const chosen = options.find((one) => one.value === value);
  const text = value === '' ? (typed ?? '') : (typed ?? chosen?.title ?? value);
  return (
    <Combobox
      text={text}
      placeholder={placeholder ?? (required ? `Choose a ${noun}, or type its id` : 'None')}
      options={typed === undefined ? options : fittingOptions(options, typed)}
      loading={loading}
      none={`No ${noun} fits; what you typed is sent as it is`}
      onText={(next) => {
        setTyped(next);
        const meant = options.find((one) => one.title === next.trim());
        onChange(meant?.value ?? (next.trim() || undefined));
      }}
      onPick={(option) => {
        setTyped(undefined);
        onChange(option.value);
      }}
    />
  );
}
