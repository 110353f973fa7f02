import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { useMe } from '../api/session.ts';
import { Page } from '../kit/layout.tsx';
import { Loading } from '../kit/states.tsx';
import { Tabs } from '../kit/tabs.tsx';
import { ShowCode } from './show-code.tsx';
import { PasswordTab } from './account/password.tsx';
import { ProfileTab } from './account/profile.tsx';
import { SecondFactorTab } from './account/second-factor.tsx';
import { SessionsTab } from './account/sessions.tsx';

const TABS: readonly { name: string; title: string; content: ComponentType; calls: readonly string[] }[] = [
  { name: '', title: 'Profile', content: ProfileTab, calls: ['auth.me', 'auth.update'] },
  { name: 'password', title: 'Password', content: PasswordTab, calls: ['auth.changePassword'] },
  {
    name: 'second-factor',
    title: 'Second factor',
    content: SecondFactorTab,
    calls: ['second-factor.get', 'second-factor.enrol', 'second-factor.confirm'],
  },
  { name: 'sessions', title: 'Sessions', content: SessionsTab, calls: ['sessions.list', 'sessions.endOthers'] },
];

/** The user's own account: the same in every tenant, and without one. */
export function AccountPage() {
  const me = useMe();
  const navigate = useNavigate();
  const { tab = '' } = useSearch({ strict: false });
  const shown = TABS.find(({ name }) => name === tab) ?? TABS[0]!;
  const Content = shown.content;
  return (
    <Page
      title="Your account"
      subtitle={me && <bdi>{me.email}</bdi>}
      actions={<ShowCode calls={shown.calls.map((operation) => ({ operation, input: {} }))} />}
    >
      <Tabs
        label="Parts of your account"
        tabs={TABS}
        chosen={shown.name}
        onChoose={(next) => void navigate({ to: '.', search: next === '' ? {} : { tab: next } })}
      >
        <div className="grid max-w-2xl gap-4">{me ? <Content /> : <Loading />}</div>
      </Tabs>
    </Page>
  );
}
