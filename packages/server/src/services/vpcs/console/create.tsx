import {
  type Vpc,
  Button,
  type CallInput,
  Card,
  DialogActions,
  ErrorNote,
  Field,
  flawOf,
  Input,
  type ListPageProps,
  Loading,
  Page,
  parseNetwork,
  rangeOf,
  refusedMembers,
  Select,
  ShowCall,
  suggestNetwork,
  toast,
  useAct,
  useList,
  useOpenItem,
  useOpenList,
  useSchemas,
} from '@thecloud/console';
import { type FormEvent, useState } from 'react';

const CREATE = 'vpcs.create';
const MEMBERS = ['name', 'cidr_block'] as const;

/** Sizes to choose from, and whom each is for. */
const SIZES: readonly (readonly [prefix: number, words: string])[] = [
  [16, 'the usual one'],
  [20, 'a large group'],
  [24, 'a team'],
  [28, 'a handful'],
];

/** The form that creates a VPC. */
export function CreateVpcPage({ service }: ListPageProps) {
  const schema = useSchemas(CREATE)?.input;
  const vpcs = useList<Vpc>('vpcs.list');
  return (
    <Page title="Create a VPC" subtitle="A private network for instances. No packet crosses from one VPC to another.">
      {!schema || vpcs.isLoading ? (
        <Card className="max-w-3xl">
          <Loading />
        </Card>
      ) : (
        <CreateForm service={service} schema={schema} taken={vpcs.items} />
      )}
    </Page>
  );
}

function CreateForm({
  service,
  schema,
  taken,
}: ListPageProps & {
  readonly schema: NonNullable<ReturnType<typeof useSchemas>>['input'];
  readonly taken: readonly Vpc[];
}) {
  const networks = taken.map((one) => one.cidr_block);
  const [name, setName] = useState('');
  const [cidr, setCidr] = useState(() => suggestNetwork(networks) ?? '');
  const [flaws, setFlaws] = useState<Readonly<Record<string, string>>>({});
  const openItem = useOpenItem();
  const openList = useOpenList();
  const act = useAct<Vpc>(CREATE, {
    onSuccess: (made) => {
      toast(`${made.name} was created`);
      openItem(service, made.id);
    },
  });
  const network = parseNetwork(cidr);
  const range = network && rangeOf(network);
  const overlaps = network
    ? taken.filter((one) => {
        const other = parseNetwork(one.cidr_block);
        return other && other.first <= network.last && other.last >= network.first;
      })
    : [];
  const input: CallInput = { name, ...(cidr === '' ? {} : { cidr_block: cidr }) };
  const refused = act.isPending ? {} : refusedMembers(act.error, MEMBERS);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (act.isPending) return;
    const found = Object.fromEntries(
      MEMBERS.flatMap((member) => {
        const required = schema.required?.includes(member) ?? false;
        const flaw = flawOf(schema.properties?.[member] ?? {}, input[member], required);
        return flaw === undefined ? [] : [[member, flaw]];
      }),
    );
    setFlaws(found);
    if (Object.keys(found).length === 0) act.mutate(input);
  };
  return (
    <form noValidate className="grid max-w-3xl grid-cols-1 gap-4" onSubmit={submit}>
      <Card>
        <div className="grid grid-cols-1 gap-5">
          <div className="max-w-md">
            <Field label="Name" help="Unique in the tenant." error={flaws.name ?? refused.name}>
              <Input value={name} onChange={(event) => setName(event.target.value)} spellCheck={false} autoFocus />
            </Field>
          </div>
          <div className="grid max-w-md grid-cols-1 gap-3 sm:grid-cols-2">
            <Field label="Size">
              <Select
                value={SIZES.some(([prefix]) => prefix === network?.prefix) ? network?.prefix : ''}
                onChange={(event) => setCidr(suggestNetwork(networks, Number(event.target.value)) ?? cidr)}
              >
                {!SIZES.some(([prefix]) => prefix === network?.prefix) && <option value="">As written</option>}
                {SIZES.map(([prefix, words]) => (
                  <option key={prefix} value={prefix}>
                    {(2 ** (32 - prefix) - 3).toLocaleString('en')}: {words}
                  </option>
                ))}
              </Select>
            </Field>
            <Field label="Network" error={flaws.cidr_block ?? refused.cidr_block}>
              <Input
                className="font-mono"
                value={cidr}
                onChange={(event) => setCidr(event.target.value)}
                spellCheck={false}
              />
            </Field>
          </div>
          <p className="text-sm text-ink-soft" role="status">
            {range
              ? `${range.usable.toLocaleString('en')} addresses for resources, ${range.first} to ${range.last}. The router has ${range.gateway}. The size cannot be changed later.`
              : 'Write a private network such as 10.0.0.0/16: in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, from /16 to /28.'}
            {overlaps.length > 0 &&
              ` It overlaps with ${overlaps.map((one) => `${one.name} (${one.cidr_block})`).join(', ')}: that works, because VPCs are apart, but they could never be joined.`}
          </p>
        </div>
      </Card>
      {act.error && Object.keys(refused).length === 0 && <ErrorNote error={act.error} />}
      <ShowCall operation={CREATE} input={input} />
      <DialogActions>
        <Button onClick={() => openList(service)}>Cancel</Button>
        <Button look="primary" type="submit" busy={act.isPending}>
          Create
        </Button>
      </DialogActions>
    </form>
  );
}
