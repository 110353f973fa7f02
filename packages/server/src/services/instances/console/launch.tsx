import {
  type Vpc,
  Button,
  type CallInput,
  Card,
  Dialog,
  DialogActions,
  ErrorNote,
  Field,
  flawOf,
  Input,
  KeyValues,
  type ListPageProps,
  Loading,
  Page,
  refusedMembers,
  SchemaForm,
  Select,
  ShowCall,
  suggestNetwork,
  Tag,
  toast,
  useAct,
  useCan,
  useList,
  useOpenItem,
  useOpenList,
  useSchemas,
} from '@thecloud/console';
import { type FormEvent, useRef, useState } from 'react';
import { ImageChoice, TypeChoice } from './choices.tsx';
import type { Instance } from './shown.ts';
import { freeName, splitWords } from './words.ts';

const LAUNCH = 'instances.launch';
const MEMBERS = ['name', 'image', 'instance_type', 'vpc_id', 'env', 'cmd', 'labels', 'metadata'] as const;
type Member = (typeof MEMBERS)[number];
type Flaws = Readonly<Partial<Record<Member, string | undefined>>>;

/** The form that launches an instance. */
export function LaunchPage({ service }: ListPageProps) {
  const schema = useSchemas(LAUNCH)?.input;
  const instances = useList<Instance>('instances.list');
  const vpcs = useList<Vpc>('vpcs.list', {}, { enabled: useCan()('vpcs.list') });
  // The form begins with what is free, so it waits for what is taken.
  const isReading = !schema || instances.isLoading || vpcs.isLoading;
  return (
    <Page
      title="Launch an instance"
      subtitle="It starts in a second or two. You can change your mind: delete it whenever you want."
    >
      {isReading ? (
        <Card>
          <Loading rows={6} />
        </Card>
      ) : (
        <LaunchForm
          service={service}
          schema={schema}
          suggestion={freeName(instances.items.map(({ name }) => name))}
          vpcs={vpcs.items}
        />
      )}
    </Page>
  );
}

type Schema = NonNullable<ReturnType<typeof useSchemas>>['input'];

