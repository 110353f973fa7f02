import { Box, type LucideIcon, type LucideProps } from 'lucide-react';
import { ICONS } from '../generated/icons.ts';

export const iconOf = (name: string): LucideIcon => ICONS[name] ?? Box;

/** The icon of a service, by the name in its facet. */
export function Icon({ name, ...rest }: LucideProps & { readonly name: string }) {
  const Shown = iconOf(name);
  return <Shown aria-hidden className="size-4 shrink-0" {...rest} />;
}
