import {
  ConfirmDialog,
  DeleteDialog,
  type DescribedService,
  ErrorNote,
  IconButton,
  Input,
  Card,
  type Item,
  ItemLink,
  Menu,
  MenuItem,
  Reference,
  RoleSelect,
  Table,
  Tag,
  Time,
  toast,
  useAct,
  useCan,
  type useList,
  useMe,
} from '@thecloud/console';
import { Ellipsis, Search } from 'lucide-react';
import { useState } from 'react';
import { LeaveDialog } from './leave-dialog.tsx';

export interface Member extends Item {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly joined_at: string;
}

/** The members, each with a role that is changed in place. */
export function MemberTable({
  service,
  list,
}: {
  readonly service: DescribedService;
  readonly list: ReturnType<typeof useList<Member>>;
}) {
  const me = useMe();
  const can = useCan();
  const [text, setText] = useState('');
  const [removing, setRemoving] = useState<Member>();
  const [leaving, setLeaving] = useState(false);
  /** The change of the user's own role, which may be the last that they can make. */
  const [stepping, setStepping] = useState<string>();
  const change = useAct<Member>('members.update', {
    onSuccess: (member) => toast(`${member.name} is ${member.role} now`),
  });
  const mayChange = can('members.update');
  const wanted = text.trim().toLowerCase();
  const shown = wanted
    ? list.items.filter(({ name, email, role }) =>
        [name, email, role].some((one) => one.toLowerCase().includes(wanted)),
      )
    : list.items;
  const choose = (member: Member, role: string) =>
    member.id === me?.id ? setStepping(role) : change.mutate({ member: member.id, role });
  return (
    <Card padded={false}>
      <div className="flex flex-wrap items-center gap-3 border-b border-line p-2">
        <div className="relative w-64 max-w-full">
          <Search aria-hidden className="absolute top-2 left-2.5 size-4 text-ink-soft" />
          <Input
            type="search"
            aria-label="Filter members"
            placeholder="Filter"
            className="pl-8"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        {!mayChange && (
          <p className="text-sm text-ink-soft">
            Your role may see the members, but not change them. An owner or an admin can.
          </p>
        )}
      </div>
      {(change.error ?? list.error) && (
        <div className="p-3">
          <ErrorNote error={change.error ?? list.error} retry={change.error ? undefined : () => void list.refetch()} />
        </div>
      )}
      <Table
        label="Members"
        items={shown}
        keyOf={({ id }) => id}
        loading={list.isPending || list.isFetchingNextPage}
        onEnd={list.readOn}
        columns={[
          {
            key: 'name',
            title: 'Name',
            width: 'minmax(10rem, 2fr)',
            render: (member) => (
              <span className="flex min-w-0 items-center gap-2" title={member.name}>
                <span className="min-w-0 truncate">
                  <ItemLink service={service} item={member}>
                    <bdi>{member.name}</bdi>
                  </ItemLink>
                </span>
                {member.id === me?.id && <Tag>you</Tag>}
              </span>
            ),
          },
          {
            key: 'email',
            title: 'E-mail address',
            width: 'minmax(12rem, 2fr)',
            render: ({ email }) => <bdi title={email}>{email}</bdi>,
          },
          {
            key: 'role',
            title: 'Role',
            width: '12rem',
            render: (member) =>
              mayChange ? (
                <RoleSelect
                  label={`Role of ${member.name}`}
                  value={member.role}
                  busy={change.isPending && change.variables['member'] === member.id}
                  onChange={(role) => choose(member, role)}
                />
              ) : (
                <Reference kind="role" value={member.role} />
              ),
          },
          { key: 'joined_at', title: 'Joined', render: (member) => <Time value={member.joined_at} /> },
        ]}
        rowActions={(member) => {
          const isSelf = member.id === me?.id;
          const mayRemove = can('members.remove') && !isSelf;
          if (!mayRemove && !isSelf) return null;
          return (
            <Menu
              trigger={
                <IconButton label={`Actions on ${member.name}`}>
                  <Ellipsis className="size-4" />
                </IconButton>
              }
            >
              {isSelf ? (
                <MenuItem danger onSelect={() => setLeaving(true)}>
                  Leave the tenant
                </MenuItem>
              ) : (
                <MenuItem danger onSelect={() => setRemoving(member)}>
                  Remove from the tenant
                </MenuItem>
              )}
            </Menu>
          );
        }}
      />
      {removing && (
        <DeleteDialog service={service} item={removing} leave={false} onClose={() => setRemoving(undefined)} />
      )}
      {leaving && <LeaveDialog onClose={() => setLeaving(false)} />}
      {stepping !== undefined && me && (
        <ConfirmDialog
          title={`Become ${stepping}?`}
          verb={`Become ${stepping}`}
          operation="members.update"
          input={{ member: me.id, role: stepping }}
          onClose={() => setStepping(undefined)}
          onDone={() => {
            setStepping(undefined);
            toast(`You are ${stepping} now`);
          }}
        >
          <p>
            You change your own role. If the new one may not change members, only somebody else can give you the old one
            back.
          </p>
        </ConfirmDialog>
      )}
    </Card>
  );
}
