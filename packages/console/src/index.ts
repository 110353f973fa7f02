// What the pages of services are made of: packages/server/src/services/*/console import this and nothing else of ours.
// The wire, as the SDK has it: generated from the operations.
export type {
  AuditPublicKey,
  AuditRetention,
  CronJob,
  CronRun,
  CronTimes,
  ExecResult,
  Host,
  Instance,
  InstanceType,
  OperatedSession,
  OperatedTenant,
  OperatedUser,
  Permission,
  Published,
  PublishedTo,
  Queue,
  QueueMessage,
  QueueMoveTask,
  QueueStats,
  Quota,
  QuotaUsage,
  RevealedSecret,
  Secret,
  SecretVersion,
  StuckWork,
  Subscription,
  Vpc,
  WaitingMail,
  WorkOfKind,
} from '@thecloud/sdk';
export { call, CloudApiError, CloudConnectionError, listPage, transport } from './api/client.ts';
export { useDropTenant, useKeepTenant } from './api/keep-tenant.ts';
export { type LiveEvent, onEvent } from './api/live.ts';
export { allows, lacking } from './api/permissions.ts';
export {
  type Input as CallInput,
  type Item,
  sentenceOf,
  useAct,
  useList,
  useRead,
  useReadOn,
  useRefresh,
} from './api/queries.ts';
export { createReadings } from './api/readings.ts';
export { type DescribedService, operationOf, serviceOf, services } from './api/registry.ts';
export { type Role } from './api/roles.ts';
export { type Schema } from './api/schema.ts';
export { type Me, type Tenant, useCan, useMe, useTenant } from './api/session.ts';
export { useSchemas } from './api/use-schemas.ts';
export { RoleSelect } from './form/role-select.tsx';
export { refusedMembers, SchemaForm } from './form/schema-form.tsx';
export { KeyValues } from './form/key-values.tsx';
export { flawOf } from './form/values.ts';
export { Button, ButtonLink, IconButton } from './kit/button.tsx';
export { addressOf, numberOf, parseNetwork, rangeOf, suggestNetwork } from './kit/cidr.ts';
export { classes } from './kit/classes.ts';
export { type Command, useCommands } from './kit/commands.ts';
export { Code, type Snippet } from './kit/code.tsx';
export { Copy, Mono, shortId } from './kit/copy.tsx';
export { Dialog, DialogActions } from './kit/dialog.tsx';
export { Checkbox, Field, Input, Select, TextArea } from './kit/field.tsx';
export { Icon } from './kit/icon.tsx';
export { useKey } from './kit/keys.ts';
export { Card, Fact, Facts, Page } from './kit/layout.tsx';
export { measureOf } from './kit/measure.ts';
export { Menu, MenuItem, MenuLabel, MenuSeparator } from './kit/menu.tsx';
export { Meter } from './kit/meter.tsx';
export { Empty, ErrorNote, Loading, Skeleton } from './kit/states.tsx';
export { Status, Tag, toneOf } from './kit/status.tsx';
export { Chart, LogView, Terminal } from './kit/lazy.tsx';
export { type Column, Table } from './kit/table.tsx';
export { Tabs } from './kit/tabs.tsx';
export { Time } from './kit/time.tsx';
export { toast } from './kit/toast.tsx';
export { titleOf, Value } from './kit/value.tsx';
export { shownAmount, shownDuration, shownSize } from './kit/amounts.ts';
export { Actor, type AuditItem, AuditTable, EventTable } from './pages/activity.tsx';
export { Answer } from './pages/answer.tsx';
export { columnsOf } from './pages/columns.tsx';
export { ConfirmDialog } from './pages/confirm-dialog.tsx';
export type { ItemProps, ListPageProps, ServicePages } from './pages/custom.ts';
export { DeleteDialog } from './pages/delete-dialog.tsx';
export { Members } from './pages/members.tsx';
export { Related } from './pages/related.tsx';
export { ActDialog, ItemActions } from './pages/item-actions.tsx';
export { FilterBar } from './pages/filter-bar.tsx';
export { wordsOf } from './pages/happened.ts';
export { useHoldPage } from './pages/held.ts';
export { ItemTable } from './pages/item-table.tsx';
export { ItemLink, Reference } from './pages/links.tsx';
export { ListPage } from './pages/list.tsx';
export { ServiceLink } from './pages/service-link.tsx';
export { ShowCall } from './pages/show-call.tsx';
export { ShowCode } from './pages/show-code.tsx';
export { useOpenItem, useOpenList } from './pages/verbs.ts';
export { useListFilters } from './pages/use-list-filters.ts';
export { useSearchWord, useTab } from './pages/use-tab.ts';
export { usePlatformStatus } from './shell/status.ts';