function LaunchForm({
  service,
  schema,
  suggestion,
  vpcs,
}: ListPageProps & { readonly schema: Schema; readonly suggestion: string; readonly vpcs: readonly Vpc[] }) {
  const can = useCan();
  const members = schema.properties ?? {};
  const images = (members.image?.examples ?? []) as readonly string[];
  const [name, setName] = useState(suggestion);
  const [image, setImage] = useState(images[0] ?? '');
  const [type, setType] = useState(String(members.instance_type?.default ?? ''));
  const [vpc, setVpc] = useState(vpcs[0]?.id ?? '');
  const [env, setEnv] = useState<Readonly<Record<string, string>>>({});
  const [labels, setLabels] = useState<Readonly<Record<string, string>>>({});
  const [metadata, setMetadata] = useState<Readonly<Record<string, string>>>({});
  const [command, setCommand] = useState('');
  const [flaws, setFlaws] = useState<Flaws>({});
  const [makesVpc, setMakesVpc] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const openItem = useOpenItem();
  const openList = useOpenList();
  const act = useAct<Instance>(LAUNCH, {
    onSuccess: (made) => {
      toast(`${made.name} is starting`);
      openItem(service, made.id);
    },
  });

  const words = splitWords(command);
  const filled = (value: object) => Object.keys(value).length > 0;
  const input: CallInput = {
    name,
    image,
    ...(type ? { instance_type: type } : {}),
    ...(vpc ? { vpc_id: vpc } : {}),
    ...(filled(env) ? { env: Object.entries(env).map(([key, value]) => `${key}=${value}`) } : {}),
    ...(words && words.length > 0 ? { cmd: words } : {}),
    ...(filled(labels) ? { labels } : {}),
    ...(filled(metadata) ? { metadata } : {}),
  };
  const refused = act.isPending ? {} : (refusedMembers(act.error, MEMBERS) as Flaws);
  const flawIn = (member: Member) => flaws[member] ?? refused[member];
  const edit =
    <T,>(member: Member, set: (value: T) => void) =>
    (value: T) => {
      set(value);
      setFlaws((before) => ({ ...before, [member]: undefined }));
    };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (act.isPending) return;
    const found: Partial<Record<Member, string>> = {};
    for (const member of MEMBERS) {
      const flaw = flawOf(members[member] ?? {}, input[member], (schema.required ?? []).includes(member));
      if (flaw !== undefined) found[member] = flaw;
    }
    if (words === undefined) found.cmd = 'A quote is not closed';
    setFlaws(found);
    const first = MEMBERS.find((member) => found[member]);
    if (first === undefined) return act.mutate(input);
    const part = form.current?.querySelector(`[data-member="${first}"]`);
    part?.closest('details')?.setAttribute('open', '');
    part?.querySelector<HTMLElement>('input, select, button')?.focus();
  };

  return (
    <>
      <form ref={form} noValidate className="grid max-w-4xl grid-cols-1 gap-4" onSubmit={submit}>
        <Card className="grid">
          <div className="grid gap-5">
            <div data-member="name" className="max-w-md">
              <Field
                label="Name"
                help="Letters, digits, - and _. Its host name derives from it."
                error={flawIn('name')}
              >
                <Input
                  value={name}
                  onChange={(event) => edit('name', setName)(event.target.value)}
                  onFocus={(event) => event.target.select()}
                  spellCheck={false}
                  autoFocus
                />
              </Field>
            </div>
            <div data-member="image">
              <ImageChoice images={images} value={image} error={flawIn('image')} onChange={edit('image', setImage)} />
            </div>
            <div data-member="instance_type">
              <TypeChoice value={type} error={flawIn('instance_type')} onChange={edit('instance_type', setType)} />
            </div>
            <div data-member="vpc_id" className="max-w-md">
              <Field
                label="VPC"
                error={flawIn('vpc_id')}
                help={
                  vpc
                    ? 'Instances in one VPC reach each other by name, and the internet. Nobody reaches them from outside.'
                    : 'Without a VPC the instance has no network. You still reach it by its terminal.'
                }
              >
                <Select value={vpc} onChange={(event) => edit('vpc_id', setVpc)(event.target.value)}>
                  {vpcs.map((one) => (
                    <option key={one.id} value={one.id}>
                      {one.name} ({one.cidr_block})
                    </option>
                  ))}
                  <option value="">No network</option>
                </Select>
              </Field>
              {can('vpcs.create') && (
                <Button small className="mt-2" onClick={() => setMakesVpc(true)}>
                  Create a VPC
                </Button>
              )}
            </div>
          </div>
        </Card>
        <details className="rounded-lg border border-line bg-surface">
          <summary className="cursor-pointer px-4 py-3 font-medium select-none">
            More: variables, command, labels
          </summary>
          <div className="grid gap-5 border-t border-line p-4">
            <div data-member="env">
              <KeyValues
                label="Environment variables"
                help="The first process gets them. Members who may only read do not see them."
                value={env}
                error={flawIn('env')}
                onChange={(value) => edit('env', setEnv)(value ?? {})}
              />
            </div>
            <div data-member="cmd">
              <Field
                label="Command"
                required={false}
                help="Runs instead of the image's own first process. No shell interprets it; for one, write sh -c '…'."
                error={flawIn('cmd')}
              >
                <Input
                  className="font-mono"
                  value={command}
                  placeholder="sh -c 'while true; do date; sleep 1; done'"
                  onChange={(event) => edit('cmd', setCommand)(event.target.value)}
                  spellCheck={false}
                />
              </Field>
              {words && words.length > 0 && (
                <p className="mt-1.5 flex flex-wrap items-center gap-1 text-sm text-ink-soft">
                  {words.length === 1 ? 'One word:' : `${words.length} words:`}
                  {words.map((word, index) => (
                    <Tag key={index}>
                      <span className="font-mono">{word || "''"}</span>
                    </Tag>
                  ))}
                </p>
              )}
            </div>
            <div data-member="labels">
              <KeyValues
                label="Labels"
                help="To find and group instances: tier = web."
                value={labels}
                error={flawIn('labels')}
                onChange={(value) => edit('labels', setLabels)(value ?? {})}
              />
            </div>
            <div data-member="metadata">
              <KeyValues
                label="Metadata"
                help="Your own notes for programs. The platform only keeps them."
                value={metadata}
                error={flawIn('metadata')}
                onChange={(value) => edit('metadata', setMetadata)(value ?? {})}
              />
            </div>
          </div>
        </details>
        {act.error && Object.keys(refused).length === 0 && <ErrorNote error={act.error} />}
        <ShowCall operation={LAUNCH} input={input} />
        <DialogActions>
          <Button onClick={() => openList(service)}>Cancel</Button>
          <Button look="primary" type="submit" busy={act.isPending}>
            Launch
          </Button>
        </DialogActions>
      </form>
      {makesVpc && (
        <VpcDialog
          taken={vpcs}
          onClose={() => setMakesVpc(false)}
          onMade={(made) => {
            setMakesVpc(false);
            edit('vpc_id', setVpc)(made.id);
          }}
        />
      )}
    </>
  );
}

/** Creates a VPC without leaving the form. */
function VpcDialog({
  taken,
  onClose,
  onMade,
}: {
  readonly taken: readonly Vpc[];
  readonly onClose: () => void;
  readonly onMade: (made: Vpc) => void;
}) {
  const schema = useSchemas('vpcs.create')?.input;
  const act = useAct<Vpc>('vpcs.create', { onSuccess: onMade });
  const network = suggestNetwork(taken.map((one) => one.cidr_block));
  return (
    <Dialog open onClose={onClose} title="Create a VPC">
      {schema ? (
        <SchemaForm
          operation="vpcs.create"
          schema={schema}
          members={['name', 'cidr_block']}
          initial={{
            name: freeName(
              taken.map((one) => one.name),
              'net',
            ),
            ...(network ? { cidr_block: network } : {}),
          }}
          intro={<p className="text-ink-soft">A private network. The suggested addresses overlap with no other VPC.</p>}
          submitLabel="Create"
          busy={act.isPending}
          error={act.error}
          onSubmit={(input) => act.mutate(input)}
          onCancel={onClose}
        />
      ) : (
        <Loading />
      )}
    </Dialog>
  );
}
