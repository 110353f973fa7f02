import {
  Card,
  ErrorNote,
  type Item,
  ItemLink,
  type ListPageProps,
  Page,
  type Role,
  ServiceLink,
  type ServicePages,
  ShowCode,
  Table,
  Tabs,
  Tag,
  useCan,
  useKey,
  useList,
  useOpenItem,
  useTab,
} from '@thecloud/console';
import { Plus } from 'lucide-react';
import { Compare } from './compare.tsx';
import { CreateRole } from './create-role.tsx';
import type { Binding } from './holders.tsx';
import { RoleActions } from './role-actions.tsx';
import { RoleSummary } from './role-summary.tsx';

/** The roles of the tenant, and a comparison of two. */
function RolesPage({ service }: ListPageProps) {
  const can = useCan();
  const openItem = useOpenItem();
  const [tab, open] = useTab();
  const list = useList<Role & Item>('roles.list');
  const bindings = useList<Binding>('roles.bindings', {}, { enabled: can('roles.bindings') });
  const mayCreate = can('roles.create');
  useKey('c', () => openItem(service, 'new'), mayCreate);
  const roles = list.items.toSorted(
    (one, other) => Number(one.built_in) - Number(other.built_in) || one.name.localeCompare(other.name),
  );
  const holders = (name: string) => bindings.items.filter(({ role }) => role === name).length;
  return (
    <Page
      title="Roles"
      subtitle="A role is what its members may do. Five are built in; add your own for what your team needs."
      actions={
        <>
          <ShowCode calls={[{ operation: 'roles.list', input: {} }]} />
          {mayCreate && (
            <ServiceLink service="roles" id="new" look="primary">
              <Plus className="size-4" aria-hidden />
              Create a role
            </ServiceLink>
          )}
        </>
      }
    >
      <Tabs
        label="Parts of the page"
        tabs={[
          { name: '', title: 'Roles' },
          { name: 'compare', title: 'Compare' },
        ]}
        chosen={tab === 'compare' ? tab : ''}
        onChoose={open}
      >
        {list.error ? (
          <ErrorNote error={list.error} retry={() => void list.refetch()} />
        ) : tab === 'compare' ? (
          <Compare roles={roles} />
        ) : (
          <Card padded={false}>
            <Table
              label="Roles"
              items={roles}
              keyOf={({ id }) => id}
              loading={list.isPending || list.isFetchingNextPage}
              onEnd={list.readOn}
              columns={[
                {
                  key: 'name',
                  title: 'Name',
                  width: 'minmax(10rem, 1fr)',
                  render: (role) => (
                    <span className="flex min-w-0 items-center gap-2" title={role.name}>
                      <span className="min-w-0 truncate">
                        <ItemLink service={service} item={role} />
                      </span>
                      {role.built_in && <Tag>built in</Tag>}
                    </span>
                  ),
                },
                {
                  key: 'description',
                  title: 'Description',
                  width: 'minmax(12rem, 2fr)',
                  render: ({ description }) => (
                    <bdi className="text-ink-soft" title={description}>
                      {description || '–'}
                    </bdi>
                  ),
                },
                {
                  key: 'permissions',
                  title: 'Permissions',
                  width: '8rem',
                  numeric: true,
                  render: ({ permissions }) => (permissions.includes('*') ? 'all' : permissions.length),
                },
                ...(can('roles.bindings')
                  ? [
                      {
                        key: 'members',
                        title: 'Members',
                        width: '7rem',
                        numeric: true,
                        render: ({ name }: Role) => holders(name),
                      },
                    ]
                  : []),
              ]}
            />
          </Card>
        )}
      </Tabs>
    </Page>
  );
}

export const pages: ServicePages = {
  list: RolesPage,
  create: CreateRole,
  summary: RoleSummary,
  actions: RoleActions,
  // The page has these itself.
  fits: (operation) => operation !== 'roles.update' && operation !== 'roles.delete',
};
