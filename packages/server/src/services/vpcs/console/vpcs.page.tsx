import type { ServicePages } from '@thecloud/console';
import { CreateVpcPage } from './create.tsx';
import { VpcSummary } from './summary.tsx';

/** What a VPC's pages have in place of the derived ones. */
export const pages: ServicePages = { create: CreateVpcPage, summary: VpcSummary };
