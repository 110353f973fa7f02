import {
  Button,
  Card,
  Checkbox,
  DialogActions,
  ErrorNote,
  Field,
  Input,
  type Item,
  type ListPageProps,
  Page,
  refusedMembers,
  Select,
  ShowCall,
  TextArea,
  useAct,
  useOpenList,
} from '@thecloud/console';
import { useState } from 'react';
import { NewKey } from './key-lines.tsx';
import { PermissionPicker } from './permission-picker.tsx';
import { endAfter } from './uses.ts';

const MEMBERS = ['name', 'permissions', 'all_tenants', 'cidrs', 'expires_at'];

/** A new key: what it may do, from where, how long; then the key, once, with the lines that use it. */
export function CreateKey({ service }: ListPageProps) {
  const openList = useOpenList();
  const [name, setName] = useState('');
  const [isLimited, setIsLimited] = useState(false);
  const [permissions, setPermissions] = useState<ReadonlySet<string>>(new Set());
  const [actsEverywhere, setActsEverywhere] = useState(false);
  const [networks, setNetworks] = useState('');
  const [days, setDays] = useState(0);
  const act = useAct<Item>('keys.create');
  const cidrs = networks.split(/[\s,]+/).filter(Boolean);
  // The day of the form's end, not of each stroke: the shown call stays the same while somebody types.
  const [opened] = useState(() => Date.now());
  const expires = endAfter(days, opened);
  const input = {
    name,
    ...(isLimited ? { permissions: [...permissions].sort() } : {}),
    ...(actsEverywhere && !isLimited ? { all_tenants: true } : {}),
    ...(cidrs.length > 0 ? { cidrs } : {}),
    ...(expires === undefined ? {} : { expires_at: expires }),
  };
  const refused = refusedMembers(act.error, MEMBERS);
  if (act.data)
    return (
      <Page title={`The key ${name} was created`}>
        <Card className="max-w-3xl">
          <div className="grid gap-4">
            <NewKey item={act.data} />
            <DialogActions>
              <Button look="primary" onClick={() => openList(service)}>
                I have copied it
              </Button>
            </DialogActions>
          </div>
        </Card>
      </Page>
    );
  return (
    <Page
      title="Create an API key"
      subtitle="It acts for you in this tenant. What your role loses, the key loses, too."
    >
      <Card className="max-w-3xl">
        <form
          className="grid gap-5"
          onSubmit={(event) => {
            event.preventDefault();
            act.mutate(input);
          }}
        >
          <Field label="Name" help="What it is for, so that you know it again" error={refused['name']}>
            <Input
              required
              maxLength={255}
              autoFocus
              placeholder="deploy"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </Field>
          <fieldset className="grid gap-2">
            <legend className="mb-1 font-medium">What it may do</legend>
            <Choice
              name="limit"
              checked={!isLimited}
              onChoose={() => setIsLimited(false)}
              title="Everything you may do"
              help="As your role changes, so does the key."
            />
            <Choice
              name="limit"
              checked={isLimited}
              onChoose={() => setIsLimited(true)}
              title="Only what you tick"
              help="It cannot change your user."
            />
            {!isLimited && (
              <Checkbox
                label="Let it act in all my tenants"
                checked={actsEverywhere}
                onChange={(event) => setActsEverywhere(event.target.checked)}
              />
            )}
            {isLimited && <PermissionPicker value={permissions} onChange={setPermissions} />}
            {refused['permissions'] && (
              <p role="alert" className="text-sm text-bad">
                {refused['permissions']}
              </p>
            )}
          </fieldset>
          <Field
            label="Networks"
            required={false}
            help="From where it works, one per line, such as 192.0.2.0/24. Empty: from everywhere"
            error={refused['cidrs']}
          >
            <TextArea rows={2} value={networks} onChange={(event) => setNetworks(event.target.value)} />
          </Field>
          <Field label="Expires" error={refused['expires_at']}>
            <Select value={days} onChange={(event) => setDays(Number(event.target.value))}>
              <option value={0}>Never</option>
              <option value={7}>In 7 days</option>
              <option value={30}>In 30 days</option>
              <option value={90}>In 90 days</option>
              <option value={365}>In a year</option>
            </Select>
          </Field>
          {act.error && Object.keys(refused).length === 0 && <ErrorNote error={act.error} />}
          <ShowCall operation="keys.create" input={input} />
          <DialogActions>
            <Button onClick={() => openList(service)}>Cancel</Button>
            <Button
              look="primary"
              type="submit"
              busy={act.isPending}
              disabled={name === '' || (isLimited && permissions.size === 0)}
            >
              Create the key
            </Button>
          </DialogActions>
        </form>
      </Card>
    </Page>
  );
}

function Choice({
  name,
  checked,
  onChoose,
  title,
  help,
}: {
  readonly name: string;
  readonly checked: boolean;
  readonly onChoose: () => void;
  readonly title: string;
  readonly help: string;
}) {
  return (
    <label className="flex items-start gap-2">
      <input type="radio" name={name} checked={checked} onChange={onChoose} className="mt-0.5 size-4 accent-accent" />
      <span>
        {title}
        <span className="block text-sm text-ink-soft">{help}</span>
      </span>
    </label>
  );
}
