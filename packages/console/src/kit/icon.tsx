import {
  Activity,
  Bell,
  Box,
  Building2,
  CircleUser,
  Cpu,
  Gauge,
  HardDrive,
  House,
  KeyRound,
  ListTodo,
  LockKeyhole,
  type LucideIcon,
  type LucideProps,
  Mail,
  MailPlus,
  MonitorSmartphone,
  Network,
  ScrollText,
  Server,
  Settings,
  Shield,
  ShieldCheck,
  Tags,
  Users,
} from 'lucide-react';

/** The icons that services may name, by lucide's names. One that is missing here is shown as a box; a test refuses it. */
export const ICONS: Readonly<Record<string, LucideIcon>> = {
  activity: Activity,
  bell: Bell,
  box: Box,
  'building-2': Building2,
  'circle-user': CircleUser,
  cpu: Cpu,
  gauge: Gauge,
  'hard-drive': HardDrive,
  house: House,
  'key-round': KeyRound,
  'list-todo': ListTodo,
  'lock-keyhole': LockKeyhole,
  mail: Mail,
  'mail-plus': MailPlus,
  'monitor-smartphone': MonitorSmartphone,
  network: Network,
  'scroll-text': ScrollText,
  server: Server,
  settings: Settings,
  shield: Shield,
  'shield-check': ShieldCheck,
  tags: Tags,
  users: Users,
};

export function Icon({ name, ...rest }: LucideProps & { readonly name: string }) {
  const Shown = ICONS[name] ?? Box;
  return <Shown aria-hidden className="size-4 shrink-0" {...rest} />;
}
