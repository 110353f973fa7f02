import {
  type WaitingMail,
  ActDialog,
  Button,
  Card,
  Empty,
  ErrorNote,
  type Item,
  type ListPageProps,
  Page,
  Reference,
  type ServicePages,
  ShowCode,
  Table,
  Time,
  useList,
  shortId,
} from '@thecloud/console';
import { useState } from 'react';

type Mail = Item & WaitingMail;

/** Mails that no server sends. What one says is shown once, so its dialog outlives the row, which goes as soon as the mail is taken. */
function MailsPage({ service }: ListPageProps) {
  const list = useList<Mail>('admin-mails.list');
  const [taking, setTaking] = useState<Mail>();
  return (
    <Page
      title={service.title}
      subtitle="Mails that this platform cannot send. Take one to read it, and pass it on to the person whom it is for."
      actions={<ShowCode calls={[{ operation: 'admin-mails.list', input: {} }]} />}
    >
      <Card padded={false}>
        {list.error ? (
          <div className="p-3">
            <ErrorNote error={list.error} retry={() => void list.refetch()} />
          </div>
        ) : !list.isPending && list.items.length === 0 ? (
          <Empty title="No mail waits">
            With a mail server, mails leave at once: set CLOUD_SMTP_URL and CLOUD_MAIL_FROM. Without one they wait here
            for 24 hours.
          </Empty>
        ) : (
          <Table
            label="Waiting mails"
            items={list.items}
            keyOf={({ id }) => id}
            loading={list.isPending || list.isFetchingNextPage}
            onEnd={list.readOn}
            columns={[
              { key: 'created_at', title: 'Written', render: ({ created_at }) => <Time value={created_at} /> },
              {
                key: 'tenant_id',
                title: 'From',
                render: ({ tenant_id }) =>
                  tenant_id ? <Reference kind="operated_tenant" value={tenant_id} /> : 'the platform',
              },
              { key: 'expires_at', title: 'Deleted', render: ({ expires_at }) => <Time value={expires_at} /> },
              {
                key: 'id',
                title: 'Id',
                render: ({ id }) => (
                  <code className="font-mono text-sm" title={id}>
                    {shortId(id)}
                  </code>
                ),
              },
              {
                key: 'take',
                title: '',
                width: '6rem',
                render: (mail) => (
                  <Button small aria-label={`Take the mail ${shortId(mail.id)}`} onClick={() => setTaking(mail)}>
                    Take
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Card>
      {taking && (
        <ActDialog service={service} item={taking} operation="admin-mails.take" onClose={() => setTaking(undefined)} />
      )}
    </Page>
  );
}

export const pages: ServicePages = {
  list: MailsPage,
  // On the mail's own page, the text would go with the page as soon as the mail is taken.
  fits: (operation) => operation !== 'admin-mails.take',
};
