import {
  Button,
  call,
  Card,
  ErrorNote,
  type ItemProps,
  lacking,
  type Role,
  ShowCall,
  Tag,
  toast,
  useCan,
  useMe,
  useRefresh,
  useTenant,
} from '@thecloud/console';
import { useState } from 'react';
import { Holders } from './holders.tsx';
import { Matrix } from './matrix.tsx';
import { callOf, changesOf } from './permissions.ts';
import { Words } from './words.tsx';

/** Most permissions that a sentence names. */
const MOST_NAMED = 5;

/** What a role may do, as a matrix that is changed in place, in words, and who has it. */
export function RoleSummary({ item }: ItemProps) {
  const role = item as unknown as Role;
  const can = useCan();
  const held = useMe()?.permissions ?? [];
  const missing = lacking(held, role.permissions);
  const mayChange = can('roles.update') && !role.built_in && missing.length === 0;
  return (
    <div className="grid min-w-0 gap-4">
      <Card>
        <div className="grid gap-2">
          {role.description && <p>{<bdi>{role.description}</bdi>}</p>}
          <p className="flex flex-wrap items-center gap-2 text-ink-soft">
            {role.built_in ? (
              <>
                <Tag>built in</Tag> Every tenant has it, and nobody can change it. Duplicate it to make your own.
              </>
            ) : mayChange ? (
              'Tick what the role may do. It takes effect within a second for everybody who has the role.'
            ) : missing.length > 0 && can('roles.update') ? (
              `You cannot change it, because it has permissions that you do not have: ${missing.slice(0, MOST_NAMED).join(', ')}${missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : ''}.`
            ) : (
              'Your role may not change roles.'
            )}
          </p>
        </div>
      </Card>
      <Card title="Permissions" padded={false}>
        {mayChange ? <Editor role={role} held={held} /> : <Matrix value={new Set(role.permissions)} held={held} />}
      </Card>
      <Card title="In words">
        <Words permissions={role.permissions} />
      </Card>
      <Holders role={role} mayGive={missing.length === 0} />
    </div>
  );
}

function Editor({ role, held }: { readonly role: Role; readonly held: readonly string[] }) {
  const tenant = useTenant();
  const refresh = useRefresh();
  // What the user has changed, and not all of the role: what somebody else saves in between stays.
  const [draft, setDraft] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const after = new Set([
    ...role.permissions.filter((one) => draft.get(one) !== false),
    ...[...draft].filter(([, on]) => on).map(([one]) => one),
  ]);
  const { added, removed } = changesOf(role.permissions, after);
  const next = callOf(role.id, role.permissions, after);
  const save = async () => {
    if (!next) return;
    setBusy(true);
    setError(undefined);
    try {
      // The whole of the permissions is replaced only where nobody else has changed them in between.
      const ifMatch = next.operation === 'roles.update' ? role.version : undefined;
      await call(next.operation, next.input, { tenantId: tenant?.id, ifMatch });
      toast(`The role ${role.name} is changed`);
      setDraft(new Map());
      refresh('roles');
      refresh('auth');
    } catch (failure) {
      setError(failure);
      refresh('roles');
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Matrix
        value={after}
        held={held}
        onChange={(permission, on) => setDraft((before) => new Map(before).set(permission, on))}
      />
      {next && (
        <div className="sticky bottom-0 grid gap-2 rounded-b-lg border-t border-line bg-surface p-3">
          {error !== undefined && <ErrorNote error={error} />}
          <div className="flex flex-wrap items-center gap-2">
            <p role="status" className="min-w-0 grow">
              {[added.length > 0 && `adds ${added.join(', ')}`, removed.length > 0 && `removes ${removed.join(', ')}`]
                .filter(Boolean)
                .join('; ')
                .replace(/^./, (first) => first.toUpperCase())}
            </p>
            <Button onClick={() => setDraft(new Map())}>Discard</Button>
            <Button look="primary" busy={busy} onClick={() => void save()}>
              Save
            </Button>
          </div>
          <ShowCall operation={next.operation} input={next.input} />
        </div>
      )}
    </>
  );
}
