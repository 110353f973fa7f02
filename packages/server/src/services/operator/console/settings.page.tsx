import {
  Button,
  Card,
  ErrorNote,
  type Item,
  type ListPageProps,
  Loading,
  Page,
  Reference,
  type ServicePages,
  ShowCode,
  Tag,
  Time,
  useRead,
} from '@thecloud/console';
import { useState } from 'react';
import { SettingDialog } from './setting-dialog.tsx';

export interface Setting extends Item {
  readonly name: string;
  readonly value: string;
  readonly default: string;
  readonly description: string;
  readonly updated_at?: string;
  readonly updated_by?: string;
}

const isQuota = ({ name }: Setting): boolean => name.startsWith('quota.');

/** All settings with what each does; those that are not at their default are marked. */
function SettingsPage({ service }: ListPageProps) {
  const read = useRead<readonly Setting[]>('settings.list', { limit: 200 });
  const [changing, setChanging] = useState<Setting>();
  const parts = [
    { title: 'The platform', settings: read.data?.filter((one) => !isQuota(one)) ?? [] },
    { title: 'Quotas of tenants that have none of their own', settings: read.data?.filter(isQuota) ?? [] },
  ];
  return (
    <Page
      title={service.title}
      subtitle={service.summary}
      actions={<ShowCode calls={[{ operation: 'settings.list', input: {} }]} />}
    >
      {read.error ? (
        <ErrorNote error={read.error} retry={() => void read.refetch()} />
      ) : read.isPending ? (
        <Card padded={false}>
          <Loading rows={6} />
        </Card>
      ) : (
        parts.map(({ title, settings }) => (
          <Card key={title} title={title} padded={false}>
            <ul className="divide-y divide-line">
              {settings.map((setting) => (
                <li key={setting.name} className="flex flex-wrap items-start gap-x-4 gap-y-1 px-4 py-3">
                  <div className="min-w-0 grow basis-72">
                    <p className="flex flex-wrap items-center gap-2">
                      <code className="font-mono text-sm font-medium">{setting.name}</code>
                      {setting.updated_at !== undefined && <Tag>changed</Tag>}
                    </p>
                    <p className="text-ink-soft">{setting.description}</p>
                  </div>
                  <div className="min-w-0 basis-48">
                    <p className="max-w-full truncate" title={setting.value}>
                      {setting.value === '' ? <span className="text-ink-soft">empty</span> : <bdi>{setting.value}</bdi>}
                    </p>
                    {setting.updated_at !== undefined && (
                      <p className="text-sm text-ink-soft">
                        <Time value={setting.updated_at} />
                        {setting.updated_by && (
                          <>
                            {' '}
                            by <Reference kind="operated_user" value={setting.updated_by} />
                          </>
                        )}
                        ; default: {setting.default === '' ? 'empty' : setting.default}
                      </p>
                    )}
                  </div>
                  <Button small aria-label={`Set ${setting.name}`} onClick={() => setChanging(setting)}>
                    Set
                  </Button>
                </li>
              ))}
            </ul>
          </Card>
        ))
      )}
      {changing && <SettingDialog setting={changing} onClose={() => setChanging(undefined)} />}
    </Page>
  );
}

export const pages: ServicePages = { list: SettingsPage };
